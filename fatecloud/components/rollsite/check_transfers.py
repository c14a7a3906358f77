"""Whether data of jobs arrive, by what rollsite itself wrote: where not, the hop that lost them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.components.judging import answer_of, finding, logs
from fatecloud.components.party_routes import party_of
from fatecloud.components.rollsite.probe_transfers import MOST
from fatecloud.components.rollsite.want import TRANSFERS
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PLAN, Ask, Remedy, Run

LOST = Code(
    "ROLLSITE_TRANSFERS_LOST",
    "warning",
    "Data of jobs did not get to where they were sent, and rollsite's log says on which hop.",
    (
        "proxy",
        "manager",
        "node",
        "JAVA_OUT_OF_MEMORY",
        "JAVA_WORK_REFUSED",
        "ROLLSITE_CHANNEL_STALE",
        "ROLLSITE_MANAGER_DOWN",
        "ROLLSITE_PEER_MTU",
        "ROLLSITE_PEER_ROUTE_WRONG",
        "ROLLSITE_PEER_UNREACHABLE",
        "ROLLSITE_TABLE_WRONG",
    ),
    outward=True,
)
_AGAIN = 2
"""Times from which on an error counts: eggs push what failed again, first within ten seconds."""
_SHOWN = 5
_HOPS = {
    "own": "this rollsite",
    "table": "this rollsite's table",
    "eggs": "the way from this rollsite to its own party's eggs",
    "network": "the connection to {party}",
    "theirs": "the rollsite of {party}",
}


@service_check(LOST, component="rollsite", after=("SERVICE_HUNG",))
def arrives(view: ServiceView) -> Iterator[Finding]:
    """Nothing that a job sent was lost lately, and nothing is waited for in vain."""
    answer, since = answer_of(view, TRANSFERS), view.state.get("since") or 0.0
    # What was lost at its stop was lost with the job, and what waited then waits no more.
    rows = [_named(view, row) for row in answer["lost"] if row["times"] >= _AGAIN and row["at"] > since]
    pulls = [pull for pull in answer["waiting"] if pull["at"] > since]
    if not rows and not pulls:
        return
    said = [f"{row['times']} pushes failed at {_hop(row)}: {row['error']}" for row in rows]
    number = f"{MOST} or more" if len(pulls) == MOST else f"{len(pulls)}"
    said += [f"{number} pulls have waited for up to {max(p['minutes'] for p in pulls)} min"] if pulls else []
    yield finding(
        view,
        LOST,
        "; ".join(said[:_SHOWN]),
        TRANSFERS,
        source="log of rollsite",
        cause="what is named here failed or was away while data were on their way; a job may wait for them for ever",
        remedy=(*_remedies(view, rows, pulls=bool(pulls)), logs(view, "onError")),
        expected="each push answered by the rollsite of the party that it is for",
        got=", ".join(dict.fromkeys(_hop(row) for row in rows)) or "pulls without their data",
        evidence=tuple(f"{pull['task']}: {'a part has' if pull['some'] else 'nothing has'} arrived" for pull in pulls),
        about=" ".join(f"{party}/" for party in _elsewhere(rows)),
    )


def _named(view: ServiceView, row: dict[str, Any]) -> dict[str, Any]:
    """With the other party, where rollsite did not write to which one it was, and there is only one."""
    others = {party_of(edge.target) for edge in view.service.edges if edge.kind == "proxy"}
    return {**row, "party": row["party"] or (next(iter(others)) if len(others) == 1 else "")}


def _hop(row: Mapping[str, Any]) -> str:
    party = f"party {row['party']}" if row["party"] else "another party"
    return _HOPS.get(str(row["hop"]), "a hop").format(party=party)


def _elsewhere(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """The parties on the way to which, or at which, it was."""
    return tuple(dict.fromkeys(row["party"] for row in rows if row["hop"] in ("network", "theirs") and row["party"]))


def _remedies(view: ServiceView, rows: list[dict[str, Any]], *, pulls: bool) -> Iterator[Remedy]:
    parties = _elsewhere(rows)
    hops = {row["hop"] for row in rows}
    if "table" in hops:
        yield PLAN
    if "eggs" in hops:
        yield Run(f"fatecloud check {view.service.id.owner}/", looks=True)
    for party in parties:
        yield Ask(f"party {party}", "what does your rollsite's log say at that time, and has its JVM lost memory?")
    if pulls and not parties:
        yield Ask("the other parties of these jobs", "what does your rollsite's log say of these pushes?")
    yield Ask(f"the users of party {view.service.id.owner}", "stop jobs that no longer move on, and submit them again")
