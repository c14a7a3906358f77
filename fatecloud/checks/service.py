"""Checks of a service's process, whatever component it is: there, running, alive, enabled, current."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.checks.listeners import silent_ports
from fatecloud.checks.settle import waits_to_restart
from fatecloud.checks.stopped import migrates, why_stopped
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding

YOUNG_SECONDS = 60.0
"""How long a process that came after one that ended by itself has to live, to be one that stays."""
_TRIAL_SECONDS = 300.0
"""After a start by fatecloud: what ends by itself within that time was started into a fault."""
_EXPLAINED = ("PORT_STOLEN", "FILE_MISSING", "*", "node")

ABSENT = Code("SERVICE_ABSENT", "critical", "The service's unit is not on the node.", settles=False, away=True)
STOPPED = Code("SERVICE_STOPPED", "critical", "The service is not running.", away=True)
FAILED = Code(
    "SERVICE_FAILED", "critical", "The service could not be started or ended with an error.", _EXPLAINED, away=True
)
RESTARTING = Code(
    "SERVICE_RESTARTING", "critical", "The service keeps ending and is restarted each time.", _EXPLAINED, away=True
)
UNSUPERVISED = Code(
    "SERVICE_UNSUPERVISED", "warning", "The service runs, but its supervisor does not watch it.", settles=False
)
DISABLED = Code("SERVICE_DISABLED", "warning", "The service would not come back after a reboot.", settles=False)
RESTART_PENDING = Code("RESTART_PENDING", "warning", "The service runs with older files than those on disk.")


def finding(view: ServiceView, code: Code, symptom: str, **more: Any) -> Finding:
    """A finding about the view's service, which rests on the fact `services` where nothing else is said."""
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
        yield finding(
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
        yield finding(
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
        yield finding(
            view,
            STOPPED,
            "it is stopped",
            cause=why_stopped(view),
            remedy=("fatecloud deploy",) if migrates(view) else (manage(view, "start"),),
            expected="running",
            got=kind,
            evidence=last_errors(view),
        )
    elif _spins(view, state):
        again = f"restarted {state['restarts']} times" if state["restarts"] else "it is being restarted"
        yield finding(
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
        yield finding(
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
    if waits_to_restart(state):
        return True
    young = state["since"] is not None and view.fact("clock")["epoch"] - state["since"] < YOUNG_SECONDS
    # A service that keeps ending looks alive in between: a process that was just restarted has to show that it serves.
    # After our own start that is not enough: what it needs was there before it, so only a fault made it end.
    return bool(state["restarts"] and young and (_on_trial(view) or not _serves(view)))


def _on_trial(view: ServiceView) -> bool:
    """Whether a run of fatecloud started the service a short while ago."""
    record = (view.facts.fact("manifest").value or {}).get("services", {}).get(view.service.id.key, {})
    return bool(0 <= view.fact("clock")["epoch"] - record.get("at", 0) < _TRIAL_SECONDS)


def _serves(view: ServiceView) -> bool:
    if silent_ports(view):
        return False
    answer = view.probe(view.service.readiness).data if view.service.readiness else {"ok": True}
    return isinstance(answer, Mapping) and answer.get("ok") is True


@service_check(DISABLED, after=("MANIFEST_ABSENT", "SERVICE_ABSENT"))
def enabled(view: ServiceView) -> Iterator[Finding]:
    """The supervisor starts it at boot."""
    if not view.state["enabled"]:
        systemd = view.desired.node(view.facts.node).supervision == "systemd"
        remedy = f"systemctl enable {view.service.id.unit}" if systemd else "fatecloud deploy"
        yield finding(
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
        yield finding(
            view,
            RESTART_PENDING,
            f"it still runs with an older {older[0]}",
            cause="a deployment was interrupted between writing the file and restarting its reader",
            remedy=("fatecloud deploy",),
            expected=f"started with {seen[older[0]]['sha256'][:16]}...",
            got=f"started with {started[older[0]][:16]}...",
            evidence=tuple(older),
        )
