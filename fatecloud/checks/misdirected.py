"""Check of every service: its own settings lead to the neighbour that the inventory has."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.checks.edges import answers_over
from fatecloud.checks.service import finding
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding, probe_source
from fatecloud.model.remedy import PUT_BACK
from fatecloud.model.service import Edge

MISDIRECTED = Code(
    "SERVICE_MISDIRECTED",
    "critical",
    "The service's own settings lead to another address than its neighbour's, and nothing answers there.",
    ("FILE_DRIFTED", "DEPLOY_PENDING", "RESTART_PENDING"),
    underlies=True,
)


@service_check(MISDIRECTED, after=("MANIFEST_ABSENT",))
def directed(view: ServiceView) -> Iterator[Finding]:
    """Where a question over an edge fails, it went to the neighbour: probes say `where` the settings sent them."""
    wrong = [(edge, asked) for edge in view.service.edges if (asked := _asked(view, edge)) and not _is_one(edge, asked)]
    if wrong:
        edge, asked = wrong[0]
        yield finding(
            view,
            MISDIRECTED,
            f"its settings lead to {', '.join(asked)}, and {edge.target} is at {edge.endpoint}",
            cause="a value in its files was changed by hand, or the files are older than the inventory",
            remedy=PUT_BACK,
            expected=str(edge.endpoint),
            got=", ".join(asked),
            evidence=tuple(f"{e.source} -> {e.target} at {e.endpoint}: asked {', '.join(a)}" for e, a in wrong),
            source=probe_source(edge.probe),
            about=" ".join(dict.fromkeys(edge.target for edge, _ in wrong)),
        )


def _asked(view: ServiceView, edge: Edge) -> list[str]:
    """The addresses that a failed answer of the edge's probe names."""
    answers = answers_over(edge, view.facts.probes)
    if not answers or answers[0].get("ok") is not False:
        return []
    return list(dict.fromkeys(str(answer["where"]) for answer in answers if answer.get("where")))


def _is_one(edge: Edge, asked: list[str]) -> bool:
    return any(_host_and_port(address) == (edge.endpoint.host, edge.endpoint.port) for address in asked)


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    # Brackets of an IPv6 address, which drivers do not write.
    return host.strip("[]"), int(port) if port.isdecimal() else 0
