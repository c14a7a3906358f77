"""What a service is really denied, read from its main process: what its unit says may not be what the kernel did."""

import os
from typing import Any, Dict, List, Optional

from .reading import Unreadable, text_of

_STATUS = ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")
# The places that our units protect: `ProtectSystem`, `PrivateDevices`, `ProtectHome`, `PrivateTmp` and the like are
# mounts there.
_PLACES = ("/", "/dev", "/proc", "/root", "/sys", "/sys/fs/cgroup", "/tmp")  # noqa: S108 - compared, never used
_FIELDS = 7
_MOST = 1 << 20
"""Bytes of a list of mounts: a node with thousands of containers has as many."""


def confinement(pid: int) -> Optional[Dict[str, Any]]:
    """A process's capabilities, filter, and its view of directories; None where we may not look, {} once it has ended.

    `own` names directories on which something else is mounted than for us, `/` that its mounts are its own. It can
    neither write to those in `read_only` nor enter those in `hidden`.
    """
    try:
        rows = dict(line.split(":", 1) for line in text_of("/proc/%d/status" % pid, 8192).splitlines() if ":" in line)
        theirs, ours = _mounts(str(pid)), _mounts("self")
        status = {name: int(rows.get(name, "0"), 16) for name in _STATUS}
    except (Unreadable, ValueError):
        return None if os.path.exists("/proc/%d" % pid) else {}
    own = [
        path for path, mount in theirs.items() if path not in ours or _source(path, mount) != _source(path, ours[path])
    ]
    return dict(
        status,
        own=own,
        read_only=[path for path, mount in theirs.items() if "ro" in mount[5].split(",")],
        # systemd hides a directory by a mount of an empty one of its own, which has this name.
        hidden=[path for path, mount in theirs.items() if "/systemd/inaccessible/" in mount[3]],
    )


def _mounts(pid: str) -> Dict[str, List[str]]:
    """What is mounted on each place that shows something: fields of `proc(5)`; a later mount covers an earlier one."""
    lines = (line.split(" ", 6) for line in text_of("/proc/%s/mountinfo" % pid, _MOST).splitlines())
    return {fields[4]: fields for fields in lines if len(fields) == _FIELDS and fields[4] in _PLACES}


def _source(path: str, mount: List[str]) -> List[str]:
    """What is mounted: its number for the root, which every list of mounts has, else file system and directory."""
    return mount[:1] if path == "/" else mount[2:4]
