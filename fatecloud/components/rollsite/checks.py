"""What can be wrong with a rollsite."""

from __future__ import annotations

from fatecloud.components.router_checks import Router, router_checks

usable, upstream, manager, peers, passes_on, peer_flows = router_checks(
    Router(
        "rollsite",
        "rollsite",
        answers="flow's answer to a question for its version",
        holds="its threads hang, it keeps a connection that was lost, or its table of routes was changed by hand",
    )
)
