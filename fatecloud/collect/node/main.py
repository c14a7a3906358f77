"""Takes every reading that a spec asks for, all at once, and prints one JSON document within the deadline."""

import contextlib
import functools
import json
import os
import sys
import threading
import time
from typing import Any, Callable, Dict, List

from . import (
    accounts,
    afresh,
    filters,
    hashes,
    java,
    load,
    log_ends,
    marks,
    own_records,
    packages,
    privileges,
    probes,
    processes,
    register,
    services,
    storage,
    store,
    surroundings,
    system,
    usage,
)
from .reading import Spec, Unreadable, end_children, guarded

VERSION = 1
_DEADLINE = 30.0
_NICENESS = -10
"""Ahead of what loads the node: this takes a fifth of a second of a processor for each service, and is to say how the
services are, and not how long it had to wait for its own turns."""
_MOST = 6 << 20
"""Bytes of the document; the controller takes 8 MiB."""

OF_THE_NODE: Dict[str, Callable[[], Any]] = {
    "os": system.operating_system,
    "clock": system.clock,
    "cpu": system.processor,
    "memory": system.memory,
    "load": load.load,
    "listeners": processes.listeners,
    "selinux": system.selinux,
    "firewall": system.firewall,
    "identity": accounts.identity,
    "addresses": surroundings.addresses,
    "own_name": surroundings.own_name,
    "environment": surroundings.environment,
}

OF_THE_SPEC: Dict[str, Callable[[Spec], Any]] = {
    "register": register.register,
    "disk": storage.disks,
    "interpreter": system.interpreter,
    "sysctl": system.kernel_settings,
    "users": accounts.users,
    "limits": accounts.limits,
    "manifest": functools.partial(own_records.own_record, name="manifest"),
    "lease": own_records.lease,
    "records": own_records.records,
    "files": hashes.files,
    "folders": hashes.folders,
    "filters": filters.filters,
    "data": marks.data,
    "services": services.services,
    "packages": packages.packages,
    "offered": packages.offered,
    "foreign": services.foreign,
    "store": store.store,
    "logs": log_ends.logs,
    "tools": system.tools,
    "cron_lingering": accounts.starts_at_boot,
    "directories": surroundings.directories,
    "real_paths": surroundings.real_paths,
    "connects": surroundings.connects,
    "privileges": privileges.privileges,
    "javas": java.javas,
    "java_starts": java.java_starts,
    "usage": usage.usage,
}

ON_REQUEST = {
    "addresses",
    "own_name",
    "offered",
    "environment",
    "directories",
    "real_paths",
    "connects",
    "privileges",
    "java_starts",
}
"""Read only when named or when the spec says `surroundings`: a name service that hangs must not slow every look."""


NAMED = {"usage"}
"""Read only when named: it may take longer than all others, and changes slowly."""


def collect(spec: Spec) -> Dict[str, Any]:
    """The document that the spec asks for; a reading that is not ready at the deadline says so."""
    seconds = float(spec.get("deadline", _DEADLINE))
    until = time.monotonic() + seconds
    usual = (set(OF_THE_NODE) | set(OF_THE_SPEC)) - NAMED - (set() if spec.get("surroundings") else ON_REQUEST)
    wanted = spec.get("want") or sorted(usual)
    facts: Dict[str, Any] = {}
    answers: Dict[str, Any] = {}

    def take(name: str) -> Dict[str, Any]:
        return guarded(functools.partial(_fact, name, spec))

    def keep(name: str) -> None:
        facts[name] = take(name)

    threads = probes.started(spec, answers)  # forks, so it comes first
    threads += [_started(functools.partial(keep, name)) for name in wanted]
    _join(threads, until)
    # In a thread too: what hangs on a dead file system must not hold the rest.
    _join([_started(functools.partial(afresh.read_afresh, facts, take))], until)
    end_children()
    late = "not there within %g s" % seconds
    nothing = {"exit": None, "data": None, "error": late, "seconds": seconds}
    return {
        "version": VERSION,
        "facts": {name: facts.get(name, {"error": late}) for name in wanted},
        "probes": {probe["id"]: answers.get(probe["id"], nothing) for probe in spec.get("probes", ())},
    }


def main(spec: Spec) -> None:
    """Print the document, and end at once: a thread that hangs on a dead file system must not hold us."""
    begun = time.time()
    hurry()
    document = collect(spec)
    facts, answers = _written(document["facts"]), _written(document["probes"])
    text = '{"version": %d, "begun": %r, "finished": %r, "facts": {%s}, "probes": {%s}}'
    sys.stdout.write("\n" + text % (VERSION, begun, time.time(), facts, answers) + "\n")
    sys.stdout.flush()
    os._exit(0)


def hurry() -> None:
    """Raise the own priority, which threads and questions that start from now on inherit."""
    with contextlib.suppress(OSError):  # only root may
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)


def _written(entries: Dict[str, Dict[str, Any]]) -> str:
    """Members of a JSON object. One that is too large for the whole, or cannot be written, becomes an error."""
    texts = {name: _text(entry) for name, entry in entries.items()}
    for name in sorted(texts, key=lambda name: len(texts[name]), reverse=True):
        if sum(map(len, texts.values())) <= _MOST // 2:
            break
        texts[name] = _text(_instead(entries[name], "it has more than %d KiB" % (len(texts[name]) >> 10)))
    return ", ".join("%s: %s" % (json.dumps(name), text) for name, text in texts.items())


def _text(entry: Dict[str, Any]) -> str:
    try:
        return json.dumps(entry, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        return json.dumps(_instead(entry, "it cannot be written: %s" % error))


def _instead(entry: Dict[str, Any], error: str) -> Dict[str, Any]:
    kept = {"exit": None, "data": None, "seconds": entry["seconds"]} if "seconds" in entry else {}
    return dict(kept, error=error)


def _fact(name: str, spec: Spec) -> Any:
    if name in OF_THE_NODE:
        return OF_THE_NODE[name]()
    if name in OF_THE_SPEC:
        return OF_THE_SPEC[name](spec)
    raise Unreadable("the collector knows no fact of that name")


def _started(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _join(threads: List[threading.Thread], until: float) -> None:
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
