"""The inventory's JSON Schema (draft 2020-12), for editors and pipelines, from the declarations that read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.components.registry import all_components
from fatecloud.inventory.schema import inventory_section
from fatecloud.model.component import Component


def json_schema(components: Mapping[str, Component] | None = None) -> dict[str, Any]:
    """The schema. It knows shapes, words and ranges; what spans several places only `inventory validate` knows.

    Args:
        components: the components that there are; those of `fatecloud/components` unless given.
    """
    known = all_components() if components is None else components
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:fatecloud:inventory:v1",
        "title": "fatecloud inventory, version 1",
        **inventory_section(known).schema(),
    }
