"""Whether this party and the others know each other by their signatures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fatecloud.components.flow.v2.probes import PROXY, SITE, SITES
from fatecloud.components.judging import apply_objects, as_service, finding
from fatecloud.components.party_routes import Route, blocked, routes_to_parties
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import CHECK, DEPLOY, Ask, Remedy, Run, administrator, look

APPS_WRONG = Code("FLOW_SITE_APPS_WRONG", "critical", "Flow's database does not have the apps of the other parties.")
AUTH_REFUSED = Code(
    "FLOW_SITE_AUTH_REFUSED",
    "critical",
    "Another party's flow refuses this party's signature.",
    (SITE, "FLOW_SITE_APPS_WRONG"),
    outward=True,
)
CLOCK_BEHIND = Code(
    "FLOW_SITE_CLOCK_BEHIND",
    "critical",
    "This party's signatures have expired when they reach another party.",
    ("NODE_CLOCK_SKEW",),
    outward=True,
)
LIFE_SECONDS = 60
"""FATE-Flow 2.2.0: a signature that is older is refused. One from the future is taken."""


@service_check(APPS_WRONG, component="flow", after=("FLOW_API_DOWN",))
def apps(view: ServiceView) -> Iterator[Finding]:
    """The own flow knows the app that was issued to each party, and the one that it shows to it."""
    wrong = [(route, str(route.answer["own"])) for route in _routes(view) if route.answer.get("own")]
    if wrong:
        yield finding(
            view,
            APPS_WRONG,
            "; ".join(error for _, error in wrong),
            SITES,
            cause="they were changed by hand, or the database was replaced since they were written",
            remedy=(apply_objects(view), CHECK),
            expected="the apps of its configuration",
            got="; ".join(error for _, error in wrong),
            about=" ".join(f"{route.party}/" for route, _ in wrong),
        )


@service_check(AUTH_REFUSED, CLOCK_BEHIND, component="flow", after=("FLOW_API_DOWN",))
def signatures(view: ServiceView) -> Iterator[Finding]:
    """Every other flow takes the signature of this party."""
    failed = [(route, str(route.answer["error"])) for route in _routes(view) if not route.answer["ok"]]
    refused = [(route, error) for route, error in failed if route.answer["kind"] in ("refused", "headers")]
    own = view.service.id.owner
    yield from blocked(
        view,
        AUTH_REFUSED,
        refused,
        SITES,
        cause="the token that this party shows is not the one that the other party has issued to it, or is missing "
        "on one of the two sides; 5001: a proxy on the route drops the headers of the signature",
        remedy=tuple(dict.fromkeys(line for route, _ in refused for line in _remedy(view, route))),
        expected=f"flow's answer to a request that party {own} has signed",
    )
    yield from blocked(
        view,
        CLOCK_BEHIND,
        [(route, error) for route, error in failed if route.answer["kind"] == "clock"],
        SITES,
        cause=f"the clock of this flow's node is more than {LIFE_SECONDS} s behind the other party's",
        remedy=(
            look("timedatectl", view.facts.node),
            administrator(view.facts.node, "compare with the time at the other party, correct the wrong one"),
        ),
        expected=f"clocks that differ by less than {LIFE_SECONDS} s",
    )


def _routes(view: ServiceView) -> list[Route]:
    has = any(edge.kind == SITE for edge in view.service.edges)
    return routes_to_parties(view, SITES, SITE) if has else []


def _remedy(view: ServiceView, route: Route) -> tuple[Remedy, ...]:
    own, party = view.service.id.owner, route.party
    theirs = view.desired.services.get(route.edge.target)
    if route.answer["kind"] == "headers":
        # Managed proxies pass the headers unless they run with other settings than those in their files.
        proxies = [edge.target for flow in (view.service, theirs) if flow for edge in flow.edges if edge.kind == PROXY]
        restarts = tuple(Run(f"fatecloud restart {key}") for key in proxies if key in view.desired.services)
        return (*restarts, Ask("your network team", f"let all headers pass between here and party {party}"))
    if theirs is not None and theirs.objects is not None:
        return (look(f"fatecloud check {party}/flow"), as_service(theirs, theirs.objects.script))
    token = view.desired.cluster.peers[party].apps[own].token.name
    return (
        Ask(f"party {party}", f"send the id and the token of the app that it issued to party {own}"),
        Run(f"fatecloud secrets rotate {token}", when="to enter the token"),
        replace(DEPLOY, when="then"),
    )
