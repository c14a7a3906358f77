"""`fatecloud quickstart`: a real all-in-one FATE on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from fatecloud.cli import options as o


def quickstart(
    *,
    directory: Annotated[
        Path | None, typer.Option("--directory", help="Where to install it; default: ~/fatecloud.")
    ] = None,
    systemd: Annotated[
        bool,
        typer.Option("--systemd", help="Run it under systemd as a user of its own; it starts at boot. Needs root."),
    ] = False,
    yes: o.Yes = False,
    wait_lock: o.WaitLock = None,
    store: o.Store = None,
    state_dir: o.StateDir = None,
) -> int:
    """Deploy FATE 2.2.0 all-in-one on this machine, check it and run a toy job. Safe to run again."""
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.fetching import FetchProgress  # noqa: PLC0415
    from fatecloud.whoami import home  # noqa: PLC0415
    from fatecloud.workflow.quickstart import quickstart_here  # noqa: PLC0415

    with Console() as console:
        return quickstart_here(
            (directory or home() / "fatecloud").expanduser().absolute(),
            console,
            FetchProgress,
            confirm=None if yes else console.confirm,
            store=store,
            state_dir=state_dir,
            systemd=systemd,
            wait_lock=wait_lock,
            argv=tuple(sys.argv),
        )
