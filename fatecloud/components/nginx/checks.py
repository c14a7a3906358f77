"""What can be wrong with an nginx."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import answer_of, finding, verb
from fatecloud.components.nginx.want import PEERS
from fatecloud.components.party_routes import BLOCKED, blocked, flows_behind, routes_to_parties
from fatecloud.model.check import Code, FactAbsent, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, Edit, look

ROUTE_MISSING = Code("NGINX_ROUTE_MISSING", "critical", "The running nginx has no route to a party.")
UPSTREAM_DOWN = Code(
    "NGINX_UPSTREAM_DOWN", "critical", "nginx does not pass requests to its own party's flow.", ("upstream",)
)
PEER_UNREACHABLE = Code(
    "NGINX_PEER_UNREACHABLE",
    "critical",
    "Another party's proxy cannot be reached from here.",
    ("proxy", "node"),
    outward=True,
)
PEER_DENIED = Code(
    "NGINX_PEER_DENIED", "critical", "Another party's proxy lets nothing in from here.", ("proxy",), outward=True
)
PEER_FLOW_DOWN = Code(
    "NGINX_PEER_FLOW_DOWN",
    "critical",
    "Another party's proxy answers, but the flow behind it does not.",
    ("proxy", "peer_flow"),
    outward=True,
)
PEER_MTU = Code(
    "NGINX_PEER_MTU",
    "critical",
    "Large packets are lost on the route to another party's proxy.",
    # Or behind that proxy, as its own check says.
    ("proxy",),
    outward=True,
)


@service_check(ROUTE_MISSING, component="nginx")
def routes(view: ServiceView) -> Iterator[Finding]:
    """The running configuration has a route to every party."""
    answer = answer_of(view, "nginx.http")
    if not answer["ok"]:
        raise FactAbsent(f"probe nginx.http of {view.service.id.key}: {answer['error']}")
    if answer["missing"]:
        missing = ", ".join(answer["missing"])
        yield finding(
            view,
            ROUTE_MISSING,
            f"no route to party {missing}",
            "nginx.http",
            cause="its configuration was changed by hand, or it still runs with an older one",
            remedy=(verb(view, "restart"),),
            expected=", ".join([view.service.id.owner, *sorted(view.service.facts["routes"])]),
            got=f"without {missing}",
        )


@service_check(UPSTREAM_DOWN, component="nginx", after=("NGINX_ROUTE_MISSING",))
def upstream(view: ServiceView) -> Iterator[Finding]:
    """A request for this party reaches flow."""
    answer = answer_of(view, "nginx.upstream")
    if not answer["ok"]:
        flow = next((edge for edge in view.service.edges if edge.kind == "upstream"), None)
        yield finding(
            view,
            UPSTREAM_DOWN,
            f"a request for party {view.service.id.owner} gets {answer['error']}",
            "nginx.upstream",
            cause="flow is down, or nginx sends to another address than flow listens on",
            remedy=(verb(view, "restart"),),
            expected=f"flow at {flow.endpoint}" if flow else "flow",
            got=str(answer["kind"]),
            about=flow.target if flow else "",
        )


@service_check(PEER_UNREACHABLE, PEER_DENIED, component="nginx")
def peers(view: ServiceView) -> Iterator[Finding]:
    """Every other party's proxy answers, lets this party in, and if it names its party, it is the right one."""
    failed = [
        (route, str(route.answer["error"]))
        for route in routes_to_parties(view, PEERS, "proxy")
        if not route.answer["ok"]
    ]
    denied = [(route, error) for route, error in failed if route.answer["kind"] == "denied"]
    wrong = [(route, error) for route, error in failed if route.answer["kind"] != "denied"]
    yield from blocked(
        view,
        PEER_DENIED,
        denied,
        PEERS,
        cause="its inventory names the addresses that requests may come from, and this node's is not among them",
        remedy=tuple(
            Ask(f"party {route.party}", f"add that address to `addresses` of party {view.service.id.owner}")
            for route, _ in denied
        ),
        expected="an answer for every address that this party's requests come from",
    )
    yield from blocked(
        view,
        PEER_UNREACHABLE,
        wrong,
        PEERS,
        cause=BLOCKED,
        remedy=(
            *(look(f"curl -m 5 http://{route.edge.endpoint}/fatecloud/health", view.facts.node) for route, _ in wrong),
            *(
                Ask(f"party {route.party}", f"is its proxy at {route.edge.endpoint}, and open to us?")
                for route, _ in wrong
            ),
            *(Edit(f"correct `proxy` of party {route.party}, then deploy", instead=True) for route, _ in wrong),
        ),
        expected="an HTTP answer for the right party",
    )


@service_check(PEER_FLOW_DOWN, PEER_MTU, component="nginx", after=("NGINX_ROUTE_MISSING",))
def peer_flows(view: ServiceView) -> Iterator[Finding]:
    """Every other party's flow answers a request through both proxies."""
    yield from flows_behind(
        view,
        PEER_FLOW_DOWN,
        PEER_MTU,
        PEERS,
        cause="the proxies are connected; the other flow is down, or its proxy does not pass requests to it",
        expected="flow's answer to a request about an unknown task",
    )
