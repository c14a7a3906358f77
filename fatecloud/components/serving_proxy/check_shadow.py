"""The last witness: a request whose answer is known gets that answer."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import answer_of, finding, logs
from fatecloud.components.serving_proxy.partners import KIND
from fatecloud.components.serving_proxy.probe_shadow import LOOP
from fatecloud.components.serving_proxy.service import SHADOW
from fatecloud.components.serving_server.checks import HANGS
from fatecloud.model.behind import PEER
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, Edit, look

__all__ = ["witness"]

_WAY = (
    "server",
    "redis",
    "registry",
    KIND,
    "node",
    "SERVICE_HUNG",
    "SERVING_PROXY_UNUSABLE",
    "SERVING_SERVER_DOWN",
    "SERVING_CONNECTION_LOST",
    "SERVING_PEER_UNREACHABLE",
    "SERVING_PEER_SERVER_DOWN",
    "SERVING_PEER_MTU",
    "SERVING_PEER_TLS",
    "SERVING_REGISTRY_DOWN",
    "SERVING_OVERLOADED",
)
FAILED = Code(
    "SERVING_SHADOW_FAILED",
    "critical",
    "The request whose answer is known gets no score.",
    _WAY,
    outward=True,
    far=True,
)
WRONG = Code(
    "SERVING_SHADOW_WRONG",
    "critical",
    "The request whose answer is known gets another score.",
    _WAY,
    outward=True,
    far=True,
)


@service_check(FAILED, WRONG, component="serving-proxy")
def witness(view: ServiceView) -> Iterator[Finding]:
    """The request whose answer is known gets that answer. Without such a request there is nothing to judge."""
    known = view.service.facts["shadow"]
    if not known:
        return
    answer, name = answer_of(view, SHADOW), f"the request for {known['service']}"
    score, wanted = float(answer.get("score", 0)), float(known["score"])
    asks = Ask("who publishes its models", f"is {known['service']} still bound to the model that gave the score?")
    if not answer["ok"] and answer["kind"] not in (*HANGS, LOOP):
        yield finding(
            view,
            FAILED,
            f"{name} gets {answer['error']}",
            SHADOW,
            source="request whose answer is known",
            cause="a model is not loaded or bound, a source of features fails, or a server, a proxy or Redis on its "
            "way does not answer, here or at another party",
            remedy=(look("fatecloud check"), logs(view), asks, *_others(view)),
            expected=f"the score {wanted:g}",
            got=str(answer["kind"]),
        )
    elif answer["ok"] and not abs(score - wanted) <= float(known["tolerance"]):
        yield finding(
            view,
            WRONG,
            f"{name} gets the score {score:.12g}, and not {wanted:.12g}",
            SHADOW,
            source="request whose answer is known",
            cause="another model is bound to it, here or at another party, a party's features are others, or a party "
            "adds nothing to the score",
            remedy=(
                look("fatecloud check"),
                asks,
                *_others(view),
                Edit("set `shadow.score` of serving-proxy to the score of the model that is bound now", instead=True),
            ),
            expected=f"{wanted:.12g}, with a tolerance of {known['tolerance']:g}",
            got=f"{score:.12g}",
        )


def _others(view: ServiceView) -> tuple[Ask, ...]:
    """Parties of other inventories: the search for a cause ends at their proxies, so none here clears them."""
    ends = [edge.target for edge in view.service.edges if edge.kind == KIND]
    parties = [end.removeprefix(PEER) for end in ends if end.startswith(PEER)]
    return tuple(
        Ask(f"party {party}", "what does your `fatecloud check` find? We do not see what is behind your proxy")
        for party in parties
    )
