"""The inventory's JSON Schema (draft 2020-12), for editors and pipelines, from the declarations that read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.components.registry import all_components
from fatecloud.inventory.schema import inventory_section
from fatecloud.model.component import Component


def json_schema(components: Mapping[str, Component] | None = None) -> dict[str, Any]:
    """The schema. It covers shapes, words and ranges; only `inventory validate` compares different parts of the file.

    Args:
        components: all components; by default those of `fatecloud/components`.
    """
    known = all_components() if components is None else components
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:fatecloud:inventory:v1",
        "title": "fatecloud inventory, version 1",
        **inventory_section(known).schema(),
    }
