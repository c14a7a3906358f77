"""Which services ran when the nodes were read, as their supervisors say."""

from __future__ import annotations

from fatecloud.model.desired import Desired
from fatecloud.model.observed import Observed
from fatecloud.model.states import UP


def running(desired: Desired, observed: Observed) -> frozenset[str]:
    """Keys of the services that ran, under supervision, on the nodes that were read."""
    found = set()
    for name in desired.cluster.nodes:
        facts = observed.reached(name)
        states = (facts.fact("services").value or {}) if facts else {}
        found |= {s.id.key for s in desired.on_node(name) if states.get(s.id.key, {}).get("state") in UP}
    return frozenset(found)
