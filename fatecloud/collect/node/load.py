"""How much work waits on the machine: for cores, for memory, for disks, and for its host."""

import os
import re
import time
from typing import Any, Dict, List, Optional

from .processes import table
from .reading import Unreadable, text_of

_SECONDS = 0.3
"""Between two looks at the processor's times."""
_SHOWN = 3
_STEAL = 8  # field of the first line of /proc/stat
_AVERAGE = r"^%s avg10=([0-9.]+)"
_OF = {"cpu": "some", "memory": "full", "io": "full"}
"""For cores whether any process waits, for the others whether all do: waiting for a disk now and then is usual."""


def load() -> Dict[str, Any]:
    """Cores of the machine, the average queue of a minute, what is in it now, and the kernel's figures of waiting.

    `pressure` is None for a kernel without such figures. All are of the whole machine, also in a container: it is
    there that the work waits.
    """
    before = _times()
    time.sleep(_SECONDS)
    spent = [now - then for now, then in zip(_times(), before)]  # noqa: B905 - Python 3.6 has no strict
    total = sum(spent)
    busy: Dict[str, int] = {}
    for process in list(table().values()):
        if process.state in "RD":
            busy[process.name] = busy.get(process.name, 0) + 1
    most = sorted(busy.items(), key=lambda row: (-row[1], row[0]))[:_SHOWN]
    stolen = 100.0 * spent[_STEAL - 1] / total if len(spent) >= _STEAL and total else 0.0
    return {
        "cores": os.cpu_count() or 1,
        "load1": os.getloadavg()[0],
        "stolen": round(stolen, 1),
        "busy": dict(most),
        "pressure": _pressure(),
    }


def _times() -> List[int]:
    """The processor's times since boot, from user to steal, in ticks."""
    return [int(field) for field in text_of("/proc/stat", 4096).split("\n", 1)[0].split()[1 : _STEAL + 1]]


def _pressure() -> Optional[Dict[str, float]]:
    found = {}
    for name, word in _OF.items():
        try:
            text = text_of("/proc/pressure/" + name, 4096)
        except Unreadable:
            return None  # older than Linux 4.20, or switched off
        average = re.search(_AVERAGE % word, text, re.MULTILINE)
        found[name] = float(average.group(1)) if average else 0.0
    return found
