"""What can be wrong with the table of routes of Serving's proxy, and with whose party it takes itself for."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import answer_of, finding
from fatecloud.components.serving_proxy.service import TABLE
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PUT_BACK

__all__ = ["no_loop", "own_party", "own_table"]

_SHOWN = 5
_SAMPLE = "9999"
_SOURCE = "table of routes of the proxy"
_EFFECTS = (
    "FILE_DRIFTED",
    "SERVING_CONNECTION_LOST",
    "SERVING_PEER_MTU",
    "SERVING_PEER_SERVER_DOWN",
    "SERVING_PEER_TLS",
    "SERVING_SHADOW_FAILED",
)
"""A finding that names the edited value leads before one that says that a file is another one."""
PARTY_WRONG = Code(
    "SERVING_PARTY_WRONG",
    "critical",
    "Serving's proxy takes itself for another party's.",
    explains=(*_EFFECTS, "RESTART_PENDING", "SERVING_TABLE_WRONG"),
    settles=False,
)
ROUTE_LOOPS = Code(
    "SERVING_ROUTE_LOOPS",
    "critical",
    "The table of routes of Serving's proxy sends a party's requests back to this proxy, again and again.",
    explains=(*_EFFECTS, "SERVICE_HUNG", "SERVING_PROXY_UNUSABLE", "SERVING_OVERLOADED", "JAVA_WORK_REFUSED"),
    settles=False,
)
TABLE_WRONG = Code(
    "SERVING_TABLE_WRONG",
    "critical",
    "The table of routes of Serving's proxy leads to other places than the inventory says, or cannot be read.",
    explains=_EFFECTS,
    settles=False,
)


@service_check(PARTY_WRONG, component="serving-proxy", while_down=True)
def own_party(view: ServiceView) -> Iterator[Finding]:
    """It takes itself for its own party's."""
    found, own = answer_of(view, TABLE).get("party"), view.service.facts["party"]
    if found is not None:
        yield finding(
            view,
            PARTY_WRONG,
            f"coordinator is {found}, and it is the proxy of party {own}",
            TABLE,
            source="settings of the proxy",
            cause="it has the value that upstream ships" if found == _SAMPLE else "it was changed by hand",
            remedy=PUT_BACK,
            expected=own,
            got=found,
        )


@service_check(ROUTE_LOOPS, component="serving-proxy", while_down=True)
def no_loop(view: ServiceView) -> Iterator[Finding]:
    """No entry of its table leads to itself: a packet would go round, and each round takes a thread."""
    loops = answer_of(view, TABLE).get("loops", [])
    if loops:
        yield finding(
            view,
            ROUTE_LOOPS,
            f"{'; '.join(loops[:_SHOWN])}, which is this proxy itself",
            TABLE,
            source=_SOURCE,
            cause="the table that upstream ships has such an entry for all parties that it does not know, or it was "
            "changed by hand; with it, the proxy answers for a party that it has no way to",
            remedy=PUT_BACK,
            expected="an address of that party's proxy, and no entry for unknown parties",
            got=f"{len(loops)} entries that lead back",
        )


@service_check(TABLE_WRONG, component="serving-proxy", after=(ROUTE_LOOPS.name,), while_down=True)
def own_table(view: ServiceView) -> Iterator[Finding]:
    """Its table can be read, and leads where the inventory says."""
    answer = answer_of(view, TABLE)
    wrong = answer["wrong"] if answer["ok"] else [str(answer["error"])]
    if wrong:
        yield finding(
            view,
            TABLE_WRONG,
            "; ".join(wrong[:_SHOWN]),
            TABLE,
            source=_SOURCE,
            cause="it was changed by hand, or on the admin's page"
            if answer["ok"]
            else "it was changed by hand; the proxy goes on with the one before, and has none after its next start",
            remedy=PUT_BACK,
            expected="the table that a deploy wrote",
            got=f"{len(wrong)} differences" if answer["ok"] else str(answer["kind"]),
        )
