"""Checks of data directories: a service's data are where they were when they were marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.model.check import Code, FactAbsent, ServiceView, Unjudged, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.marks import DataState, data_state
from fatecloud.model.remedy import Run, administrator, look

NOT_THERE = Code(
    "DATA_NOT_THERE",
    "critical",
    "A service's data are not where they were; often a disk is not mounted.",
    explains=(
        "SERVICE_STOPPED",
        "SERVICE_FAILED",
        "SERVICE_RESTARTING",
        "SERVICE_CRASHED",
        "SERVICE_HUNG",
        "FILE_MISSING",
        "FILE_MODE",
    ),
    settles=False,
)
MOVED = Code(
    "DATA_MOVED",
    "warning",
    "A service's data are on a different file system than when they were marked.",
    settles=False,
)


@service_check(NOT_THERE, MOVED)
def data_there(view: ServiceView) -> Iterator[Finding]:
    """The data directory has the mark of the service's own data."""
    # A service that keeps nothing has no mark.
    if not view.service.signs:
        return
    view.require_deployed("data")
    state, key = _state(view), view.service.id.key
    if state.blocks:
        yield _finding(
            view,
            NOT_THERE,
            _symptom(state),
            cause=_CAUSES[state.state],
            remedy=(
                look(f"findmnt --target {state.path}", view.facts.node),
                administrator(view.facts.node, "mount the disk that is missing"),
                Run(f"fatecloud deploy --adopt-data {key}", when="when the data are restored by hand", instead=True),
                Run(f"fatecloud deploy --new-data {key}", when="to abandon the old data and start empty", instead=True),
            ),
            expected=f"the mark of its data in {state.path}" + (f", on {state.then}" if state.then else ""),
            got=f"{state.found} on {state.now}",
        )
    elif state.moved:
        yield _finding(
            view,
            MOVED,
            f"{state.path} is on another file system than before",
            cause="the data were copied to another disk, or an older copy of the disk is mounted",
            remedy=(Run(f"fatecloud deploy --adopt-data {key}", when="if these are the right data"),),
            expected=state.then,
            got=state.now,
        )


_CAUSES = {
    "gone": "a disk is not mounted, or the directory was removed or restored by hand",
    "other": "the directory holds the data of another service",
    "pending": "the data were restored by hand, but the deploy that accepts them did not finish",
}


def lacks_its_data(view: ServiceView) -> bool:
    """Whether a service is not started for that reason; False where nothing was read of its data."""
    try:
        return bool(view.service.signs) and _state(view).blocks
    except (FactAbsent, Unjudged):
        return False


def _symptom(state: DataState) -> str:
    if state.state == "gone":
        return f"its data are not in {state.path}, which is {state.found} on {state.now}"
    if state.state == "other":
        return f"{state.path} has the mark of other data"
    return f"the data in {state.path} were restored, but never accepted"


def _state(view: ServiceView) -> DataState:
    ident = view.service.id
    seen = view.fact("data").get(ident.key)
    if seen is None:
        raise FactAbsent(f"data: nothing about {ident.key}")
    manifest: Mapping[str, Any] = view.fact("manifest") or {}
    return data_state(seen, manifest.get("data", {}).get(ident.key), ident.stamp)


def _finding(view: ServiceView, code: Code, symptom: str, **more: Any) -> Finding:
    return Finding(code.name, code.severity, view.subject, symptom, source="fact data", **more)
