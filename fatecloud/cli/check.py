"""`fatecloud check`: is the cluster deployed correctly, and does it run correctly."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.again import wait_for_it, watch_it
from fatecloud.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fatecloud.model.desired import Desired
    from fatecloud.model.finding import Report
    from fatecloud.model.mute import Mute
    from fatecloud.workflow.export import Exporter
    from fatecloud.workflow.session import Session


def check(
    selectors: o.Selectors = None,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    owner: o.Owner = None,
    node: o.NodeName = None,
    component: o.Component = None,
    limit: o.ReadLimit = None,
    deadline: o.Deadline = o.DEADLINE,
    save_facts: Annotated[
        Path | None, typer.Option("--save-facts", help="Save everything that was read to this file, without secrets.")
    ] = None,
    facts: Annotated[
        Path | None, typer.Option("--facts", help="Judge what an earlier check saved; read no node.")
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", help="Write what was seen to this file for a partner: pseudonyms, no logs, signed."),
    ] = None,
    for_: Annotated[
        str | None,
        typer.Option("--for", metavar="PARTY", help="The partner that --export is for; default: the only peer."),
    ] = None,
    exposures: Annotated[
        bool, typer.Option("--exposures", help="Show what the software leaves open to others; no effect on the status.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again and again; show what changes until Ctrl-C.")
    ] = False,
    wait_healthy: Annotated[
        bool, typer.Option("--wait-healthy", help="Check until all is healthy and nothing settles, then show it.")
    ] = False,
    timeout: Annotated[
        str | None, typer.Option("--timeout", help="Give up --wait-healthy after this time; default: 10m.")
    ] = None,
    every: Annotated[
        str | None, typer.Option("--every", help="Pause between two checks; default: 30s, with --wait-healthy 5s.")
    ] = None,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Check every service on every node. Exits 0 healthy, 1 warnings, 2 critical, 3 unknown or nothing checked."""
    from functools import partial  # noqa: PLC0415 - keeps --help fast

    from fatecloud.model.selection import select  # noqa: PLC0415
    from fatecloud.workflow.check import check_cluster, facts_now, saved_facts  # noqa: PLC0415
    from fatecloud.workflow.load import load_session  # noqa: PLC0415
    from fatecloud.workflow.observe import observe  # noqa: PLC0415
    from fatecloud.workflow.options import Options  # noqa: PLC0415

    _refuse_contradictions((watch, wait_healthy), facts or save_facts or export, timeout, every)
    session = load_session(
        Options(inventory, secrets, vault_password_file, state_dir, None, accept_new_host_keys), need_secrets=False
    )
    selection = o.selection(selectors, owner, node, component)
    keys = None if selection.empty and not limit else select(session.resolved, selection, limit or ())
    writer = _writer(session, export, for_, whole=keys is None)
    # A saved file contains no secrets, and is often judged by someone who does not have the vault password.
    redact = str if facts is not None else session.redact

    def desired() -> Desired:
        """Called while the nodes work, so it also loads the modules that are needed afterwards."""
        import fatecloud.report.document  # noqa: PLC0415
        import fatecloud.report.table  # noqa: PLC0415
        import fatecloud.workflow.departed  # noqa: F401, PLC0415

        return session.desired

    def mutes() -> Sequence[Mute]:
        """Called when the nodes have answered. Facts that were saved are judged in full, wherever they are judged."""
        from fatecloud.workflow.mute import mutes_of  # noqa: PLC0415

        return () if facts is not None else mutes_of(inventory)

    def once() -> Report:
        read = (
            partial(saved_facts, facts, session.cluster, take=session.take)
            if facts is not None
            else partial(
                observe,
                session,
                nodes=limit or (),
                deadline=deadline,
                want=facts_now(session.state) if save_facts is None else (),
                limited=True,
            )
        )
        state = None if facts is not None else session.state
        return check_cluster(
            desired, read, redact, selected=keys, save=save_facts, state=state, mutes=mutes, export=writer
        )

    if watch:
        return watch_it(once, output, every, inventory, exposures=exposures)
    report, status = wait_for_it(once, every, timeout) if wait_healthy else (once(), None)
    from fatecloud.report.document import report_document  # noqa: PLC0415
    from fatecloud.report.envelope import document_text  # noqa: PLC0415
    from fatecloud.report.look import look_of  # noqa: PLC0415
    from fatecloud.report.table import table  # noqa: PLC0415

    if output is o.TABLE:
        typer.echo(table(report, look_of(sys.stdout, os.environ), exposures=exposures))
    else:
        typer.echo(document_text("CheckReport", report_document(report), output))
    if writer is not None:
        typer.echo(writer.text, err=True)
    if facts is None:
        from fatecloud.report.commands import typed  # noqa: PLC0415
        from fatecloud.workflow.departed import departed_notes  # noqa: PLC0415

        for line in departed_notes(session):
            typer.echo(typed(f"note: {line}"), err=True)
    return report.exit_status if status is None else status


def _writer(session: Session, file: Path | None, partner: str | None, *, whole: bool) -> Exporter | None:
    """What writes the export, if one was asked for. It is made before the nodes are read: its questions come first."""
    if file is None:
        if partner is not None:
            raise UsageError("--for is for --export")
        return None
    if not whole:
        raise UsageError("--export is of the whole cluster: a cause may be outside of a selection")
    from fatecloud.workflow.export import exporter  # noqa: PLC0415 - keeps --help fast

    return exporter(session, file, partner)


def _refuse_contradictions(again: tuple[bool, bool], file: Path | None, timeout: str | None, every: str | None) -> None:
    watch, wait_healthy = again
    if watch and wait_healthy:
        raise UsageError("--watch and --wait-healthy exclude each other: one goes on, the other ends")
    if (watch or wait_healthy) and file is not None:
        raise UsageError(
            "--facts, --save-facts and --export are for one check: use them without --watch and --wait-healthy"
        )
    if timeout and not wait_healthy:
        raise UsageError("--timeout is for --wait-healthy")
    if every and not (watch or wait_healthy):
        raise UsageError("--every is for --watch and --wait-healthy")
