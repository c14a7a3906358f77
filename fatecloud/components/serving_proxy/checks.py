"""What can be wrong with Serving's proxy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fatecloud.components.judging import answer_of, finding, logs, verb
from fatecloud.components.party_routes import BLOCKED, LARGE, blocked, packets_lost, routes_to_parties
from fatecloud.components.serving_proxy.check_partner_models import has_their_parts
from fatecloud.components.serving_proxy.check_shadow import witness
from fatecloud.components.serving_proxy.check_table import no_loop, own_party, own_table
from fatecloud.components.serving_proxy.check_tls import certificate, handshakes, over_tls
from fatecloud.components.serving_proxy.check_waits import waits
from fatecloud.components.serving_proxy.exposures import exposures
from fatecloud.components.serving_proxy.partners import KIND
from fatecloud.components.serving_proxy.probe_state import PLAINTEXT
from fatecloud.components.serving_proxy.service import PEERS, STATE
from fatecloud.components.serving_server.checks import HANGS
from fatecloud.components.serving_server.registry import SERVER
from fatecloud.components.serving_server.want import REGISTRY
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import CHECK, PLAN, PUT_BACK, Ask, Edit, look
from fatecloud.probing.grpc.own_tls import TLS

__all__ = [
    "behind",
    "certificate",
    "exposures",
    "handshakes",
    "has_their_parts",
    "known_servers",
    "no_loop",
    "over_tls",
    "own_party",
    "own_table",
    "passes_on",
    "peers",
    "usable",
    "waits",
    "witness",
]

UNUSABLE = Code(
    "SERVING_PROXY_UNUSABLE",
    "critical",
    "What answers on a port of Serving's proxy does not work as one.",
    ("registry", "node"),
)
PEER_UNREACHABLE = Code(
    "SERVING_PEER_UNREACHABLE",
    "critical",
    "Another party's serving cannot be reached from here.",
    (KIND, "node"),
    outward=True,
)
PEER_SERVER_DOWN = Code(
    "SERVING_PEER_SERVER_DOWN",
    "critical",
    "Another party's proxy answers, and a request through it gets no answer of a server.",
    (KIND, "server", "SERVING_SERVER_DOWN"),
    outward=True,
    far=True,
)
PEER_MTU = Code(
    "SERVING_PEER_MTU",
    "critical",
    "Large packets are lost on the route to another party's serving.",
    (KIND,),
    outward=True,
)


SERVER_UNKNOWN = Code(
    "SERVING_SERVER_UNKNOWN",
    "warning",
    "A server is registered in ZooKeeper that the inventory does not have, and gets requests.",
    ("server",),
)
CONNECTION_LOST = Code(
    "SERVING_CONNECTION_LOST",
    "critical",
    "Another party's server answers, and the own proxy does not get through to it.",
    ("node",),
)


@service_check(UNUSABLE, component="serving-proxy", after=("SERVICE_HUNG",))
def usable(view: ServiceView) -> Iterator[Finding]:
    """It answers at its three ports as Serving's proxy does."""
    answer = answer_of(view, STATE)
    if not answer["ok"] and answer["kind"] not in (*HANGS, PLAINTEXT):
        yield finding(
            view,
            UNUSABLE,
            f"port {answer['port']}: {answer['error']}",
            STATE,
            cause="its files of TLS were changed, and it goes on with those that it read at its start"
            if answer["kind"] == TLS
            else "another program has its port, or it is still waiting for ZooKeeper",
            remedy=(verb(view, "restart"), logs(view), look("fatecloud preflight")),
            expected="an answer of Serving's proxy",
            got=str(answer["kind"]),
        )


