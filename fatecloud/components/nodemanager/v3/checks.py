"""What can be wrong with a nodemanager that shows its settings, as EggRoll 3's do."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import answer_of, finding, verb
from fatecloud.components.nodemanager.want import STATE
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PUT_BACK

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
