"""Finding codes for people: the list, and the reference page."""

from __future__ import annotations

from collections.abc import Iterable

from fatecloud.model.check import Code
from fatecloud.report.kinds.finding import FindingCode, FindingCodeList
from fatecloud.report.wrap import table


def codes_list(codes: Iterable[Code], width: int) -> str:
    """Code, severity, one sentence; one line per code if the width allows it."""
    return "\n".join(table([(code.name, code.severity, code.sentence) for code in codes], width))


def codes_document(codes: Iterable[Code]) -> FindingCodeList:
    """All codes as a document for programs."""
    return {"items": [{"code": code.name, "severity": code.severity, "meaning": code.sentence} for code in codes]}


def code_document(code: Code, runbook: str) -> FindingCode:
    """One code with its page, as a document for programs."""
    return {"code": code.name, "severity": code.severity, "meaning": code.sentence, "runbook": runbook}


def codes_page(codes: Iterable[Code]) -> str:
    """The reference page in Markdown."""
    rows = [f"| [{c.name}](../runbooks/{c.name}.md) | {c.severity} | {c.sentence} |" for c in codes]
    head = (
        "# Finding codes",
        "",
        "Generated from the code. A code is never renamed and never used for something else.",
        "The severity is the usual one; a finding can have another one if its page says so.",
        "",
        "| code | severity | meaning |",
        "|---|---|---|",
    )
    return "\n".join((*head, *rows)) + "\n"
