"""What can be wrong with a nodemanager of any generation."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.clustermanager.exposures import OPEN, exposed
from fatecloud.components.clustermanager.first_beat import CAUSE, INIT, after_a_pause
from fatecloud.components.clustermanager.unreached import KIND, manager_unreached
from fatecloud.components.judging import answer_of, finding, logs, verb
from fatecloud.components.nodemanager.check_eggs import eggs_start, orphans
from fatecloud.components.nodemanager.want import MANAGER, STATE
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding

__all__ = ["eggs_start", "exposures", "manager", "orphans", "registered"]

MANAGER_DOWN = Code(
    "NODEMANAGER_MANAGER_DOWN",
    "critical",
    "The clustermanager does not answer the nodemanager's node.",
    ("manager", "node"),
)
UNREGISTERED = Code(
    "NODEMANAGER_UNREGISTERED",
    "critical",
    "The clustermanager does not count the nodemanager as healthy, and gives it no work.",
    ("manager", "node"),
    noted=True,
)


@service_check(MANAGER_DOWN, component="nodemanager")
def manager(view: ServiceView) -> Iterator[Finding]:
    """The clustermanager answers from here."""
    yield from manager_unreached(view, MANAGER_DOWN, MANAGER)


@service_check(
    UNREGISTERED,
    component="nodemanager",
    after=("SERVICE_HUNG", MANAGER_DOWN.name, "NODEMANAGER_MISDIRECTED", "NODEMANAGER_ADDRESS_WRONG"),
)
def registered(view: ServiceView) -> Iterator[Finding]:
    """The clustermanager has it on its list once, and as healthy."""
    answer = answer_of(view, STATE)
    if not answer["ok"] and answer["kind"] == "unregistered":
        manager = next((edge.target for edge in view.service.edges if edge.kind == KIND), "")
        first = answer["status"] == INIT
        yield finding(
            view,
            UNREGISTERED,
            str(answer["error"]),
            STATE,
            cause=CAUSE if first else "its heartbeats do not arrive, or it registers under another address",
            remedy=(
                logs(view, "nodeHeartbeat"),
                *(after_a_pause(view.service.id.key, manager) if first else (verb(view, "restart"),)),
            ),
            expected=f"{view.service.facts['where']} as HEALTHY, once",
            got=str(answer["status"] or "absent"),
        )


@service_check(OPEN, component="nodemanager", while_down=True)
def exposures(view: ServiceView) -> Iterator[Finding]:
    """Who can start programs through a nodemanager and its eggs."""
    yield exposed(view)
