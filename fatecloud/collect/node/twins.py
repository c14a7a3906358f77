"""Second copies of a service: processes that do its work beside it, and that its supervisor did not start."""

import os
import re
from typing import Any, Collection, Dict, List, Optional

from .processes import command_line, owner, table

_LENGTH = 4096
"""Characters of a command line that are searched: a JVM's has its main class behind all of its jars."""
_SHOWN, _KEPT = 5, 400


def strangers(ours: Collection[int]) -> Dict[int, str]:
    """Process -> command line of the JVMs of others.

    Only JVMs are looked at: to read the command line of each process would cost more than all other readings.

    Args:
        ours: ids of the processes of all services.
    """
    jvms = sorted(pid for pid, process in table().items() if process.name == "java")
    return {pid: command_line(pid, _LENGTH) for pid in jvms if pid not in ours and _is_near(pid)}


def twins(pattern: str, others: Dict[int, str]) -> List[Dict[str, Any]]:
    """Those whose command line has a pattern.

    Args:
        pattern: of the service.
        others: as `strangers` found them.
    """
    found = []
    for pid, command in others.items():
        match = re.search(pattern, command)
        if match:
            shown = command if len(command) <= _KEPT else "..." + command[max(0, match.end() - _KEPT) : match.end()]
            found.append({"pid": pid, "user": owner(pid) or "?", "command": shown})
    return found[:_SHOWN]


def _is_near(pid: int) -> bool:
    """Whether a process has our network: in a container's own one it takes nothing from anyone here."""
    return _network(str(pid)) in (None, _network("self"))


def _network(pid: str) -> Optional[str]:
    try:
        return os.readlink("/proc/%s/ns/net" % pid)
    except OSError:
        return None
