"""What `plan` and `deploy --dry-run` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from fatecloud.cli import options as o

if TYPE_CHECKING:
    from fatecloud.workflow.deploy_options import DeployOptions
    from fatecloud.workflow.options import Options


def show_forecast(
    options: Options, wanted: DeployOptions, *, output: o.Output, deadline: float, full: bool, detailed: bool
) -> int:
    """Print what a deploy with these options would do, and return the exit status.

    Args:
        full: whether to show each file by itself and each difference in full.
        detailed: whether to return 2 if there is something to do.
    """
    import os  # noqa: PLC0415 - keeps --help fast
    import sys  # noqa: PLC0415

    from fatecloud.report.commands import typed  # noqa: PLC0415
    from fatecloud.report.envelope import document_text  # noqa: PLC0415
    from fatecloud.report.forecast import forecast_text  # noqa: PLC0415
    from fatecloud.report.look import look_of  # noqa: PLC0415
    from fatecloud.report.plan_document import plan_document  # noqa: PLC0415
    from fatecloud.workflow.forecast import forecast_deploy  # noqa: PLC0415

    def note(line: str) -> None:
        typer.echo(typed(f"note: {line}"), err=True)

    forecast = forecast_deploy(options, wanted, note, deadline)
    if output is o.TABLE:
        typer.echo(forecast_text(forecast, look_of(sys.stdout, os.environ), full=full))
    else:
        typer.echo(document_text("DeployPlan", plan_document(forecast), output))
    if forecast.exit_status:
        return forecast.exit_status
    return 2 if detailed and forecast.plan and not forecast.plan.empty else 0
