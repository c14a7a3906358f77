"""`fatecloud explain`: what a finding code means, how to confirm it, what to do."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fatecloud.cli import options as o


def explain(
    code: Annotated[str | None, typer.Argument(help="A finding code, for example SERVICE_STOPPED.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--list", help="One line per code: code, severity, meaning.")] = False,
    output: o.Format = o.TABLE,
) -> int:
    """Explain a finding code, or list them all."""
    from fatecloud.errors import UsageError  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.codes import code_document, codes_document, codes_list  # noqa: PLC0415
    from fatecloud.report.commands import typed  # noqa: PLC0415
    from fatecloud.report.envelope import document_text  # noqa: PLC0415
    from fatecloud.report.look import line_width  # noqa: PLC0415
    from fatecloud.workflow.explain import codes, explained  # noqa: PLC0415

    if everything == (code is not None):
        raise UsageError("name one code, or use --list", remedy="fatecloud explain --list")
    if code is None and output is o.TABLE:
        typer.echo(codes_list(codes(), line_width(sys.stdout)))
    elif code is None:
        typer.echo(document_text("FindingCodeList", codes_document(codes()), output))
    else:
        found, page = explained(code)
        typed_page = typed(page)
        document = code_document(found, typed_page)
        typer.echo(typed_page if output is o.TABLE else document_text("FindingCode", document, output))
    return 0
