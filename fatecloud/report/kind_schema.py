"""The JSON Schema of everything that `-o json` prints, made from the types of `report/kinds/`."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from fatecloud.model.api import API_VERSION
from fatecloud.report.kinds.published import KINDS

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def output_schema() -> dict[str, Any]:
    """The schema of all kinds, in draft 2020-12."""
    definitions: dict[str, Any] = {}
    kinds = []
    for kind, hints in KINDS.items():
        body = _object(hints, definitions)
        head = {"apiVersion": {"const": API_VERSION}, "kind": {"const": kind}}
        body |= {"title": kind, "properties": head | body["properties"], "required": [*head, *body["required"]]}
        kinds.append(body)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:fatecloud:output:v1",
        "title": "fatecloud output, version 1",
        "description": "What `-o json` and `-o yaml` print. Within a version, fields and kinds may be added, but none "
        "is removed, renamed or changed in meaning.",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "oneOf": kinds,
        "$defs": dict(sorted(definitions.items())),
    }


def _object(hints: type, definitions: dict[str, Any]) -> dict[str, Any]:
    fields = typing.get_type_hints(hints, include_extras=True)
    return {
        "description": " ".join((inspect.getdoc(hints) or "").split()),
        "type": "object",
        "properties": {name: _schema(hint, definitions) for name, hint in fields.items()},
        "required": list(fields),
        "additionalProperties": False,
    }


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    build = _BUILDERS.get(get_origin(hint))
    if build:
        return build(get_args(hint), definitions)
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    definitions.setdefault(hint.__name__, _object(hint, definitions))
    return {"$ref": f"#/$defs/{hint.__name__}"}


def _annotated(arguments: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    schema = _schema(arguments[0], definitions)
    for extra in arguments[1:]:
        schema |= {"description": extra} if isinstance(extra, str) else extra.keywords
    return schema


def _union(arguments: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [_schema(argument, definitions) for argument in arguments]}


def _mapping(arguments: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    value = arguments[1]
    return {"type": "object", "additionalProperties": True if value is Any else _schema(value, definitions)}


_BUILDERS: Mapping[Any, Callable[[tuple[Any, ...], dict[str, Any]], dict[str, Any]]] = {
    Annotated: _annotated,
    Literal: lambda arguments, _: {"enum": list(arguments)},
    Union: _union,
    types.UnionType: _union,
    list: lambda arguments, definitions: {"type": "array", "items": _schema(arguments[0], definitions)},
    dict: _mapping,
}
"""Origin of a type hint -> builder of its schema."""
