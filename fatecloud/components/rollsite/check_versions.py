"""Whether the other parties have a version of FATE with which jobs run."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.party_routes import Route, blocked, routes_to_parties
from fatecloud.components.rollsite.stale import VERSION
from fatecloud.components.rollsite.want import PEERS
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask

APART = Code(
    "ROLLSITE_PEER_VERSION",
    "critical",
    "Another party has a version of FATE with which no job of this party's runs.",
    outward=True,
)
_OTHER_API = "2"


@service_check(APART, component="rollsite", after=("ROLLSITE_UNUSABLE",))
def versions(view: ServiceView) -> Iterator[Finding]:
    """The flow of each other party, by what it says over both rollsites, is of a version with which jobs run."""
    release = view.desired.release_of(view.service.id)
    known = [(route, version) for route in routes_to_parties(view, PEERS, "proxy") if (version := _version(route))]
    apart = [(route, why) for route, version in known if (why := release.apart_from(version))]
    yield from blocked(
        view,
        APART,
        apart,
        PEERS,
        cause="one of the two was upgraded, or they were never agreed on",
        remedy=tuple(
            Ask(f"party {route.party}", f"agree on one version: ours is FATE {release.fate}") for route, _ in apart
        ),
        expected=f"a version that works with FATE {release.fate}",
    )


def _version(route: Route) -> str:
    """What the other party's flow said; empty where it said none."""
    return _OTHER_API if route.named == VERSION else str(route.answer.get("behind", {}).get("version") or "")
