"""Checks of a service's process, whatever component it is: there, running, alive, enabled, current."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from fatecloud.checks.evidence import how_it_ended, last_errors
from fatecloud.checks.listeners import silent_ports
from fatecloud.checks.settle import waits_to_restart
from fatecloud.checks.stopped import left_by_boot, migrates, why_stopped
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.duration import duration_text
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import DEPLOY, REDEPLOY, Run, logs_of_service

YOUNG_SECONDS = 60.0
"""How long a process that came after one that ended by itself has to live, to be one that stays."""
_TRIAL_SECONDS = 300.0
"""After a start by fatecloud: what ends by itself within that time was started into a fault."""
_EXPLAINED = ("PORT_STOLEN", "FILE_MISSING", "*", "node")

ABSENT = Code(
    "SERVICE_ABSENT",
    "critical",
    "The service's unit is not on the node.",
    ("FILE_MISSING", "FILE_DRIFTED"),
    settles=False,
    away=True,
)
STOPPED = Code("SERVICE_STOPPED", "critical", "The service is not running.", ("*", "node"), away=True)
FAILED = Code(
    "SERVICE_FAILED", "critical", "The service could not be started or ended with an error.", _EXPLAINED, away=True
)
RESTARTING = Code(
    "SERVICE_RESTARTING", "critical", "The service keeps ending and is restarted each time.", _EXPLAINED, away=True
)
CRASHED = Code(
    "SERVICE_CRASHED",
    "critical",
    "The service ended by itself once, and it is not certain that it is back.",
    _EXPLAINED,
    away=True,
)
UNSUPERVISED = Code(
    "SERVICE_UNSUPERVISED",
    "warning",
    "The service runs, but its supervisor does not watch it.",
    ("FILE_MISSING",),
    settles=False,
)
TWICE = Code(
    "SERVICE_TWICE",
    "critical",
    "A second copy of the service runs on its node, and answers or reports in its name.",
    settles=False,
)
DISABLED = Code(
    "SERVICE_DISABLED",
    "warning",
    "The service would not come back after a reboot.",
    # Under supervisor its own file says whether it starts.
    ("FILE_MISSING", "FILE_DRIFTED"),
    settles=False,
)
RESTART_PENDING = Code(
    "RESTART_PENDING", "warning", "The service runs with older files than those on disk.", underlies=True
)


def finding(view: ServiceView, code: Code, symptom: str, **more: Any) -> Finding:
    """A finding about the view's service, which rests on the fact `services` where nothing else is said."""
    more.setdefault("source", "fact services")
    return Finding(code.name, code.severity, view.subject, symptom, **more)


def manage(view: ServiceView, verb: str) -> Run:
    """The command that applies a verb to this one service."""
    return Run(f"fatecloud {verb} {view.service.id.key}")


def show_logs(view: ServiceView) -> Run:
    """The command that shows the logs of this one service."""
    return logs_of_service(view.service.id.key)


@service_check(ABSENT, after=("MANIFEST_ABSENT",))
def present(view: ServiceView) -> Iterator[Finding]:
    """The supervisor knows the service."""
    if view.state["state"] == "absent":
        yield finding(
            view,
            ABSENT,
            f"its unit is missing ({view.state['result'] or 'unknown'})"
            + (f", and its process {view.state['pid']} runs on" if view.state["pid"] else ""),
            cause="this service was never deployed, or its unit was removed or masked",
            remedy=REDEPLOY,
            expected=view.service.id.unit,
            got=str(view.state["result"]),
        )


@service_check(STOPPED, FAILED, RESTARTING, CRASHED, after=("MANIFEST_ABSENT", "SERVICE_ABSENT"))
def running(view: ServiceView) -> Iterator[Finding]:
    """The service's process runs and keeps running."""
    state, kind = view.state, view.state["state"]
    ended = how_it_ended(state)
    if kind == "failed":
        yield finding(
            view,
            FAILED,
            f"it failed ({ended})",
            cause=str(state["result"]),
            remedy=(show_logs(view), manage(view, "start")),
            expected="running",
            got=kind,
            evidence=last_errors(view),
            began=state.get("last_start"),
        )
    elif kind in ("stopped", "stopping"):
        yield finding(
            view,
            STOPPED,
            "it is stopped",
            cause=why_stopped(view),
            remedy=(DEPLOY,) if migrates(view) else (manage(view, "start"),),
            expected="running",
            got=kind,
            evidence=last_errors(view),
            # By someone's hand: what ends by itself is failed, or started again. A boot waits for what a service needs.
            about="" if left_by_boot(view) else view.service.id.key,
        )
    elif _spins(view, state):
        once = _ends(state) == 1
        again = f"restarted {state['restarts']} times" if state["restarts"] else "it is being restarted"
        keeps, back = f"it keeps ending ({again}, last {ended})", f"it ended once ({ended}{_ago(view, state)})"
        since = "it is not back yet" if waits_to_restart(state) else "it has only just been started again"
        yield finding(
            view,
            CRASHED if once else RESTARTING,
            f"{back}: {since}" if once else keeps,
            remedy=(show_logs(view), replace(manage(view, "restart"), when="when the cause in its log is removed")),
            expected="running" if once else "running without restarts",
            got=f"{state['sub']}, {'one end' if once else again}",
            evidence=last_errors(view),
            # What was changed after this start was not read by the process that ended.
            began=state.get("last_start"),
        )


@service_check(TWICE, after=("MANIFEST_ABSENT",))
def once(view: ServiceView) -> Iterator[Finding]:
    """No second copy of the service runs beside it, which its supervisor did not start."""
    others = view.state.get("twins", ())
    if others:
        yield finding(
            view,
            TWICE,
            f"process {others[0]['pid']} of user {others[0]['user']} is a second copy of it"
            + (f", and there are {len(others) - 1} more" if others[1:] else ""),
            cause="it was started by hand, by a script of the software or by another installation of it",
            remedy=(
                Run(f"kill {' '.join(str(other['pid']) for other in others)}", view.facts.node, root=True),
                manage(view, "restart"),
            ),
            expected="the process of its supervisor alone",
            got=f"{len(others)} beside it",
            evidence=tuple(f"{other['pid']} {other['user']}: {other['command']}" for other in others),
            # No fault of a neighbour explains it.
            about=view.service.id.key,
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


def _ends(state: Mapping[str, Any]) -> int | None:
    """How often it ended by itself lately; None where that is not known."""
    if state.get("ended"):
        return int(state["ended"]["count"])
    if state["restarts"] is None:
        return None
    # systemd counts a restart when it begins, and so not yet while it waits for it.
    return max(1, int(state["restarts"]) + (waits_to_restart(state) and not state["sub"].startswith("backoff")))


def _ago(view: ServiceView, state: Mapping[str, Any]) -> str:
    at = (state.get("ended") or {}).get("at")
    return f", {duration_text(max(0.0, view.fact('clock')['epoch'] - at))} ago" if at is not None else ""


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
        enable = Run(f"systemctl enable {view.service.id.unit}", view.facts.node, root=True)
        yield finding(
            view,
            DISABLED,
            "it would not come back after a reboot",
            remedy=(enable if systemd else DEPLOY,),
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
            remedy=(DEPLOY,),
            expected=f"started with {seen[older[0]]['sha256'][:16]}...",
            got=f"started with {started[older[0]][:16]}...",
            evidence=tuple(older),
        )
