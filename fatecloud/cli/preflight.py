"""`fatecloud preflight`: what must be true before a deployment."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.errors import UsageError

if TYPE_CHECKING:
    from fatecloud.workflow.options import Options


def preflight(
    selectors: o.NodeSelectors = None,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    limit: o.Limit = None,
    fix: Annotated[bool, typer.Option("--fix", help="Repair what is safe to repair, then check again.")] = False,
    letter: Annotated[
        bool, typer.Option("--letter", help="Write what this inventory needs from other departments; read no node.")
    ] = False,
    yes: o.Yes = False,
    wait_lock: o.WaitLock = None,
    output: o.Format = o.TABLE,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    store: o.Store = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Find all problems of the nodes before a deploy. Exits 0, 1 (warnings), 2 (critical) or 3 (unknown)."""
    from dataclasses import replace  # noqa: PLC0415 - keeps --help fast

    from fatecloud.report.console import Console  # noqa: PLC0415
    from fatecloud.report.document import preflight_document  # noqa: PLC0415
    from fatecloud.report.envelope import document_text  # noqa: PLC0415
    from fatecloud.report.look import line_width, look_of  # noqa: PLC0415
    from fatecloud.report.preflight import change_text, fixes_text, preflight_text  # noqa: PLC0415
    from fatecloud.workflow.options import Options  # noqa: PLC0415
    from fatecloud.workflow.preflight import blocking  # noqa: PLC0415
    from fatecloud.workflow.preflight_session import preflight_cluster  # noqa: PLC0415

    options = Options(inventory, secrets, vault_password_file, state_dir, store, accept_new_host_keys)
    if letter:
        if fix or limit or selectors:
            raise UsageError("--letter is about the whole inventory and repairs nothing: use it by itself")
        return _write_letter(options, output)
    with Console() as console:
        outcome = preflight_cluster(
            options,
            console,
            selection=o.selection(selectors),
            limit=limit or (),
            deadline=deadline,
            fix=fix,
            wait_lock=wait_lock,
            confirm=None if yes else lambda fixes: console.confirm(f"{fixes_text(fixes)}\nDo this?"),
        )
        blockers = blocking(outcome.report)
        if outcome.before and output is o.TABLE:
            console.say(change_text(outcome.before, outcome.report))
        if output is not o.TABLE:
            document = preflight_document(outcome.report, blockers, outcome.applied)
            console.write(document_text("PreflightReport", document, output))
        else:
            look = replace(look_of(sys.stdout, os.environ), width=line_width(sys.stdout))
            console.write(preflight_text(outcome.report, blockers, look))
    return outcome.report.exit_status


def _write_letter(options: Options, output: o.Output) -> int:
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.letter import letter_text  # noqa: PLC0415
    from fatecloud.report.letter_document import letter_document  # noqa: PLC0415
    from fatecloud.workflow.letter import requirements  # noqa: PLC0415

    found = requirements(options)
    if output is o.TABLE:
        typer.echo(letter_text(found))
    else:
        typer.echo(document_text("RequirementsLetter", letter_document(found), output))
    return 0
