"""Renders templates with typed values into files, with placeholders for secrets."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import traceback
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import yaml
from yaml.representer import SafeRepresenter

from fatecloud.errors import FatecloudError
from fatecloud.model.desired import DesiredFile
from fatecloud.model.service import FileSpec
from fatecloud.render.placeholders import as_properties, as_xml, names, placeholder


def _to_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _to_yaml(value: Any) -> str:
    return str(yaml.safe_dump(value, allow_unicode=True, default_flow_style=False, sort_keys=False, width=1000))


def _to_yaml_scalar(value: Any) -> str:
    """A scalar that every YAML parser reads as exactly this value. JSON is valid YAML."""
    if isinstance(value, float):
        # JSON's 1e-06 is a text to a parser of YAML 1.1.
        return str(SafeRepresenter().represent_float(value).value)
    if isinstance(value, (str, int, bool)) or value is None:
        return json.dumps(value, ensure_ascii=False)
    raise TypeError(f"to_yaml_scalar is for scalars, not for {type(value).__name__}")


def _to_sh(value: Any) -> str:
    """One word of a POSIX shell, or several for a list."""
    if isinstance(value, (list, tuple)):
        return shlex.join(str(word) for word in value)
    return shlex.quote(str(value))


def _to_systemd(value: Any) -> str:
    """One quoted word of a unit file: specifiers and variables are taken literally."""
    # systemd expands `%` in all settings, and `$` in commands.
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"'


def _of_java(value: Any) -> str:
    """Text of a value as Java's parsers take it: `true` and not `True`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _to_properties(value: Any) -> str:
    """The value of a key in a file of Java's `Properties`."""
    return as_properties(_of_java(value))


def _to_xml(value: Any) -> str:
    """Text between two tags, or inside the quotes of an attribute. Raises ValueError for what XML cannot contain."""
    return as_xml(_of_java(value))


def _to_xml_comment(value: Any) -> str:
    """Text of an XML comment, in which no two hyphens may meet; `<!-- {{ stamp | to_xml_comment }} -->`."""
    return re.sub("-(?=-|$)", "- ", as_xml(str(value)))


FILTERS = {
    "to_json": _to_json,
    "to_yaml": _to_yaml,
    "to_yaml_scalar": _to_yaml_scalar,
    "to_sh": _to_sh,
    "to_systemd": _to_systemd,
    "to_properties": _to_properties,
    "to_xml": _to_xml,
    "to_xml_comment": _to_xml_comment,
}


@cache
def _environment(templates: Path) -> jinja2.Environment:
    """One environment for all services, so that a template that thirty of them share is compiled once."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        # A misspelt name would leave an empty value in a file, and the service would start with its default.
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - configuration files, not HTML
    )
    environment.filters.update(FILTERS)
    environment.globals["secret"] = lambda name, encoding="raw": placeholder(name, encoding)
    return environment


def _line(error: BaseException, templates: Path) -> str:
    """`name:line` of the innermost template frame of an error, or an empty string."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{error.name}:{error.lineno}"
    places = [
        f"{Path(frame.filename).relative_to(templates)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(templates)
    ]
    return places[-1] if places else ""


def render_specs(specs: Iterable[FileSpec], service_key: str, templates: Path) -> tuple[DesiredFile, ...]:
    """Render the files of one service (or of a node).

    Args:
        specs: the files that the component wants.
        service_key: key of the service, or `node`.
        templates: directory of the templates.

    Returns:
        The files in the order of `specs`.

    Raises:
        FatecloudError: a template is missing or wrong; names template, line and variable.
    """
    environment = _environment(templates)
    return tuple(_render(environment, spec, service_key, templates) for spec in specs)


def _render(environment: jinja2.Environment, spec: FileSpec, service_key: str, templates: Path) -> DesiredFile:
    try:
        text = environment.get_template(spec.template).render(spec.values)
    except jinja2.TemplateNotFound as error:
        raise FatecloudError(f"{service_key}: {spec.path}: there is no template {error.name}") from error
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        where = _line(error, templates) or spec.template
        raise FatecloudError(f"{service_key}: {spec.path}: template {where}: {error}") from error
    if spec.kept and names(text):
        raise FatecloudError(f"{service_key}: {spec.path}: earlier versions are kept of it, and it holds a secret")
    return DesiredFile(
        path=spec.path,
        text=text,
        mode=spec.mode,
        owner=spec.owner,
        service=service_key,
        restarts=spec.restarts,
        kept=spec.kept,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )
