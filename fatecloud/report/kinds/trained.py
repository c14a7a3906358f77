"""Trained models that are carried between environments: of `model`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fatecloud.report.kinds.base import Count, Key, Rule


class ModelStepDocument(TypedDict):
    """One change at one service."""

    service: Key
    what: Annotated[str, Rule(enum=["load", "bind"])]
    model: Annotated[str, "Id of the model, the same at all parties."]
    version: str
    role: str
    party: str
    size: Annotated[Count, "Bytes that are loaded; 0 for `bind`."]
    before: Annotated[str | None, "For `bind`: version that the service id led to; null for none."]


class ModelChangeDocument(TypedDict):
    """`fatecloud model import` and `back`: what was done, or would be."""

    what: Annotated[str, Rule(enum=["import", "back"])]
    service: Annotated[str, "Service id; empty for none."]
    done: Annotated[bool, "Whether the steps were made; false for a dry run, and where nothing was to do."]
    steps: list[ModelStepDocument]
    notes: Annotated[list[str], "Sentences: what else a prediction needs."]
