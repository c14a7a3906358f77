"""The processes of a service: its main one, and apart from it the others that belong to it.

One of many children that does not move says little of the service: EggRoll attaches strace to each of its workers, and
an operator may hold one in a debugger. What processes say of themselves (names, arguments) is input, and cut.
"""

import os
import time
from typing import Any, Dict, List, Optional, Set

from .processes import Process, command_line, descriptors, descriptors_allowed, of_unit, owner, process_of, table, tree
from .reading import Unreadable, text_of

_STOPPED = ("T", "t")
_LOOKS, _PAUSE = 10, 0.1
"""Further looks at a stopped process, and seconds between them. One that is only traced stops at its system calls, and
runs in between; on a busy machine it may have to wait for its tracer to get the processor."""
_SHOWN = 50
"""Children of a service that are described one by one; the others are counted."""
_COMMAND = 1000
"""Characters of a command line. What a worker works for comes behind several long paths."""
_MAIN_COMMAND = 4000
"""The same of a main process: a JVM's has all of its flags and jars, and a check may look for one."""
_PIDS = 5000


def family(service: Dict[str, Any], pid: Optional[int]) -> List[Process]:
    """The main process first, its descendants, and what else belongs to it although its parent has ended."""
    found = tree(pid) if pid else []
    # A child whose parent has ended belongs to process 1, and only the control group still says whose it is.
    more = of_unit(service["unit"]) if service["supervision"] == "systemd" else _of_group(pid)
    known = {process.pid for process in found}
    return found + [process for process in more if process.pid not in known]


def _of_group(pid: Optional[int]) -> List[Process]:
    """Who is in the group of processes that a program of supervisor leads, and of its user: others could join it."""
    user = owner(pid) if pid else None
    return [p for p in table().values() if p.group == pid and owner(p.pid) == user] if user is not None else []


def frozen(processes: List[Process]) -> Set[int]:
    """Numbers of those that are stopped, and that did not run for a second."""
    still = [(process, _switches(process.pid)) for process in processes if process.state in _STOPPED]
    for _ in range(_LOOKS):
        if not still:
            break
        time.sleep(_PAUSE)
        still = [(process, switches) for process, switches in still if _is_still(process, switches)]
    return {process.pid for process, _ in still}


def _is_still(process: Process, switches: Optional[str]) -> bool:
    now = process_of(process.pid)
    return (
        now is not None and now.start == process.start and now.state in _STOPPED and _switches(process.pid) == switches
    )


def _switches(pid: int) -> Optional[str]:
    """How often a process was given the processor; it is the same as long as it does not run. None: it has ended."""
    try:
        return "".join(line for line in text_of("/proc/%d/status" % pid).splitlines() if "ctxt_switches" in line)
    except Unreadable:
        return None


def figures(pid: Optional[int], processes: List[Process], still: Set[int]) -> Dict[str, Any]:
    """What the fact `services` says of a service's processes.

    `main` describes the main process (None: there is none), `children` the others: those that are frozen first, then
    those with most memory.
    """
    main = processes[0] if processes and processes[0].pid == pid else None
    children = [process for process in processes if process is not main]
    shown = sorted(children, key=lambda process: (process.pid not in still, -process.rss))[:_SHOWN]
    return {
        "main": _main(main, still) if main else None,
        "children": [_described(child, still) for child in shown],
        "processes": len(processes),
        "pids": sorted(process.pid for process in processes)[:_PIDS],
        "rss": sum(process.rss for process in processes) if processes else None,
        "user": owner(main.pid) if main else None,
    }


def _main(process: Process, still: Set[int]) -> Dict[str, Any]:
    found = _described(process, still, _MAIN_COMMAND)
    return dict(found, threads=process.threads, files=descriptors_allowed(process.pid))


def _described(process: Process, still: Set[int], most: int = _COMMAND) -> Dict[str, Any]:
    age = time.clock_gettime(time.CLOCK_MONOTONIC) - process.start / os.sysconf("SC_CLK_TCK")
    return {
        "pid": process.pid,
        "state": process.state,
        "frozen": process.pid in still,
        "age": round(max(0.0, age), 1),
        "command": command_line(process.pid, most) or process.name,
        "fds": descriptors(process.pid),
        "rss": process.rss,
    }
