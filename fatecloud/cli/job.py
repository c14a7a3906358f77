"""`fatecloud job`: the jobs of all parties."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.given import session_given
from fatecloud.cli.shown import present
from fatecloud.cli.verb import Group

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fatecloud.model.job_report import JobReport
    from fatecloud.workflow.session import Session

    _Texts = tuple[
        Callable[[JobReport, int], str], Callable[[JobReport], str], Callable[[JobReport], Mapping[str, object]]
    ]
    """How a report is shown as a table, as CSV and as a document."""

app = Group()

_Job = Annotated[str, typer.Argument(metavar="ID", help="Id of a job, which is the same at all of its parties.")]

_Numbers = Annotated[
    o.Numbers, typer.Option("--output", "-o", help="table for people, csv for spreadsheets, json or yaml for programs.")
]
_Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Also draw what was recorded per iteration into this file, as SVG."),
]


@app.command("list")
def list_(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    owner: o.Owner = None,
    status: Annotated[
        list[str] | None, typer.Option("--status", help="Only jobs with this status, for example waiting; repeatable.")
    ] = None,
    newest: Annotated[int, typer.Option("--newest", "-n", min=1, max=200, help="How many jobs at most.")] = 20,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Show the newest jobs of all parties."""
    from fatecloud.report.job import jobs_document, jobs_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.job_look import list_jobs  # noqa: PLC0415

    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    page = list_jobs(session, owners=owner or (), status=status or (), newest=newest, deadline=deadline)
    present("JobList", output, lambda width: jobs_text(page, width), lambda: jobs_document(page))
    return 3 if page.unknown else 0


@app.command()
def show(
    job: _Job,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Show a job: its sides and tasks, and where and why it failed first."""
    from fatecloud.report.job import job_document, job_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.job_id import job_id  # noqa: PLC0415
    from fatecloud.workflow.job_look import show_job  # noqa: PLC0415

    wanted = job_id(job)
    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    report = show_job(session, wanted, deadline)
    present("Job", output, lambda width: job_text(report, width), lambda: job_document(report))
    return 3 if report.unknown else 0


@app.command()
def why(
    job: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Id of a job that waits; default: all that wait.")
    ] = None,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Show who has which cores since when, which jobs wait, and what keeps the first of a queue from its start."""
    import time  # noqa: PLC0415 - keeps --help fast

    from fatecloud.report.ledger import ledger_document, ledger_text  # noqa: PLC0415
    from fatecloud.workflow.job_id import job_id  # noqa: PLC0415
    from fatecloud.workflow.job_look import explain_jobs  # noqa: PLC0415

    wanted = job_id(job) if job else None
    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    ledger, report = explain_jobs(session, wanted, deadline, time.sleep)
    present(
        "JobLedger",
        output,
        lambda width: ledger_text(ledger, wanted, report, width),
        lambda: ledger_document(ledger, wanted, report),
    )
    return 3 if ledger.unknown else 0


@app.command()
def metrics(
    job: _Job,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: _Numbers = o.Numbers.table,
    plot: _Plot = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Show every number that a job's tasks recorded: AUC, KS, loss per iteration, rows."""
    from fatecloud.report import figures  # noqa: PLC0415 - keeps --help fast

    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    report = _measured(session, job, deadline)
    texts = (figures.metrics_text, figures.metrics_csv, figures.metrics_document)
    return _numbers(report, "JobMetricList", output, plot, texts)


@app.command()
def summary(
    job: _Job,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: _Numbers = o.Numbers.table,
    plot: _Plot = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Show a job's result in short: how long its tasks took, and the newest value of each number."""
    from fatecloud.report import figures  # noqa: PLC0415 - keeps --help fast

    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    report = _measured(session, job, deadline)
    texts = (figures.summary_text, figures.summary_csv, figures.summary_document)
    return _numbers(report, "JobSummary", output, plot, texts)


@app.command()
def stop(
    job: _Job,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    yes: o.Yes = False,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> None:
    """End a job at all of its parties, and wait for its end. Asks first, and says what is lost."""
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.job_end import stop_job  # noqa: PLC0415
    from fatecloud.workflow.job_id import job_id  # noqa: PLC0415

    wanted = job_id(job)
    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    with Console() as console:
        ask = None if yes else console.confirm
        stop_job(session, wanted, confirm=ask, events=console, deadline=deadline, argv=tuple(sys.argv))


@app.command()
def clean(
    job: _Job,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    yes: o.Yes = False,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Delete what your parties keep of a job that has ended: metrics, models, output data. Asks first."""
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.job_end import clean_job  # noqa: PLC0415
    from fatecloud.workflow.job_id import job_id  # noqa: PLC0415

    wanted = job_id(job)
    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    with Console() as console:
        ask = None if yes else console.confirm
        return clean_job(session, wanted, confirm=ask, events=console, deadline=deadline, argv=tuple(sys.argv))


def _measured(session: Session, job: str, deadline: float) -> JobReport:
    from fatecloud.workflow.job_figures import measured  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.job_id import job_id  # noqa: PLC0415

    return measured(session, job_id(job), deadline)


def _numbers(report: JobReport, kind: str, output: o.Numbers, plot: Path | None, texts: _Texts) -> int:
    """Print them in the form that was asked for, and draw them."""
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.look import line_width  # noqa: PLC0415
    from fatecloud.report.plot import draw  # noqa: PLC0415

    text, csv, document = texts
    if plot is not None:
        draw(report, plot)
    if output is o.Numbers.table:
        typer.echo(text(report, line_width(sys.stdout)))
    elif output is o.Numbers.csv:
        typer.echo(csv(report))
    else:
        typer.echo(document_text(kind, document(report), output))
    return 3 if report.unknown else 0
