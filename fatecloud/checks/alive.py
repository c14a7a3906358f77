"""Checks of a service's processes: whether the main one does its work, and apart from it those that it started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fatecloud.checks.evidence import last_errors
from fatecloud.checks.service import finding, manage, show_logs
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding, probe_source
from fatecloud.model.remedy import Remedy, Run, administrator, look

_SHOWN, _COMMAND = 5, 200
"""Processes in the evidence, and characters of the command line of each."""

HUNG = Code("SERVICE_HUNG", "critical", "The service's process runs but does not answer.", ("*", "node"), away=True)
CHILD_FROZEN = Code(
    "SERVICE_CHILD_FROZEN",
    "warning",
    "A process that the service started is stopped, and the service works.",
    settles=False,
)

_UP = (
    "MANIFEST_ABSENT",
    "SERVICE_ABSENT",
    "SERVICE_STOPPED",
    "SERVICE_FAILED",
    "SERVICE_RESTARTING",
    "SERVICE_CRASHED",
    "SERVICE_USER_MISSING",
)


@service_check(HUNG, after=_UP)
def alive(view: ServiceView) -> Iterator[Finding]:
    """The main process is not frozen, and the service's readiness probe comes back in time."""
    main, still = view.state["main"] or {}, _still(view)
    if main.get("frozen"):
        yield finding(
            view,
            HUNG,
            f"its main process {main['pid']} is stopped (state {main['state']})",
            cause=_who_stopped(main),
            remedy=_let_go_or_restart(view, [main, *still]),
            expected="state S or R",
            got=str(main["state"]),
            evidence=_rows(still),
            # Frozen by someone's hand: the fault of a neighbour does not explain it.
            about=view.service.id.key,
        )
        return
    if not view.service.readiness:
        return
    answer = view.probe(view.service.readiness)
    if answer.late:
        said = answer.error or str(answer.data.get("error", "timeout"))
        yield finding(
            view,
            HUNG,
            f"process {view.state['pid']} runs, but does not answer ({said})",
            cause=f"{_counted(view, still)} stopped, and it may wait for what they do" if still else "",
            remedy=(show_logs(view), *_let_go_or_restart(view, still)),
            expected=f"an answer to {view.service.readiness}",
            got=said,
            evidence=(*_rows(still), *last_errors(view)),
            source=probe_source(view.service.readiness),
        )


@service_check(CHILD_FROZEN, after=(*_UP, "SERVICE_HUNG"))
def children_move(view: ServiceView) -> Iterator[Finding]:
    """None of the processes that the service started is stopped. One that is traced runs between its system calls."""
    still = _still(view)
    if still:
        yield finding(
            view,
            CHILD_FROZEN,
            f"{_counted(view, still)} stopped; what waits for them does not go on",
            cause=_who_stopped(still[0]),
            remedy=_let_go(view, still),
            expected="state S or R",
            got=", ".join(sorted({str(child["state"]) for child in still})),
            evidence=_rows(still),
        )


def _still(view: ServiceView) -> list[Mapping[str, Any]]:
    """The children that are stopped, and did not run while the collector looked."""
    return [child for child in view.state["children"] if child["frozen"]]


def _counted(view: ServiceView, still: Sequence[Mapping[str, Any]]) -> str:
    return f"{len(still)} of its {view.state['processes']} processes {'is' if len(still) == 1 else 'are'}"


def _who_stopped(process: Mapping[str, Any]) -> str:
    return "a debugger or tracer holds it" if process["state"] == "t" else "it was stopped by a signal"


def _let_go(view: ServiceView, still: Sequence[Mapping[str, Any]]) -> tuple[Remedy, ...]:
    """What lets stopped processes go on: a signal reaches none that is traced."""
    node = view.facts.node
    # A signal does not let a traced process go on: its tracer holds it.
    signalled = " ".join(str(process["pid"]) for process in still if process["state"] == "T")
    traced = " ".join(f"/proc/{process['pid']}/status" for process in still if process["state"] == "t")
    return (
        *((Run(f"kill -CONT {signalled}", node, root=True),) if signalled else ()),
        *((look(f"grep TracerPid {traced}", node), administrator(node, "end that tracer")) if traced else ()),
    )


def _let_go_or_restart(view: ServiceView, still: Sequence[Mapping[str, Any]]) -> tuple[Remedy, ...]:
    """A restart ends what the service does; where its processes can go on, it is the other way."""
    let_go = _let_go(view, still)
    return (*let_go, replace(manage(view, "restart"), instead=bool(let_go)))


def _rows(processes: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """A line for each process, with an end to their number."""
    more = (f"and {len(processes) - _SHOWN} more",) if len(processes) > _SHOWN else ()
    rows = (f"{p['pid']} {p['state']}, {p['age']:.0f} s old: {p['command'][:_COMMAND]}" for p in processes[:_SHOWN])
    return (*rows, *more)
