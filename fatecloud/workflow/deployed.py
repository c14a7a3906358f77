"""What a verb asks the nodes before it acts: which of its services are deployed, and which are not."""

from __future__ import annotations

from collections.abc import Collection

from fatecloud.errors import NotDeployed, RunError
from fatecloud.model.desired import Desired
from fatecloud.model.event import Event, Listener
from fatecloud.model.observed import NodeFacts, Observed
from fatecloud.model.remedy import remedy_text
from fatecloud.workflow.observe import observe
from fatecloud.workflow.session import Session

FACTS = ("clock", "lease", "manifest", "records", "services")
"""What shows whether services are deployed, and whether a run holds their nodes."""
REMEDY = "fatecloud deploy"


def deployed_of(desired: Desired, observed: Observed, keys: Collection[str], events: Listener) -> tuple[str, ...]:
    """The services that are deployed; a note names the others.

    Args:
        observed: `FACTS` of the services' nodes.

    Raises:
        RunError: a node could not be read.
        NotDeployed: none of them is deployed.
    """
    require_read(observed)
    there = tuple(key for key in keys if is_deployed(desired, observed, key))
    missing = ", ".join(key for key in keys if key not in there)
    if not there and set(keys) == set(desired.services):
        raise NotDeployed("nothing is deployed here", remedy=REMEDY)
    if not there:
        raise NotDeployed(f"not deployed: {missing}", remedy=REMEDY)
    if missing:
        events(Event("note", f"not deployed: {missing}; run {REMEDY}"))
    return there


def require_deployed(session: Session, keys: Collection[str], deadline: float) -> tuple[str, ...]:
    """Make sure that at least one of the services is on its node, for a verb that otherwise reads no facts.

    Args:
        deadline: seconds for each node to answer.

    Returns:
        Keys of those that are.

    Raises:
        RunError: a node could not be read.
        NotDeployed: none of them is deployed.
    """
    nodes = {session.resolved.services[key].id.node for key in keys}
    observed = observe(session, probes=False, nodes=nodes, want=FACTS, deadline=deadline)
    return deployed_of(session.resolved, observed, keys, lambda _: None)


def is_deployed(desired: Desired, observed: Observed, key: str) -> bool:
    """Whether a node's record or its supervisor knows a service; a record that cannot be read counts as a yes."""
    facts = observed.reached(desired.services[key].id.node)
    if facts is None:
        return False
    manifest, states = facts.fact("manifest"), facts.fact("services").value or {}
    # A record that cannot be read must not make a running service look as if it were not there.
    recorded = not manifest.ok or key in (manifest.value or {}).get("services", {})
    return recorded or states.get(key, {}).get("state", "absent") != "absent"


def nothing_deployed(desired: Desired, observed: Observed) -> bool:
    """Whether all nodes were read and none of them has a service of the cluster."""
    return all(isinstance(facts, NodeFacts) for facts in observed.nodes.values()) and not any(
        is_deployed(desired, observed, key) for key in desired.services
    )


def require_read(observed: Observed) -> None:
    """Raise RunError, naming every node that gave no facts."""
    lost = {name: entry for name, entry in observed.nodes.items() if not isinstance(entry, NodeFacts)}
    if lost:
        remedies = dict.fromkeys(remedy_text(entry.remedies) for entry in lost.values() if entry.remedies)
        message = "\n".join(f"{name}: {entry.message}" for name, entry in lost.items())
        raise RunError(message, remedy="\n".join(remedies) or "make the node reachable")
