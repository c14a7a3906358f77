"""`fatecloud logs`: what services wrote on all nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.given import session_given

if TYPE_CHECKING:
    from fatecloud.report.logs import Entry


def logs(
    selectors: o.Selectors = None,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    job: Annotated[
        str | None, typer.Option("--job", help="Logs of this job, from every party that you manage.", metavar="ID")
    ] = None,
    output: o.Format = o.TABLE,
    since: Annotated[
        str | None, typer.Option("--since", help="10m, 2h, 1d, '2026-11-25 19:30' or 2026-11-25T19:30Z.")
    ] = None,
    grep: Annotated[str | None, typer.Option("--grep", help="Only entries that match this regular expression.")] = None,
    level: Annotated[
        str | None, typer.Option("--level", help="Lowest level: debug, info, warning, error or critical.")
    ] = None,
    owner: o.Owner = None,
    node: o.NodeName = None,
    component: o.Component = None,
    limit: o.ReadLimit = None,
    deadline: o.Deadline = 30.0,
    lines: Annotated[
        int | None, typer.Option("--lines", "-n", help="Entries per service; 200, or 5000 with --since or --job.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show new entries until Ctrl-C.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Also show what healthy services write all the time.")
    ] = False,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Show the logs of services on all their nodes, in order of time. Secrets are not shown."""
    import time  # noqa: PLC0415 - keeps --help fast
    from functools import partial  # noqa: PLC0415

    from fatecloud.model.selection import select  # noqa: PLC0415
    from fatecloud.plain import plain_lines  # noqa: PLC0415
    from fatecloud.report.commands import typed  # noqa: PLC0415
    from fatecloud.report.envelope import document_text  # noqa: PLC0415
    from fatecloud.report.logs import entry_document, record_text  # noqa: PLC0415
    from fatecloud.workflow.deployed import require_deployed  # noqa: PLC0415
    from fatecloud.workflow.logs import of_job, question_of, show_logs  # noqa: PLC0415

    question = question_of(
        since=since, grep=grep, level=level, lines=lines, now=time.time(), job=job, deadline=deadline
    )
    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    keys = select(session.resolved, o.selection(selectors, owner, node, component), limit or ())
    services = tuple(session.desired.services[key] for key in keys)
    if job is not None:
        services = of_job(services, job)

    shown = False

    def show(entry: Entry) -> None:
        nonlocal shown
        shown = True
        if output is o.TABLE:
            typer.echo(session.redact(record_text(entry.service, entry.lines, entry.file if job else "")))
        else:
            typer.echo(document_text("LogEntry", entry_document(entry, session.redact), output, stream=True))

    session.access.logins.ask([session.cluster.nodes[name] for name in sorted({one.id.node for one in services})])
    if follow:
        require_deployed(session, keys, deadline)
    try:
        status = show_logs(
            session.desired,
            partial(session.access.connect, seconds=deadline),
            services,
            question,
            show,
            lambda text: typer.echo(typed(plain_lines(f"fatecloud: {text}")), err=True),
            noisy=everything,
            follow=follow,
        )
    except KeyboardInterrupt:
        if follow:
            return 0  # Ctrl-C is the normal end of --follow
        raise
    if status == 0 and not shown:
        require_deployed(session, keys, deadline)
    return status
