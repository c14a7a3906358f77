"""Checks of a service's process, whatever component it is: there, running, alive, enabled, current."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.checks.listeners import silent_ports
from fatecloud.checks.stopped import why_stopped
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding

_YOUNG_SECONDS = 60.0
_FROZEN = ("T", "t")
_EXPLAINED = ("PORT_STOLEN", "FILE_MISSING", "*", "node")

ABSENT = Code("SERVICE_ABSENT", "critical", "The service's unit is not on the node.", settles=False)
STOPPED = Code("SERVICE_STOPPED", "critical", "The service is not running.")
FAILED = Code("SERVICE_FAILED", "critical", "The service could not be started or ended with an error.", _EXPLAINED)
RESTARTING = Code("SERVICE_RESTARTING", "critical", "The service keeps ending and is restarted each time.", _EXPLAINED)
UNSUPERVISED = Code(
    "SERVICE_UNSUPERVISED", "warning", "The service runs, but its supervisor does not watch it.", settles=False
)
HUNG = Code("SERVICE_HUNG", "critical", "The service's process runs but does not answer.", ("*", "node"))
DISABLED = Code("SERVICE_DISABLED", "warning", "The service would not come back after a reboot.", settles=False)
RESTART_PENDING = Code("RESTART_PENDING", "warning", "The service runs with older files than those on disk.")


def _finding(view: ServiceView, code: Code, symptom: str, **more: Any) -> Finding:
    more.setdefault("source", "fact services")
    return Finding(code.name, code.severity, view.subject, symptom, **more)


def manage(view: ServiceView, verb: str) -> str:
    """The command line that applies a verb to this one service."""
    return f"fatecloud {verb} {view.service.id.key}"


def last_errors(view: ServiceView) -> tuple[str, ...]:
    """The service's own last error lines, as evidence; empty where its logs could not be read."""
    logs: Mapping[str, Any] = view.facts.fact("logs").value or {}
    paths = {log.path for log in view.service.logs} | {view.service.process.console}
    found = []
    for path, log in sorted(logs.items()):
        if log and any(path == ours or _under_glob(path, ours) for ours in paths if ours):
            found += [f"{path.rsplit('/', 1)[-1]}: {line}" for line in log.get("errors", ())[-2:]]
    return tuple(found)


def _under_glob(path: str, pattern: str) -> bool:
    return "*" in pattern and path.startswith(pattern.partition("*")[0])


@service_check(ABSENT, after=("MANIFEST_ABSENT",))
def present(view: ServiceView) -> Iterator[Finding]:
    """The supervisor knows the service."""
    if view.state["state"] == "absent":
        yield _finding(
            view,
            ABSENT,
            f"its unit is missing ({view.state['result'] or 'unknown'})",
            cause="this service was never deployed, or its unit was removed or masked",
            remedy=("fatecloud plan", "fatecloud deploy"),
            expected=view.service.id.unit,
            got=str(view.state["result"]),
        )


@service_check(STOPPED, FAILED, RESTARTING, after=("MANIFEST_ABSENT", "SERVICE_ABSENT"))
def running(view: ServiceView) -> Iterator[Finding]:
    """The service's process runs and keeps running."""
    state, kind = view.state, view.state["state"]
    ended = f"exit status {state['exit']}" if state["exit"] is not None else str(state["result"])
    if kind == "failed":
        yield _finding(
            view,
            FAILED,
            f"it failed ({ended})",
            cause=str(state["result"]),
            remedy=(f"fatecloud logs {view.service.id.key}", manage(view, "start")),
            expected="running",
            got=kind,
            evidence=last_errors(view),
        )
    elif kind in ("stopped", "stopping"):
        yield _finding(
            view,
            STOPPED,
            "it is stopped",
            cause=why_stopped(view),
            remedy=(manage(view, "start"),),
            expected="running",
            got=kind,
            evidence=last_errors(view),
        )
    elif _spins(view, state):
        again = f"restarted {state['restarts']} times" if state["restarts"] else "it is being restarted"
        yield _finding(
            view,
            RESTARTING,
            f"it keeps ending ({again}, last {ended})",
            remedy=(f"fatecloud logs {view.service.id.key}",),
            expected="running without restarts",
            got=f"{state['sub']}, {again}",
            evidence=last_errors(view),
        )


