"""The cluster's services and their processes, and other software that could be mistaken for them."""

import os
import threading

from .confinement import confinement
from .hints import Any, Dict, List, Optional
from .processes import Process, command_line, descriptors, of_unit, owner, table, tree
from .reading import Spec, Unreadable
from .storage import digests_at_start, own_record
from .supervision import programs, units

_known = {}  # type: Dict[str, Any]
_known_lock = threading.Lock()


def services(spec: Spec) -> Dict[str, Dict[str, Any]]:
    """Each service, also those to be removed: its supervisor's state, what it read at its start, its process."""
    states = _states(spec)
    found = {}
    for service in _ours(spec):
        state = states[service["key"]]
        started = service.get("started") or service["home"] + "/run/started"
        record, last = digests_at_start(started) or (None, None)
        found[service["key"]] = dict(state, started=record, last_start=last, **_process(service, state["pid"]))
        if "directives" in state:
            found[service["key"]]["confinement"] = confinement(state["pid"]) if state["pid"] else None
    return found


def foreign(spec: Spec) -> List[Dict[str, Any]]:
    """Processes and units of the kinds that fatecloud runs, but which it did not deploy."""
    asked = spec.get("foreign", {})
    ours = {os.getpid()}
    states = _states(spec)
    for service in _ours(spec):
        ours.update(process.pid for process in _family(service, states[service["key"]]["pid"]))
    found = []  # type: List[Dict[str, Any]]
    for pid, process in sorted(table().items()):
        if process.name in asked.get("processes", ()) and pid not in ours:
            detail = "%s: %s" % (owner(pid) or "?", command_line(pid))
            found.append({"kind": "process", "name": process.name, "pid": pid, "detail": detail})
    names = list(asked.get("units", ()))
    for name, state in units(names).items() if os.path.isdir("/run/systemd/system") else ():
        if state["state"] not in ("absent", "stopped") or state["enabled"]:
            if state["pid"] and state["pid"] in {entry["pid"] for entry in found if entry["kind"] == "unit"}:
                continue  # another name of the same unit
            detail = state["state"] + (", enabled" if state["enabled"] else "")
            found.append({"kind": "unit", "name": name, "pid": state["pid"], "detail": detail})
    return found


def _ours(spec: Spec) -> List[Dict[str, Any]]:
    """The services that should be, and those that the manifest alone still knows: ours until a deploy removes them."""
    wanted = list(spec.get("services", ()))
    try:
        recorded = (own_record(spec, "manifest.json") or {}).get("services", {})
    except Unreadable:
        return wanted  # the fact `manifest` reports why
    keys = {service["key"] for service in wanted}
    return wanted + [dict(entry, key=key) for key, entry in sorted(recorded.items()) if key not in keys]


def _states(spec: Spec) -> Dict[str, Dict[str, Any]]:
    """What the supervisors say, asked once per run although two facts need it."""
    with _known_lock:
        if "states" not in _known:
            _known["states"] = _ask_supervisors(spec)
        return dict(_known["states"])


def _ask_supervisors(spec: Spec) -> Dict[str, Dict[str, Any]]:
    asked = _ours(spec)
    by_systemd = {s["unit"]: s["key"] for s in asked if s["supervision"] == "systemd"}
    by_program = {s["slug"]: s["key"] for s in asked if s["supervision"] == "supervisor"}
    found = {by_systemd[unit]: state for unit, state in units(sorted(by_systemd), spec.get("directives", ())).items()}
    folder = spec["base"] + "/.fatecloud/supervisor"
    found.update((by_program[name], state) for name, state in programs(folder, sorted(by_program)).items())
    return found


def _family(service: Dict[str, Any], pid: Optional[int]) -> List[Process]:
    """The main process first, its descendants, and what else its unit holds (a helper that made itself a daemon)."""
    family = tree(pid) if pid else []
    if service["supervision"] == "systemd":
        family += [process for process in of_unit(service["unit"]) if process not in family]
    return family


def _process(service: Dict[str, Any], pid: Optional[int]) -> Dict[str, Any]:
    """Figures of a service's main process, and of its whole family where that matters."""
    family = _family(service, pid)
    main = family[0] if family and family[0].pid == pid else None
    return {
        "process_state": main.state if main else None,
        "stopped_pids": [process.pid for process in family if process.state in ("T", "t")],
        "processes": len(family),
        "pids": sorted(process.pid for process in family),
        "rss": sum(process.rss for process in family) if family else None,
        "threads": main.threads if main else None,
        "fds": descriptors(main.pid) if main else None,
        "user": owner(main.pid) if main else None,
        "cmdline": command_line(main.pid) if main else "",
    }
