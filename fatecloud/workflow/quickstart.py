"""`quickstart`: a real all-in-one FATE on this machine, from nothing, checked, with a successful toy job."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from fatecloud.artifacts.progress import Progress
from fatecloud.errors import ClientMissing, Refused, RunError
from fatecloud.inventory import load
from fatecloud.model.event import Event
from fatecloud.workflow.deploy import DeployOptions, check, deploy_cluster
from fatecloud.workflow.init import INVENTORY, init_cluster
from fatecloud.workflow.load import Options, load_session
from fatecloud.workflow.release import fetch_release, open_store
from fatecloud.workflow.ui import Ui

TEMPLATE = "all-in-one"


def quickstart_here(
    directory: Path,
    ui: Ui,
    progress: Callable[[], AbstractContextManager[Progress]],
    *,
    confirm: Callable[[str], bool] | None,
    store: Path | None,
    state_dir: Path | None,
    argv: tuple[str, ...],
) -> int:
    """Set up the all-in-one inventory in a directory and carry it through.

    Args:
        directory: absolute; keeps inventory, secrets, services and data.
        progress: opens what shows the fetch.
        confirm: asks the operator; None means that the answer is yes.

    Returns:
        The exit status of the check at the end.
    """
    inventory = directory / INVENTORY
    if inventory.exists():
        ui(Event("note", f"{inventory} is there already and is used as it is"))
    else:
        init_cluster(directory, TEMPLATE, cluster="local", base=str(directory / "base"))
        ui(Event("ok", f"wrote {inventory}"))
    release = load(inventory).release
    ui(Event("step", f"filling the artifact store with {release}"))
    with progress() as bars:
        _fetch(release, store, bars, confirm)
    options = Options(inventory, state_dir=state_dir, store=store)
    deploy_cluster(options, DeployOptions(argv=argv), ui, confirm=confirm)
    ui(Event("step", "checking"))
    report = check(load_session(options))
    ui.report(report)
    if report.exit_status == 0:
        ui.say(farewell(inventory, state_dir))
    return report.exit_status


def _fetch(release: str, store: Path | None, progress: Progress, confirm: Callable[[str], bool] | None) -> None:
    try:
        fetch_release(release, open_store(store), progress)
    except ClientMissing as error:
        question = f"{error.message}. Install the system package {error.package} now (needs root)?"
        if confirm and not confirm(question):
            raise Refused("nothing was installed", remedy=error.remedy) from error
        _install(error.package)
        fetch_release(release, open_store(store), progress)


def _install(package: str) -> None:
    apt = shutil.which("apt-get")
    if apt is None:
        raise RunError(f"the system package {package} is needed", remedy="install it and run the same command again")
    root = [] if os.geteuid() == 0 else ["sudo"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", package]):
        done = subprocess.run([*root, apt, *words], check=False, capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            raise RunError(f"apt-get {words[0]} failed: {done.stderr.strip()[-300:]}", remedy=f"install {package}")


def farewell(inventory: Path, state_dir: Path | None) -> str:
    """How to look at it, how to keep it over a reboot, how to remove it; each line can be typed as it stands."""
    script = Path(sys.executable).with_name("fatecloud")
    found = shutil.which("fatecloud")
    program = "fatecloud" if found and Path(found).resolve() == script.resolve() else shlex.quote(str(script))
    cluster = f"-i {shlex.quote(str(inventory))}"
    if state_dir:
        cluster += f" --state-dir {shlex.quote(str(state_dir.absolute()))}"
    return "\n".join(
        (
            "FATE runs. Go on with:",
            f"  look at it        {program} status {cluster}",
            f"  check it          {program} check {cluster}",
            f"  prove it again    {program} test toy {cluster}    (or: test lr)",
            "  after a reboot    it does not start by itself; to change that, add this line to `crontab -e`:",
            f"                    @reboot {shlex.quote(str(script))} start {cluster}",
            f"  remove it         {program} destroy {cluster} --remove-data",
        )
    )