@service_check(
    SERVER_UNKNOWN, component="serving-proxy", after=("SERVICE_HUNG", "SERVING_REGISTRY_DOWN", "SERVING_ADDRESS_WRONG")
)
def known_servers(view: ServiceView) -> Iterator[Finding]:
    """No other servers are registered than those of the inventory: requests would go there."""
    answer = answer_of(view, REGISTRY)
    own = [s for s in view.desired.services.values() if s.id.owner == view.service.id.owner]
    known = {where for service in own for where in service.facts.get("registers", {}).values()}
    # Of a node that the inventory has by name, any address will do.
    if not answer["ok"] or "" in known:
        return
    strange = [where or "no address" for where in answer["found"].get(SERVER, []) if where not in known]
    if strange:
        yield finding(
            view,
            SERVER_UNKNOWN,
            f"{', '.join(strange)} is registered as a server, and the inventory has none there",
            REGISTRY,
            cause="a server that was removed or moved still runs, another environment uses this ZooKeeper, or its "
            "entry stayed when it ended",
            remedy=(
                Ask("who runs it", "stop that server, or give it a ZooKeeper of its own"),
                replace(CHECK, when="after a minute: the entry of a server that ended goes with its session"),
            ),
            expected=", ".join(sorted(filter(None, known))),
            got=", ".join(strange),
        )


@service_check(PEER_UNREACHABLE, component="serving-proxy")
def peers(view: ServiceView) -> Iterator[Finding]:
    """Every other party's proxy answers from here."""
    failed = [route for route in routes_to_parties(view, PEERS, KIND) if not route.answer["ok"] and not route.named]
    wrong = [(route, str(route.answer["error"])) for route in failed]
    yield from blocked(
        view,
        PEER_UNREACHABLE,
        wrong,
        PEERS,
        cause=BLOCKED,
        remedy=(
            *(Ask(r.party, f"is your serving-proxy at {r.edge.endpoint}, and open to us?") for r, _ in wrong),
            *(Edit(f"correct `serving` of {r.party}, then deploy", instead=True) for r, _ in wrong),
        ),
        expected="an answer of Serving's proxy",
    )


@service_check(CONNECTION_LOST, component="serving-proxy", after=("SERVICE_HUNG", UNUSABLE.name))
def passes_on(view: ServiceView) -> Iterator[Finding]:
    """What reaches another party's server past the own proxy reaches it through the own proxy, too."""
    lost = [route for route in routes_to_parties(view, PEERS, KIND) if route.answer.get("own")]
    if lost:
        yield finding(
            view,
            CONNECTION_LOST,
            "; ".join(
                f"a request for {r.party} gets {r.answer['behind']['error']}, and past it an answer" for r in lost
            ),
            PEERS,
            cause="the other proxy was away, and this one waits up to two minutes before it connects again; or its "
            "table of routes was changed by hand",
            remedy=(
                replace(CHECK, when="after two minutes"),
                PLAN,
                replace(verb(view, "restart"), when="if it does not heal", instead=True),
            ),
            expected="the answer of a server that it does not have that model",
            got=str(lost[0].answer["behind"]["kind"]),
        )


@service_check(PEER_SERVER_DOWN, PEER_MTU, component="serving-proxy", after=("SERVICE_HUNG", UNUSABLE.name))
def behind(view: ServiceView) -> Iterator[Finding]:
    """A server of every other party answers through both proxies."""
    failed = [
        (route, route.answer["behind"])
        for route in routes_to_parties(view, PEERS, KIND)
        if route.answer["ok"] and not route.answer["behind"]["ok"] and not route.answer.get("own")
    ]
    silent = [(route, str(found["error"])) for route, found in failed if found["kind"] != LARGE]
    yield from blocked(
        view,
        PEER_SERVER_DOWN,
        silent,
        PEERS,
        cause="that party's server is down, the table of routes was changed by hand, or it has another number",
        remedy=(*(Ask(route.party, "do your serving-servers answer?") for route, _ in silent), *PUT_BACK, logs(view)),
        expected="the answer of a server that it does not have that model",
    )
    lost = [(route, str(found["error"])) for route, found in failed if found["kind"] == LARGE]
    yield from packets_lost(view, PEER_MTU, lost, PEERS)
