"""`fatecloud explain`: what a finding code means, how to confirm it, what to do."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def explain(
    code: Annotated[str | None, typer.Argument(help="A finding code, for example SERVICE_STOPPED.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--list", help="One line per code: code, severity, meaning.")] = False,
) -> int:
    """Explain a finding code, or list them all."""
    from fatecloud.errors import UsageError  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.codes import codes_list  # noqa: PLC0415
    from fatecloud.report.commands import typed  # noqa: PLC0415
    from fatecloud.report.look import line_width  # noqa: PLC0415
    from fatecloud.workflow.explain import codes, runbook  # noqa: PLC0415

    if everything == (code is not None):
        raise UsageError("name one code, or use --list", remedy="fatecloud explain --list")
    typer.echo(typed(runbook(code)) if code is not None else codes_list(codes(), line_width(sys.stdout)))
    return 0
