"""How verbs show what they found: as text for people, or as one document for programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from fatecloud.cli import options as o

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fatecloud.report.console import Console


def present(
    kind: str,
    output: o.Output | o.Numbers,
    text: Callable[[int], str],
    document: Callable[[], Mapping[str, object]],
    console: Console | None = None,
) -> None:
    """Write to standard output what was asked for; an empty text is not written.

    Args:
        kind: of the document, one of `report.kinds.published.KINDS`.
        output: the form that was asked for.
        text: makes the text, for a width in characters.
        document: makes the fields of the document.
        console: what shows the run, where one does: it keeps its status line out of the way.
    """
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.look import line_width  # noqa: PLC0415

    if output != o.TABLE.value:
        (console.write if console else typer.echo)(document_text(kind, document(), output))
    elif shown := text(line_width(sys.stdout)):
        (console.say if console else typer.echo)(shown)
