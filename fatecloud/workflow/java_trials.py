"""Starts the JVMs that nodes have with the flags that services will give them: before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.observed import Fact, NodeFacts, Observed
from fatecloud.workflow.observe import observe
from fatecloud.workflow.session import Session

_FACT = "java_starts"


def with_trials(session: Session, observed: Observed, deadline: float) -> Observed:
    """What was read, and whether the JVMs start; another look at the nodes that have some to try, and at no others.

    Only a reading shows how large a node is and which JVMs it has, so the flags are not known before.

    Args:
        deadline: seconds for each node.
    """
    # A second look only where there is something to try: most deploys need none.
    tries = {name: asked for name in observed.nodes if (asked := _trials(session.desired, observed, name))}
    if not tries:
        return observed
    extra = {name: {_FACT: asked} for name, asked in tries.items()}
    again = observe(session, probes=False, nodes=tries, want=(_FACT,), deadline=deadline, extra=extra)
    nodes = {
        name: replace(facts, facts={**facts.facts, _FACT: _tried(again, name)})
        if name in tries and isinstance(facts, NodeFacts)
        else facts
        for name, facts in observed.nodes.items()
    }
    session.seen = replace(observed, nodes=nodes)
    return session.seen


def _tried(again: Observed, node: str) -> Fact:
    facts = again.reached(node)
    return (
        facts.fact(_FACT)
        if facts
        else Fact(error=getattr(again.nodes.get(node), "message", "the node was not reached"))
    )


def _trials(desired: Desired, observed: Observed, node: str) -> dict[str, Mapping[str, Any]]:
    """Service key -> the command and its user, for services whose JVM is there and which do not run with it already."""
    facts = observed.reached(node)
    if facts is None:
        return {}
    return {
        service.id.key: {"argv": list(service.needs.java), "user": service.user}
        for service in desired.on_node(node)
        if service.needs.java and _is_there(desired, service) and not _is_started(desired, service, facts)
    }


def _is_there(desired: Desired, service: DesiredService) -> bool:
    """Whether the chosen JVM is on the node; one that a deploy brings is tried as soon as it has brought it."""
    found = desired.node(service.id.node).machine.javas
    if service.java is None:
        return False
    return found is None or any(service.java.home in one.homes for one in found)


def _is_started(desired: Desired, service: DesiredService, facts: NodeFacts) -> bool:
    """Whether the service runs, with the start script that it should have: its flags are in it."""
    script = f"{service.home}/bin/start"
    wanted = {file.path: file.digest for file in desired.files.get(service.id.node, ())}.get(script)
    there = (facts.fact("files").value or {}).get(script) or {}
    state = (facts.fact("services").value or {}).get(service.id.key) or {}
    return bool(wanted) and there.get("sha256") == wanted and state.get("state") == "running"
