"""The pages that people write say what the code does."""

from __future__ import annotations

import re
import shlex
import signal
from pathlib import Path
from typing import Any

import pytest
from typer import Exit
from typer.main import get_group

from fatecloud import errors
from fatecloud.cli.main import BROKEN_PIPE_STATUS, UNFORESEEN_STATUS
from fatecloud.cli.verbs import app
from fatecloud.model.finding import Finding, Report, Subject

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("how-to/*.md"))]
RUNBOOKS = sorted(DOCS.glob("runbooks/*.md"))
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
    listed = {int(status) for status in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    raised = {kind.exit_status for kind in subclasses(errors.FatecloudError) if kind.__module__ == errors.__name__}
    judged = {report(*found).exit_status for found in ((), ("warning",), ("critical",), ("unknown",))}
    assert judged == {0, 1, 2, 3}
    assert listed == raised | judged | {BROKEN_PIPE_STATUS, UNFORESEEN_STATUS, 128 + signal.SIGTERM}


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn = re.findall(r"^[ |`-]*(\w+) +(?:exit )?(\d+)\b", errors.__doc__ or "", re.MULTILINE)
    real = {kind.__name__: kind.exit_status for kind in subclasses(errors.FatecloudError)}
    own = {name: status for name, status in real.items() if hasattr(errors, name)}
    assert {name: int(status) for name, status in drawn} == own


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    local = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def commands(page: Path) -> list[str]:
    """Every command line of ours that a page shows, in blocks and in the text."""
    prose, *rest = page.read_text().split("```")
    blocks, prose = rest[::2], "".join([prose, *rest[1::2]])
    lines = re.findall(r"^(?:    )?(fatecloud .+)$", "\n".join(blocks), re.MULTILINE)
    return [
        *lines,
        *re.findall(r"^    (fatecloud .+)$", prose, re.MULTILINE),
        *re.findall(r"`(fatecloud [^`]+)`", prose),
    ]


@pytest.mark.parametrize("page", [*PAGES, *RUNBOOKS], ids=lambda path: path.stem)
def test_the_commands_that_pages_show_are_understood(page: Path) -> None:
    for line in commands(page):
        shown = re.split(r" [|>] ", line)[0]
        words = shlex.split(re.sub(r"[][]", "", shown), comments=True)[1:]
        command: Any = get_group(app)
        while hasattr(command, "commands") and words and not words[0].startswith("-"):
            command = command.get_command(None, words.pop(0))
            assert command is not None, line
        try:
            if words:
                command.make_context("fatecloud", words)
        except Exit:
            pass  # --help, --version
        except Exception as error:  # noqa: BLE001 - where these errors live depends on the version of Typer
            pytest.fail(f"{line}: {error}")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_row_of_a_table_has_the_cells_of_its_head(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        cells = [len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()]
        assert set(cells) == {cells[0]}, next(
            line for line, n in zip(block.splitlines(), cells, strict=True) if n != cells[0]
        )
