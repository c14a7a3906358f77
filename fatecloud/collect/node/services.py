"""The cluster's services and their processes, and other software that could be mistaken for them."""

import os
import threading
from typing import Any, Dict, List

from . import endings, heaps
from .confinement import confinement
from .hashes import digests_at_start
from .java import jvm_of, on_record
from .members import family, figures, frozen
from .own_records import own_record
from .processes import command_line, owner, table
from .reading import Spec, Unreadable
from .supervision import programs, units
from .twins import strangers, twins

_known: Dict[str, Any] = {}
_known_lock = threading.Lock()


def services(spec: Spec) -> Dict[str, Dict[str, Any]]:
    """Each service, also those to be removed: its supervisor's state, what it read at its start, its process."""
    states = _states(spec)
    families = {service["key"]: family(service, states[service["key"]]["pid"]) for service in _ours(spec)}
    javas = _javas(spec)
    # For all services together: the looks at one stopped process take a second.
    still = frozen([process for processes in families.values() for process in processes])
    in_jvms = [s["unit"] for s in _ours(spec) if s["key"] in javas and s["supervision"] == "systemd"]
    journal = heaps.in_journal(in_jvms) if in_jvms else {}
    ours = {process.pid for processes in families.values() for process in processes}
    others = strangers(ours) if any(service.get("twin") for service in _ours(spec)) else {}
    found = {}
    for service in _ours(spec):
        state = states[service["key"]]
        started = service.get("started") or service["home"] + "/run/started"
        record, last = digests_at_start(started) or (None, None)
        processes = figures(state["pid"], families[service["key"]], still)
        found[service["key"]] = dict(state, started=record, last_start=last, **processes)
        if service["supervision"] == "systemd" and endings.wanted(state):
            found[service["key"]]["ended"] = endings.summary(endings.of_unit(service["unit"]), service.get("at") or 0)
            found[service["key"]]["said"] = endings.said_in_journal(service["unit"])
        elif found[service["key"]].get("ended") and service.get("console"):
            found[service["key"]]["said"] = endings.said_in_file(service["console"])
        if service["key"] in javas:
            found[service["key"]]["jvm"] = _jvm(service, javas[service["key"]], state, journal)
        if service.get("twin"):
            found[service["key"]]["twins"] = twins(service["twin"], others)
        if "directives" in state:
            found[service["key"]]["confinement"] = confinement(state["pid"]) if state["pid"] else None
    return found


def _jvm(
    service: Dict[str, Any], program: str, state: Dict[str, Any], journal: Dict[str, heaps.Errors]
) -> Dict[str, Any]:
    """The JVM of a service, and where it runs what its logs say of its memory and its threads."""
    found = jvm_of(program, state["pid"], state["since"])
    if service.get("gc") and state["since"]:
        sources = [heaps.in_logs(log["path"] for log in service.get("logs", ())), journal.get(service["slug"], {})]
        found["heap"] = heaps.heap(service["gc"], state["since"])
        for name in heaps.SIGNS:
            errors = [error for source in sources for error in source.get(name, ())]
            found[name] = heaps.last_of(errors, state["since"])
    return found


def _javas(spec: Spec) -> Dict[str, str]:
    """The program in which each service is to run; the controller may not know it before it has read this node."""
    try:
        return on_record(spec) if spec.get("javas") else {}
    except Unreadable:  # another fact says so
        return {}


def foreign(spec: Spec) -> List[Dict[str, Any]]:
    """Processes and units of the kinds that fatecloud runs, but which it did not deploy."""
    asked = spec.get("foreign", {})
    ours = {os.getpid()}
    states = _states(spec)
    for service in _ours(spec):
        ours.update(process.pid for process in family(service, states[service["key"]]["pid"]))
    found: List[Dict[str, Any]] = []
    for pid, process in sorted(table().items()):
        if process.name in asked.get("processes", ()) and pid not in ours:
            detail = "%s: %s" % (owner(pid) or "?", command_line(pid))
            found.append({"kind": "process", "name": process.name, "pid": pid, "detail": detail})
    names = list(asked.get("units", ()))
    for name, state in units(names).items() if os.path.isdir("/run/systemd/system") else ():
        if state["state"] not in ("absent", "stopped") or state["enabled"]:
            # An alias names the same unit, as mysql.service does for mariadb.service.
            if state["pid"] and state["pid"] in {entry["pid"] for entry in found if entry["kind"] == "unit"}:
                continue  # another name of the same unit
            detail = state["state"] + (", enabled" if state["enabled"] else "")
            found.append({"kind": "unit", "name": name, "pid": state["pid"], "detail": detail})
    return found


def _ours(spec: Spec) -> List[Dict[str, Any]]:
    """The services that should be, and those that the manifest alone still knows: ours until a deploy removes them.

    `at` is when a run of ours started or stopped one, where the manifest knows it.
    """
    wanted = spec.get("services", ())
    try:
        recorded = (own_record(spec, "manifest") or {}).get("services", {})
    except Unreadable:
        recorded = {}  # the fact `manifest` reports why
    keys = {service["key"] for service in wanted}
    mine = [dict(service, at=recorded.get(service["key"], {}).get("at")) for service in wanted]
    # A service that left the inventory may still run, and what it holds is not free.
    return mine + [dict(entry, key=key) for key, entry in sorted(recorded.items()) if key not in keys]


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
    folder = spec["layout"]["supervisor"]
    supervised = [s for s in asked if s["supervision"] == "supervisor"]
    at, homes = {s["slug"]: s.get("at") or 0 for s in supervised}, {s["slug"]: s["home"] for s in supervised}
    found.update((by_program[name], state) for name, state in programs(folder, at, homes).items())
    return found
