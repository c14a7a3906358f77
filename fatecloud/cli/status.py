"""`fatecloud status`: the daily screen."""

from __future__ import annotations

from fatecloud.cli import options as o
from fatecloud.cli.given import session_given
from fatecloud.cli.shown import present


def status(
    selectors: o.Selectors = None,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    owner: o.Owner = None,
    node: o.NodeName = None,
    component: o.Component = None,
    limit: o.ReadLimit = None,
    output: o.Format = o.TABLE,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Show every service: deployed, running, since when, on which ports. Exits 0, 1 (not well) or 3 (not read)."""
    from functools import partial  # noqa: PLC0415 - keeps --help fast

    from fatecloud.model.selection import select  # noqa: PLC0415
    from fatecloud.workflow.observe import observe  # noqa: PLC0415
    from fatecloud.workflow.status import look, newest_check  # noqa: PLC0415

    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    keys = select(session.resolved, o.selection(selectors, owner, node, component), limit or ())

    def ready() -> None:
        """Render, and load the modules for the output, while the nodes work."""
        from fatecloud.report import status, status_rows  # noqa: F401, PLC0415

        _ = session.desired

    observed = look(session.resolved, partial(observe, session, deadline=deadline, limited=True, meanwhile=ready), keys)
    from fatecloud.report.status import status_document, status_table  # noqa: PLC0415
    from fatecloud.report.status_rows import status_of  # noqa: PLC0415

    screen = status_of(session.desired, observed, keys, newest_check(session.state))
    present("ClusterStatus", output, lambda width: status_table(screen, width), lambda: status_document(screen))
    return screen.exit_status
