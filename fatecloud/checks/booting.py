"""A node that was just booted: its services come back by themselves, which is one line and not one for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from fatecloud.checks.data import lacks_its_data
from fatecloud.checks.edges import needed_by
from fatecloud.checks.listeners import silent_ports
from fatecloud.checks.node import node_finding
from fatecloud.model.behind import services_behind
from fatecloud.model.check import OVERLOADED, Code, FactAbsent, NodeView, ServiceView, Unjudged, node_check
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.duration import duration_text
from fatecloud.model.finding import Finding
from fatecloud.model.observed import NodeFacts, Observed
from fatecloud.model.remedy import Run

YOUNG_SECONDS = 30.0
"""For how long a process that answers may still be loading what it needs, as a broker its plugins."""
BOOT_SECONDS = 300.0
"""For how long after a boot services may come back: a broker replays its queues, and what needs it waits."""

REBOOTED = Code(
    "NODE_REBOOTED", "critical", "The node was just booted, and its services are not all back yet.", settles=False
)


def coming_up(desired: Desired, observed: Observed) -> frozenset[str]:
    """Keys of the services that a boot starts and that are not back, or were just started, and of those that ask them.

    A service that is back and asks none of them is judged: what it lacks, the boot does not bring.
    """
    nodes = (facts for name in desired.cluster.nodes if (facts := observed.reached(name)))
    views = [
        ServiceView(desired, observed, facts, service)
        for facts in nodes
        for service in _started_by_boot(NodeView(desired, observed, facts))
    ]
    waiting = {view.service.id.key for view in views if _is_young(view) or not serves(view)}
    return frozenset(view.service.id.key for view in views if waiting & {view.service.id.key, *_asked_by(view)})


def _asked_by(view: ServiceView) -> frozenset[str]:
    """Keys of the services that one has an edge to, and of all that these cannot do without."""
    asked = {target.id.key for edge in view.service.edges for target in services_behind(edge, view.desired)}
    return frozenset(asked).union(*(needed_by(view.desired, key) for key in asked))


@node_check(REBOOTED, after=("MANIFEST_ABSENT",))
def booted(view: NodeView) -> Iterator[Finding]:
    """All services that a boot starts are back, or the boot was long ago."""
    waiting = _not_back(view)
    if waiting:
        age = view.fact("clock")["epoch"] - view.fact("clock")["boot_epoch"]
        at = datetime.fromtimestamp(view.fact("clock")["boot_epoch"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        many = len(_started_by_boot(view))
        yield node_finding(
            view,
            REBOOTED,
            f"it was booted {duration_text(age)} ago, and {len(waiting)} of its {many} services are not back yet",
            cause=f"the node was booted at {at}; its services start by themselves",
            remedy=(Run(f"fatecloud check --wait-healthy --timeout {BOOT_SECONDS:.0f}s"),),
            expected=f"all services back within {duration_text(BOOT_SECONDS)}",
            got=f"{many - len(waiting)} of {many}",
            evidence=tuple(f"{view_.service.id.key}: {view_.state['state']}" for view_ in waiting),
            source="fact clock",
        )


def _not_back(view: NodeView) -> list[ServiceView]:
    """Those of the services that a boot starts which do not serve."""
    views = [ServiceView(view.desired, view.observed, view.facts, service) for service in _started_by_boot(view)]
    return [one for one in views if not serves(one)]


def _started_by_boot(view: NodeView) -> list[DesiredService]:
    """The node's services that it starts by itself, if it was booted a short while ago."""
    clock, states = view.facts.fact("clock").value, view.facts.fact("services").value
    if not clock or states is None or clock.get("boot_epoch") is None:
        return []
    if not 0 <= clock["epoch"] - clock["boot_epoch"] < BOOT_SECONDS:
        return []
    own = [one for one in view.desired.on_node(view.facts.node) if _by_boot(one, view.facts, clock["boot_epoch"])]
    return [one for one in own if not _kept_down(view, one)]


def _kept_down(view: NodeView, service: DesiredService) -> bool:
    """Whether no boot brings a service back: its data are gone, or those of a service that it cannot do without."""
    for key in (service.id.key, *needed_by(view.desired, service.id.key)):
        needed = view.desired.services[key]
        facts = view.observed.reached(needed.id.node)
        if facts is not None and lacks_its_data(ServiceView(view.desired, view.observed, facts, needed)):
            return True
    return False


def _is_young(view: ServiceView) -> bool:
    since = view.state.get("since")
    return since is not None and view.fact("clock")["epoch"] - since < YOUNG_SECONDS


def _by_boot(service: DesiredService, facts: NodeFacts, booted_at: float) -> bool:
    state: Mapping[str, Any] = (facts.fact("services").value or {}).get(service.id.key) or {}
    record = (facts.fact("manifest").value or {}).get("services", {}).get(service.id.key)
    # What a run of ours started or stopped since is not for the boot to bring back; nor is what no supervisor starts.
    if record is None or record.get("at", 0) > booted_at or not state.get("enabled"):
        return False
    if str(state.get("result")).startswith("supervisord"):
        return False
    began = state.get("last_start")
    ended = state["state"] in ("failed", "absent", "unsupervised")
    return not ended and not (state["state"] == "stopped" and began is not None and began > booted_at)


def serves(view: ServiceView) -> bool:
    """Whether it runs, listens, and answers its readiness probe well."""
    if view.state["state"] != "running":
        return False
    try:
        answer = view.probe(view.service.readiness).data if view.service.readiness else {"ok": True}
        return not silent_ports(view) and isinstance(answer, Mapping) and answer.get("ok") is True
    except Unjudged as reason:
        return str(reason) != OVERLOADED  # a late answer shows that it is there no more than none
    except FactAbsent:
        return True  # what was not read is for other checks to report
