"""`quickstart`: a real all-in-one FATE on this machine, from scratch, checked, with a successful toy job."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from fatecloud.artifacts.progress import Progress
from fatecloud.errors import ClientMissing, Refused, RunError, UsageError
from fatecloud.inventory import load
from fatecloud.model.duration import seconds
from fatecloud.model.event import Event
from fatecloud.model.programs import SEARCH_PATH, SUDO
from fatecloud.report.commands import link_program, set_inventory
from fatecloud.workflow.deploy import deploy_cluster
from fatecloud.workflow.deploy_options import DeployOptions
from fatecloud.workflow.farewell import SYSTEMD, farewell, needs
from fatecloud.workflow.init import INVENTORY, init_cluster
from fatecloud.workflow.load import load_session
from fatecloud.workflow.options import Options
from fatecloud.workflow.release import fetch_release, open_store
from fatecloud.workflow.ui import Ui
from fatecloud.workflow.verify import check

TEMPLATE = "all-in-one"
SYSTEMD_BASE = "/opt/fate"
"""Base directory under systemd: the service user must be able to enter every directory above it."""


def quickstart_here(
    directory: Path,
    ui: Ui,
    progress: Callable[[], AbstractContextManager[Progress]],
    *,
    confirm: Callable[[str], bool] | None,
    store: Path | None,
    state_dir: Path | None,
    systemd: bool,
    wait_lock: str | None = None,
    argv: tuple[str, ...],
) -> int:
    """Write the all-in-one inventory into a directory, deploy and check it.

    Args:
        directory: absolute; holds inventory, secrets, services and data.
        progress: opens the display of the fetch.
        confirm: asks the operator; None means that the answer is yes.
        wait_lock: how long to wait for another run that holds this machine.
        systemd: whether services run under systemd, as a user of their own; needs root.

    Returns:
        The exit status of the check at the end.

    Raises:
        UsageError: `systemd` is set, and we are not root or systemd does not run here.
    """
    seconds(wait_lock)  # an invalid time is refused before anything is done
    inventory = directory / INVENTORY
    set_inventory(inventory)
    _check_systemd(ui, wanted=systemd)
    ui(Event("note", needs(directory, open_store(store).root)))
    if inventory.exists():
        ui(Event("note", f"{inventory} exists already and is used as it is"))
    else:
        base = SYSTEMD_BASE if systemd else str(directory / "base")
        init_cluster(directory, TEMPLATE, cluster="local", base=base, become="root" if systemd else "")
        ui(Event("ok", f"wrote {inventory}"))
    for release in load(inventory).releases:
        ui(Event("step", f"filling the artifact store with {release}"))
        with progress() as bars:
            _fetch(release, store, bars, confirm, ui)
    options = Options(inventory, state_dir=state_dir, store=store)
    deploy_cluster(options, DeployOptions(wait_lock=wait_lock, argv=argv), ui, confirm=confirm)
    ui(Event("step", "checking"))
    session = load_session(options)
    report = check(session)
    ui.report(report)
    if report.exit_status in (0, 1):
        if link := link_program():
            ui(Event("note", f"made the link {link}, so that the program can be typed as `fatecloud` in a new shell"))
        ui.say(farewell(session.desired, inventory, state_dir, open_store(store).root))
    return report.exit_status


def _check_systemd(ui: Ui, *, wanted: bool) -> None:
    if wanted and os.geteuid() != 0:
        raise UsageError("--systemd needs root", remedy="sudo fatecloud quickstart --systemd")
    if wanted and not SYSTEMD.exists():
        raise UsageError("--systemd: systemd does not run on this machine", remedy="leave the option out")
    if not wanted and os.geteuid() == 0 and SYSTEMD.exists():
        text = "you are root, so services will run as root under supervisor and will not start at boot; with "
        ui(Event("note", text + "`--systemd` they run as the user fate and start at boot"))


def _fetch(release: str, store: Path | None, progress: Progress, confirm: Callable[[str], bool] | None, ui: Ui) -> None:
    try:
        fetch_release(release, open_store(store), progress)
    except ClientMissing as error:
        question = f"{error.message}. Install the system package {error.package} now (needs root)?"
        if confirm and not confirm(question):
            raise Refused("nothing was installed", remedy=error.remedy) from error
        ui(Event("note", f"{error.message}: installing the system package {error.package} with apt-get, as root"))
        _install(error.package)
        fetch_release(release, open_store(store), progress)


def _install(package: str) -> None:
    apt = shutil.which("apt-get", path=SEARCH_PATH)
    if apt is None:
        raise RunError(f"the system package {package} is needed", remedy="install it and run the same command again")
    root = [] if os.geteuid() == 0 else [SUDO]
    environment = {**os.environ, "PATH": SEARCH_PATH, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", package]):
        done = subprocess.run([*root, apt, *words], check=False, capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            raise RunError(f"apt-get {words[0]} failed: {done.stderr.strip()[-300:]}", remedy=f"install {package}")
