"""What can be wrong with eggs: those that cannot start, and those that do not end."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.clustermanager.probe_database import LATELY, MOST
from fatecloud.components.clustermanager.want import DATABASE
from fatecloud.components.judging import answer_of, answer_of_other, finding, neighbour
from fatecloud.components.nodemanager.want import EGG_STARTS
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import OVERWRITE, Remedy, Run, administrator
from fatecloud.model.sizes import size_text
from fatecloud.model.workers import each_worker

EGG_BROKEN = Code(
    "NODEMANAGER_EGG_BROKEN",
    "critical",
    "Eggs cannot start on the node: every job with work there fails after minutes.",
    ("ENVIRONMENT_DAMAGED", "FILE_DRIFTED", "FILE_MISSING", "FILE_MODE", "STORE_DAMAGED", "node"),
    settles=False,
)
ORPHANED = Code(
    "NODEMANAGER_EGGS_ORPHANED",
    "warning",
    "Eggs run on for sessions that have ended, and keep their memory.",
    ("manager", "node"),
)
_SHOWN = 5
"""Of a kind, in one finding."""


@service_check(ORPHANED, component="nodemanager", after=("SERVICE_HUNG", "NODEMANAGER_MANAGER_DOWN"))
def orphans(view: ServiceView) -> Iterator[Finding]:
    """Each egg works for a session that is open, or has ended just now."""
    listed = answer_of_other(view, neighbour(view, "manager"), DATABASE).get("sessions")
    # A list that was cut says nothing about a session that is not on it.
    if listed is None or len(listed) >= MOST or view.service.workers is None:
        return
    known = {session["id"] for session in listed}
    eggs = [
        (session, egg)
        for session, egg in each_worker(view.service.workers, view.state)
        if session not in known and egg["age"] > LATELY
    ]
    if eggs:
        pids = " ".join(str(egg["pid"]) for _, egg in eggs)
        memory = size_text(sum(egg["rss"] or 0 for _, egg in eggs))
        sessions = sorted({session for session, _ in eggs})
        yield finding(
            view,
            ORPHANED,
            f"{len(eggs)} eggs of {len(sessions)} ended sessions still run, with {memory} of memory",
            DATABASE,
            cause="the clustermanager or the nodemanager was away, or too slow, when the sessions ended",
            remedy=(Run(f"kill {pids}", view.facts.node, root=True),),
            expected="no egg without an open session",
            got=", ".join(sessions[:_SHOWN]) + (", ..." if len(sessions) > _SHOWN else ""),
            evidence=tuple(
                f"{egg['pid']}, {egg['age']:.0f} s old: session {session}" for session, egg in eggs[:_SHOWN]
            ),
        )


@service_check(EGG_BROKEN, component="nodemanager", while_down=True)
def eggs_start(view: ServiceView) -> Iterator[Finding]:
    """The user of eggs can read the settings, the scripts and the code, and the interpreter finds what they import."""
    answer, wanted = answer_of(view, EGG_STARTS), str(view.service.facts["python"])
    version = str(answer.get("version", ""))
    other = bool(version) and not f"{version}.".startswith(f"{wanted}.")
    if answer["ok"] and not other:
        return
    kind = "version" if other else str(answer["kind"])
    yield finding(
        view,
        EGG_BROKEN,
        f"the interpreter of eggs is Python {version}" if other else str(answer["error"]),
        EGG_STARTS,
        source="interpreter and settings of eggs",
        cause={
            "config": "the nodemanager's settings were changed by hand, or its user cannot read them",
            "path": "the settings name another place than a deploy does, or files are gone or not readable",
            "timeout": "the disk of its environment hangs or is slow",
        }.get(kind, "the environment of eggs was changed by hand, or is incomplete"),
        remedy=_egg_remedies(view, kind),
        expected=f"Python {wanted} with EggRoll and what it imports, readable for {view.service.user}",
        got=kind,
    )


def _egg_remedies(view: ServiceView, kind: str) -> tuple[Remedy, ...]:
    if kind in ("config", "path"):
        return (OVERWRITE,)
    # What a deploy has made and was changed since is a finding of its own, with the deploy that makes it again.
    return (administrator(view.facts.node, f"let {view.service.user} run what the environment of eggs is made of"),)
