"""The packet filter of a service under systemd: a table of its own in nftables, which a unit beside its own loads."""

from __future__ import annotations

import os
from collections.abc import Callable

NFT = "/usr/sbin/nft"
_UNKNOWN = 5
"""Status of `systemctl stop` for a unit that the manager does not know."""


def load(call: Callable, unit_path: str, home: str) -> None:
    """Let nftables hold what the service's packet filter says now; nothing where it has none.

    The service does not notice: its rules are replaced in one transaction.

    Args:
        call: runs a program and returns its output, see `fatecloud_supervision`.
        unit_path: of the service.
        home: directory of the service.

    Raises:
        Refused: nftables does not take the rules, or this kernel has no nftables.
    """
    path = _path_of(unit_path)
    if not os.path.lexists(path):
        unload(call, unit_path)
        return
    name = os.path.basename(path)
    # systemd would only say that the unit failed.
    call([NFT, "-c", "-f", os.path.join(home, "conf", "filter.nft")])
    shown = call(["systemctl", "show", os.path.basename(unit_path), name, "-p", "Wants,NeedDaemonReload"])
    # Of the first part that a unit gets, systemd says for a while that it need not read it.
    if "NeedDaemonReload=yes" in shown or name not in shown:
        call(["systemctl", "daemon-reload"])
    call(["systemctl", "reload-or-restart", name])


def unload(call: Callable, unit_path: str) -> None:
    """Take the service's table away, also where its unit was removed from the disk before."""
    if not os.path.exists(NFT):
        return
    path = _path_of(unit_path)
    call(["systemctl", "stop", os.path.basename(path)], accept=(0, _UNKNOWN))
    call([NFT, "delete", "table", "inet", os.path.basename(unit_path)[: -len(".service")]], accept=(0, 1))


def _path_of(unit_path: str) -> str:
    return f"{unit_path[: -len('.service')]}-filter.service"
