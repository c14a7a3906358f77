"""What the quickstart prints before it begins and at its end."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from fatecloud.model.desired import Desired

SYSTEMD = Path("/run/systemd/system")
"""Exists when systemd runs this machine, see sd_booted(3)."""
_ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def needs(directory: Path, store: Path) -> str:
    """What it needs. Measured with FATE 2.2.0 on two cores, the download at 10 MB/s."""
    return (
        f"needs about 6 GB of disk (2 GB in {store}, 4 GB in {directory}), 2 GB of free memory and 5 to 10 minutes, "
        "most of them for the download"
    )


def farewell(desired: Desired, inventory: Path, state_dir: Path | None, store: Path) -> str:
    """How to use the cluster, how to keep it over a reboot, how to remove it.

    Args:
        desired: what was deployed.
        inventory: its inventory; printed commands name it.
        state_dir: `--state-dir`, if it was given.
        store: artifact store; what a destroy does not touch.
    """
    state = f" --state-dir {shlex.quote(str(state_dir.absolute()))}" if state_dir else ""
    rows = [
        ("look at it", f"fatecloud status{state}"),
        ("check it", f"fatecloud check{state}"),
        ("smoke test", f"fatecloud test toy{state}"),
        ("", f"fatecloud test lr{state}"),
        ("stop, start", f"fatecloud stop{state}"),
        ("", f"fatecloud start{state}"),
        *(("its API", address) for address in _addresses(desired)),
        *_after_a_reboot(desired, state),
        ("remove it", f"fatecloud destroy --remove-data{state}"),
        ("what remains", f"{inventory.parent} (inventory, secrets, an empty base), the store {store} (2 GB),"),
        ("", "the history of runs, and system packages that were installed"),
    ]
    return "\n".join(("FATE runs. Go on with:", *(f"  {label:<17} {text}".rstrip() for label, text in rows)))


def _addresses(desired: Desired) -> Iterator[str]:
    for service in desired.services.values():
        for port in service.ports:
            if port.name == "http":
                host = "127.0.0.1" if port.bind in _ANYWHERE else port.bind
                yield f"http://{host}:{port.number}/v2 ({service.id.key})"


def _after_a_reboot(desired: Desired, state: str) -> Iterator[tuple[str, str]]:
    if all(node.supervision == "systemd" for node in desired.cluster.nodes.values()):
        yield "after a reboot", "it starts by itself"
        return
    if shutil.which("crontab"):
        yield "after a reboot", "it does not start by itself; to change that, add this line to `crontab -e`:"
        yield "", f"@reboot fatecloud start{state}"
    else:
        yield "after a reboot", "it does not start by itself, and there is no cron here; run"
        yield "", f"fatecloud start{state}"
    if SYSTEMD.exists():
        root = "" if os.geteuid() == 0 else ", as root,"
        yield "", f"or{root} set it up with systemd instead: destroy it, then"
        yield "", "fatecloud quickstart --systemd"
