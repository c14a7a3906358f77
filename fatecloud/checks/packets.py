"""Check of every service: large packets reach its neighbours, too."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.checks.edges import answers_over
from fatecloud.checks.service import finding
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding, probe_source
from fatecloud.model.remedy import Ask, look

LOST = Code(
    "SERVICE_PACKETS_LOST",
    "critical",
    "Large packets are lost on the way from a service to its neighbour.",
    ("node",),
    underlies=True,
)
_KIND = "large"
"""What probes call it, see `probing/dialing.py`."""


@service_check(LOST, after=("MANIFEST_ABSENT",))
def packets(view: ServiceView) -> Iterator[Finding]:
    """No neighbour that answers short questions is silent to long ones."""
    asked = [(edge, answers_over(edge, view.facts.probes)) for edge in view.service.edges]
    lost = [edge for edge, answers in asked if any(answer.get("kind") == _KIND for answer in answers)]
    if lost:
        edge = lost[0]
        yield finding(
            view,
            LOST,
            "; ".join(f"{e.source} -> {e.target} at {e.endpoint}: large packets are lost" for e in lost),
            cause="full-size packets are dropped on the route: the MTU is lower there, and ICMP is blocked",
            remedy=(
                look(f"fatecloud exec {edge.source} -- ping -c 3 -M do -s 1472 {edge.endpoint.host}"),
                Ask(
                    "your network team",
                    "let full-size packets pass, or ICMP ask for smaller ones",
                ),
            ),
            expected="answers to both short and long questions",
            got="answers to short ones only",
            evidence=tuple(f"{e.source} -> {e.target} at {e.endpoint}" for e in lost),
            source=probe_source(edge.probe),
            about=" ".join(dict.fromkeys(e.target for e in lost)),
        )