@service_check(UNSUPERVISED, after=("MANIFEST_ABSENT",))
def watched(view: ServiceView) -> Iterator[Finding]:
    """A supervisor watches the process and would start it again."""
    if view.state["state"] == "unsupervised":
        yield _finding(
            view,
            UNSUPERVISED,
            f"process {view.state['pid']} runs, but no supervisor watches it",
            cause=str(view.state["result"])
            or "supervisord was killed, and the one that runs now did not start this process",
            remedy=(manage(view, "restart"),),
            expected="supervisord runs it",
            got="a process that would not be started again",
        )


def _spins(view: ServiceView, state: Mapping[str, Any]) -> bool:
    if str(state["sub"]).startswith(("auto-restart", "backoff")):
        return True
    young = state["since"] is not None and view.fact("clock")["epoch"] - state["since"] < _YOUNG_SECONDS
    # A service that keeps ending looks alive in between: a process that was just restarted has to show that it serves.
    return bool(state["restarts"] and young and not _serves(view))


def _serves(view: ServiceView) -> bool:
    if silent_ports(view):
        return False
    answer = view.probe(view.service.readiness).data if view.service.readiness else {"ok": True}
    return isinstance(answer, Mapping) and answer.get("ok") is True


@service_check(
    HUNG, after=("MANIFEST_ABSENT", "SERVICE_ABSENT", "SERVICE_STOPPED", "SERVICE_FAILED", "SERVICE_RESTARTING")
)
def alive(view: ServiceView) -> Iterator[Finding]:
    """The process is not frozen, and its readiness probe comes back in time."""
    state = view.state
    if state["process_state"] in _FROZEN or state["stopped_pids"]:
        pids = state["stopped_pids"] or [state["pid"]]
        yield _finding(
            view,
            HUNG,
            f"process {pids[0]} is frozen (state T)",
            cause="it was stopped by a signal or a debugger",
            remedy=(
                f"kill -CONT {' '.join(str(pid) for pid in pids)}  # on {view.facts.node}",
                manage(view, "restart"),
            ),
            expected="state S or R",
            got=str(state["process_state"]),
            about=view.service.id.key,
        )
        return
    if not view.service.readiness:
        return
    answer = view.probe(view.service.readiness)
    kind = answer.data.get("kind") if isinstance(answer.data, dict) else None
    if kind == "timeout" or (answer.error or "").startswith("timeout"):
        said = answer.error or str(answer.data.get("error", "timeout"))
        yield _finding(
            view,
            HUNG,
            f"process {state['pid']} runs, but does not answer ({said})",
            remedy=(f"fatecloud logs {view.service.id.key}", manage(view, "restart")),
            expected=f"an answer to {view.service.readiness}",
            got=said,
            evidence=last_errors(view),
            source=f"probe {view.service.readiness}",
        )


@service_check(DISABLED, after=("MANIFEST_ABSENT", "SERVICE_ABSENT"))
def enabled(view: ServiceView) -> Iterator[Finding]:
    """The supervisor starts it at boot."""
    if not view.state["enabled"]:
        systemd = view.desired.node(view.facts.node).supervision == "systemd"
        remedy = f"systemctl enable {view.service.id.unit}" if systemd else "fatecloud deploy"
        yield _finding(
            view,
            DISABLED,
            "it would not come back after a reboot",
            remedy=(remedy,),
            expected="enabled",
            got="disabled",
        )


@service_check(
    RESTART_PENDING,
    after=("MANIFEST_ABSENT", "SERVICE_ABSENT", "SERVICE_STOPPED", "SERVICE_FAILED", "FILE_MISSING", "FILE_DRIFTED"),
)
def current(view: ServiceView) -> Iterator[Finding]:
    """The process has read the files that are there now."""
    started, seen = view.state["started"], view.fact("files")
    older = sorted(
        path
        for path, digest in (started or {}).items()
        if seen.get(path) is not None and seen[path]["sha256"] not in (None, digest)
    )
    if older:
        yield _finding(
            view,
            RESTART_PENDING,
            f"it still runs with an older {older[0]}",
            cause="a deployment was interrupted between writing the file and restarting its reader",
            remedy=("fatecloud deploy",),
            expected=f"started with {seen[older[0]]['sha256'][:16]}...",
            got=f"started with {started[older[0]][:16]}...",
            evidence=tuple(older),
        )
