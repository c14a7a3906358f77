"""`fatecloud start|stop|restart`: services in the order of their dependencies."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from fatecloud.cli import options as o

if TYPE_CHECKING:
    from fatecloud.model.selection import Selection

InterruptJobs = Annotated[bool, typer.Option("--interrupt-jobs", help="Continue even though jobs are running.")]
WaitJobs = Annotated[str | None, typer.Option("--wait-jobs", help="Wait this long for running jobs, for example 30m.")]


def _act(
    verb: str,
    inventory: o.Inventory,
    selection: Selection,
    yes: bool,  # noqa: FBT001
    interrupt_jobs: bool,  # noqa: FBT001
    times: tuple[str | None, str | None, float],
    files: tuple[o.Secrets, o.VaultPassword, o.StateDir],
) -> int:
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.options import Options  # noqa: PLC0415
    from fatecloud.workflow.services import act_on_services  # noqa: PLC0415

    with Console() as console:
        return act_on_services(
            Options(inventory, *files),
            verb,
            selection,
            console,
            confirm=None if yes else console.confirm,
            interrupt_jobs=interrupt_jobs,
            wait_jobs=times[0],
            wait_lock=times[1],
            deadline=times[2],
            argv=tuple(sys.argv),
        )


def start(
    selectors: o.Selectors = None,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    owner: o.Owner = None,
    node: o.NodeName = None,
    component: o.Component = None,
    interrupt_jobs: InterruptJobs = False,
    wait_jobs: WaitJobs = None,
    wait_lock: o.WaitLock = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
) -> int:
    """Start services, dependencies first, and wait until they answer. One that runs with older files is restarted."""
    chosen, files = o.selection(selectors, owner, node, component), (secrets, vault_password_file, state_dir)
    return _act("start", inventory, chosen, True, interrupt_jobs, (wait_jobs, wait_lock, deadline), files)  # noqa: FBT003


def stop(
    selectors: o.Selectors = None,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    owner: o.Owner = None,
    node: o.NodeName = None,
    component: o.Component = None,
    yes: o.Yes = False,
    interrupt_jobs: InterruptJobs = False,
    wait_jobs: WaitJobs = None,
    wait_lock: o.WaitLock = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
) -> int:
    """Stop services, dependants first. They stay stopped until you start them or their node boots again."""
    chosen, files = o.selection(selectors, owner, node, component), (secrets, vault_password_file, state_dir)
    return _act("stop", inventory, chosen, yes, interrupt_jobs, (wait_jobs, wait_lock, deadline), files)


def restart(
    selectors: o.Selectors = None,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    owner: o.Owner = None,
    node: o.NodeName = None,
    component: o.Component = None,
    yes: o.Yes = False,
    interrupt_jobs: InterruptJobs = False,
    wait_jobs: WaitJobs = None,
    wait_lock: o.WaitLock = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
) -> int:
    """Stop and start services in the order of their dependencies."""
    chosen, files = o.selection(selectors, owner, node, component), (secrets, vault_password_file, state_dir)
    return _act("restart", inventory, chosen, yes, interrupt_jobs, (wait_jobs, wait_lock, deadline), files)
