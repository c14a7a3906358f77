"""Check of a node: the names of its services' neighbours have an address there."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from fatecloud.checks.edges import answers_over
from fatecloud.checks.node import node_finding
from fatecloud.model.check import Code, NodeView, node_check
from fatecloud.model.finding import Finding, probe_source
from fatecloud.model.remedy import Edit, administrator, look
from fatecloud.model.service import Edge

UNRESOLVED = Code(
    "NODE_NAME_UNRESOLVED",
    "critical",
    "The name of a neighbour has no address on the node where its traffic starts.",
    settles=False,
)
_KIND = "name"
"""What probes call it, see `probing/dialing.py`."""


@node_check(UNRESOLVED, after=("MANIFEST_ABSENT",))
def names(view: NodeView) -> Iterator[Finding]:
    """Each name that an edge from this node leads to has an address here."""
    lost = [edge for edge in _edges(view) if any(a.get("kind") == _KIND for a in answers_over(edge, view.facts.probes))]
    if lost:
        hosts = list(dict.fromkeys(edge.endpoint.host for edge in lost))
        yield node_finding(
            view,
            UNRESOLVED,
            f"{', '.join(hosts)} {'do' if hosts[1:] else 'does'} not resolve here",
            cause="the node's name servers do not answer or do not know the name; the other side is not at fault",
            remedy=(
                look(f"fatecloud exec {lost[0].source} -- getent hosts {hosts[0]}"),
                administrator(view.facts.node, "let its name servers or its /etc/hosts know the name"),
                Edit("give the address in place of the name, then deploy", instead=True),
            ),
            expected="an address for each name",
            got="none",
            evidence=tuple(f"{edge.source} -> {edge.target} at {edge.endpoint}" for edge in lost),
            source=probe_source(lost[0].probe),
            about=" ".join(dict.fromkeys(edge.target for edge in lost)),
        )


def _edges(view: NodeView) -> Iterator[Edge]:
    for service in view.desired.on_node(view.facts.node):
        yield from (edge for edge in service.edges if _is_name(edge.endpoint.host))


def _is_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return True
    return False
