"""The output formats of a check, by name. Each gives text; the exit status is the report's own, whatever the format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fatecloud.model.finding import Report
from fatecloud.report.document import document
from fatecloud.report.look import Look
from fatecloud.report.table import table

FORMATS: Mapping[str, Callable[[Report, Look], str]] = MappingProxyType({"table": table, "json": document})
