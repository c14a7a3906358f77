"""What can be wrong with a rollsite."""

from __future__ import annotations

from fatecloud.components.rollsite.check_routes import connects_again, own_table, their_tables
from fatecloud.components.rollsite.check_tls import certificate, handshakes
from fatecloud.components.rollsite.check_transfers import arrives
from fatecloud.components.router_checks import Router, router_checks

__all__ = [
    "arrives",
    "certificate",
    "connects_again",
    "handshakes",
    "manager",
    "own_table",
    "passes_on",
    "peer_flows",
    "peers",
    "their_tables",
    "upstream",
    "usable",
    "versions",
]

usable, upstream, manager, peers, passes_on, peer_flows, versions = router_checks(
    Router(
        "rollsite",
        "rollsite",
        answers="flow's answer to a question for its version",
        holds="its threads hang or wait for what never comes, or large packets to it are lost on its own node",
        other_api="2",
    )
)
