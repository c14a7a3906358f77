"""What can be wrong with sessions: those that wait for ever, and those whose eggs are gone."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.components.clustermanager.want import DATABASE
from fatecloud.components.judging import answer_of, finding
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Run

SESSION_STUCK = Code(
    "CLUSTERMANAGER_SESSION_STUCK",
    "warning",
    "A session still waits for its eggs after the time that EggRoll gives them, and no one ends it.",
    ("node",),
)
SESSION_DEAD = Code(
    "CLUSTERMANAGER_SESSION_DEAD",
    "critical",
    "A session counts as active, and eggs of it are gone: the job that works with it never ends.",
    ("worker", "node"),
)
_GRACE, _SHOWN = 60, 5
"""Seconds after which a session that did not start has ended, and sessions in one finding."""
_RECOVERY = 150.0
"""Seconds after the start of a nodemanager within which EggRoll itself sees what it has lost: its connection is tried
again after up to two minutes."""
_AGAIN, _FORGOTTEN = 20.0, 900.0
"""Seconds between two looks that make a loss certain, and after which a look no longer counts."""
_MOST = 5000
"""Processes of a service that the collector names."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A session of which eggs are gone."""

    session: str
    eggs: int
    """That EggRoll believes to run."""
    gone: int
    nodes: tuple[str, ...]
    """Keys of the nodemanagers where they were."""
    certain: bool
    """Whether what ran them has ended since the session began. Else it may have ended in the moment of the look."""


@service_check(SESSION_STUCK, component="clustermanager", after=("CLUSTERMANAGER_DATABASE",))
def sessions_start(view: ServiceView) -> Iterator[Finding]:
    """No session has waited longer for its eggs than the clustermanager waits: it ends those, unless it was away."""
    answer = answer_of(view, DATABASE)
    limit = int(view.service.facts["start"]) + _GRACE
    rows = answer["sessions"] if answer["ok"] else ()
    stuck = [row for row in rows if row["status"] == "NEW" and row["age"] > limit]
    if stuck:
        yield finding(
            view,
            SESSION_STUCK,
            f"{len(stuck)} sessions wait for their eggs, the oldest for {stuck[0]['age']:.0f} s",
            DATABASE,
            cause="the clustermanager ended or was restarted while they started",
            remedy=tuple(
                Run(f"fatecloud session kill {shlex.quote(row['id'])} --owner {view.service.id.owner}")
                for row in stuck[:_SHOWN]
            ),
            expected=f"each ACTIVE, or ended, within {limit} s",
            got="NEW",
            evidence=tuple(f"{row['id']}: {row['active']} of {row['total']} eggs" for row in stuck[:_SHOWN]),
        )


def gone(view: ServiceView) -> Mapping[str, float]:
    """How many eggs of each session are gone: the samples of the check."""
    return {_name(lost.session): float(lost.gone) for lost in _lost(view)}


@service_check(SESSION_DEAD, component="clustermanager", after=("CLUSTERMANAGER_DATABASE",), samples=gone)
def eggs_live(view: ServiceView) -> Iterator[Finding]:
    """The eggs that EggRoll believes to run do run. Its own look stops at the first nodemanager that is down."""
    dead = [lost for lost in _lost(view) if lost.certain or seen_before(view, _name(lost.session))]
    if dead:
        where = sorted({key for lost in dead for key in lost.nodes})
        yield finding(
            view,
            SESSION_DEAD,
            f"{len(dead)} active sessions have lost eggs, {dead[0].session} {dead[0].gone} of {dead[0].eggs}",
            DATABASE,
            cause="their nodemanager or its node ended with them, and EggRoll goes on to believe that they run",
            remedy=tuple(
                Run(f"fatecloud session kill {shlex.quote(lost.session)} --owner {view.service.id.owner}")
                for lost in dead[:_SHOWN]
            ),
            expected="a process for each egg",
            got=f"{sum(lost.gone for lost in dead)} without one",
            evidence=tuple(
                f"{lost.session}: {lost.gone} of {lost.eggs} eggs are gone, on {', '.join(lost.nodes)}"
                for lost in dead[:_SHOWN]
            ),
            about=" ".join(where),
        )


def _lost(view: ServiceView) -> Iterator[Lost]:
    answer = answer_of(view, DATABASE)
    keys = {where: key for key, where in view.service.facts["nodes"].items()}
    ages = {session["id"]: session["age"] for session in answer.get("sessions", ())}
    eggs: Mapping[str, Mapping[str, list[int]]] = answer.get("eggs", {})
    for session, places in sorted(eggs.items()):
        there = {keys[where]: pids for where, pids in places.items() if where in keys}
        missing = {key: n for key, pids in there.items() if (n := _missing(view, key, pids))}
        if missing:
            certain = any(_began_later(view, key, ages.get(session, 0.0)) for key in missing)
            number = sum(map(len, places.values()))
            yield Lost(session, number, sum(missing.values()), tuple(sorted(missing)), certain)


def _missing(view: ServiceView, key: str, pids: list[int]) -> int:
    """How many of these processes are not among those of a nodemanager; 0 where that is not known."""
    service = view.desired.services.get(key)
    # Under supervisor eggs outlive their nodemanager, and no one knows whose they are.
    if service is None or view.desired.node(service.id.node).supervision != "systemd":
        return 0
    state, now = state_at(view, key) or {}, clock_at(view, key)
    known, since = state.get("pids"), state.get("since")
    if known is None or len(known) >= _MOST or (since is not None and now - since < _RECOVERY):
        return 0
    return len(set(pids) - set(known))


def _began_later(view: ServiceView, key: str, age: float) -> bool:
    """Whether a nodemanager does not run, or began after a session of this age: its eggs have ended with it."""
    state = state_at(view, key) or {}
    since = state.get("since")
    return state.get("pid") is None or (since is not None and since > clock_at(view, key) - age)


def clock_at(view: ServiceView, key: str) -> float:
    """Seconds since the epoch, by the clock of a service's node."""
    seen = view.observed.reached(view.desired.services[key].id.node)
    clock = seen.fact("clock").value if seen else None
    return float(clock["epoch"]) if clock else view.observed.taken


def state_at(view: ServiceView, key: str) -> Mapping[str, Any] | None:
    """What its node says of a service; None where that is not known."""
    seen = view.observed.reached(view.desired.services[key].id.node)
    states = seen.fact("services").value if seen else None
    found: Mapping[str, Any] | None = (states or {}).get(key)
    return found


def seen_before(view: ServiceView, name: str) -> bool:
    """Whether an earlier look of late saw the same: a session that ended while it was read is gone by then.

    Args:
        view: of the check.
        name: of the sample that such a look leaves.
    """
    now = view.observed.taken
    return any(_AGAIN <= now - sample.time <= _FORGOTTEN for sample in view.history(name))


def _name(session: str) -> str:
    return f"lost {session}"
