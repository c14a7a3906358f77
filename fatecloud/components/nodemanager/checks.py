"""What can be wrong with a nodemanager."""

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
from fatecloud.model.remedy import PUT_BACK

__all__ = ["directed", "eggs_start", "exposures", "manager", "orphans", "registered", "registers"]

MANAGER_DOWN = Code(
    "NODEMANAGER_MANAGER_DOWN",
    "critical",
    "The clustermanager does not answer the nodemanager's node.",
    ("manager", "node"),
)
MISDIRECTED = Code(
    "NODEMANAGER_MISDIRECTED",
    "critical",
    "The running nodemanager reports to another clustermanager than the inventory's.",
    ("FILE_DRIFTED", "RESTART_PENDING"),
    settles=False,
    underlies=True,
)
ADDRESS_WRONG = Code(
    "NODEMANAGER_ADDRESS_WRONG",
    "critical",
    "The running nodemanager registers under another address than the inventory's: others look for its eggs there.",
    ("FILE_DRIFTED", "RESTART_PENDING"),
    settles=False,
    underlies=True,
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


@service_check(MISDIRECTED, component="nodemanager", after=("SERVICE_HUNG",))
def directed(view: ServiceView) -> Iterator[Finding]:
    """It says that it reports to the clustermanager of the inventory."""
    wanted, said = view.service.facts["manager"], answer_of(view, STATE).get("manager", "")
    if said and said != wanted:
        yield finding(
            view,
            MISDIRECTED,
            f"it reports to {said}, and the clustermanager is at {wanted}",
            STATE,
            cause="it runs with settings that were changed by hand, or with older ones",
            remedy=(*PUT_BACK, verb(view, "restart")),
            expected=wanted,
            got=said,
        )


@service_check(ADDRESS_WRONG, component="nodemanager", after=("SERVICE_HUNG",))
def registers(view: ServiceView) -> Iterator[Finding]:
    """It says that it registers under the inventory's address."""
    wanted, said = view.service.facts["where"], answer_of(view, STATE).get("registers", "")
    if said and said != wanted:
        yield finding(
            view,
            ADDRESS_WRONG,
            f"it registers as {said}, and all others reach it at {wanted}",
            STATE,
            cause="it runs with settings that were changed by hand, or with older ones",
            remedy=(*PUT_BACK, verb(view, "restart")),
            expected=wanted,
            got=said,
        )


@service_check(
    UNREGISTERED,
    component="nodemanager",
    after=("SERVICE_HUNG", MANAGER_DOWN.name, MISDIRECTED.name, ADDRESS_WRONG.name),
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
