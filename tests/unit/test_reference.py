"""The pages that people write say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fatecloud import errors
from fatecloud.cli.main import BROKEN_PIPE_STATUS
from fatecloud.model.finding import Finding, Report, Subject

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("how-to/*.md"))]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)")


def subclasses(kind: type[errors.FatecloudError]) -> set[type[errors.FatecloudError]]:
    return {kind}.union(*(subclasses(below) for below in kind.__subclasses__()))


def report(*severities: str) -> Report:
    findings = tuple(
        Finding(code="X", severity=severity, subject=Subject(), symptom="")  # type: ignore[arg-type]
        for severity in severities
    )
    return Report("c", 0.0, 0.0, passed=1, findings=findings, skipped=())


def test_the_exit_statuses_are_those_of_the_code() -> None:
    page = (DOCS / "reference" / "exit-status.md").read_text()
    told = {int(status) for status in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    raised = {kind.exit_status for kind in subclasses(errors.FatecloudError) if kind.__module__ == errors.__name__}
    judged = {report(*found).exit_status for found in ((), ("warning",), ("critical",), ("unknown",))}
    assert judged == {0, 1, 2, 3}
    assert told == raised | judged | {BROKEN_PIPE_STATUS}


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn = re.findall(r"^[ |`-]*(\w+) +(?:exit )?(\d+)\b", errors.__doc__ or "", re.MULTILINE)
    real = {kind.__name__: kind.exit_status for kind in subclasses(errors.FatecloudError)}
    own = {name: status for name, status in real.items() if hasattr(errors, name)}
    assert {name: int(status) for name, status in drawn} == own


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    local = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []
