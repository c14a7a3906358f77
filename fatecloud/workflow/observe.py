"""Reads all nodes once, facts and probes: used by plan, check, preflight and status alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from fatecloud.checks.incomplete import LAST_DEPLOY
from fatecloud.collect import shipment
from fatecloud.collect.gather import gather
from fatecloud.errors import RunError
from fatecloud.model.node import Node
from fatecloud.model.observed import Observed
from fatecloud.state.killed import last_failure
from fatecloud.timing import phase, report_seconds
from fatecloud.transport import Transport
from fatecloud.workflow.killed_runs import with_killed_runs
from fatecloud.workflow.limited import as_checker, question
from fatecloud.workflow.session import Session


def observe(
    session: Session,
    *,
    probes: bool = True,
    nodes: Collection[str] = (),
    want: Collection[str] = (),
    deadline: float = 20.0,
    extra: Mapping[str, Mapping[str, Any]] | None = None,
    limited: bool = False,
    meanwhile: Callable[[], object] = lambda: None,
) -> Observed:
    """Read nodes in parallel, over connections that are closed again.

    Args:
        probes: whether to ask the services too, in their own protocols.
        nodes: names of the nodes to read, empty for all.
        want: fact names, empty for all.
        deadline: seconds per node.
        extra: node name -> more for its collector, see `collect.spec.spec_for`.
        limited: whether a node's login for checks is used, where it has one.
        meanwhile: prepares what the caller needs next, while the nodes work; its errors are passed on.

    Raises:
        SecretsError: there is no way to get a node's password.
    """
    places = session.cluster.nodes
    # Before threads begin: two of them must not ask on one terminal.
    session.access.logins.ask([places[n] for n in nodes or places if not (limited and places[n].check)])
    opened: list[Transport] = []

    def connect(node: Node, seconds: float) -> Transport:
        transport = session.access.connect(as_checker(node) if limited else node, seconds)
        opened.append(transport)
        return transport

    try:
        with phase(f"read {len(nodes or session.cluster.nodes)} nodes"):
            observed = gather(
                session.resolved,
                connect,
                deadline=deadline,
                nodes=nodes,
                want=want,
                probes=probes,
                extra=(lambda name: extra.get(name, {})) if extra else None,
                question=partial(question, session.resolved) if limited else shipment.question,
                meanwhile=meanwhile,
            )
    finally:
        for transport in opened:
            transport.close()
    observed = _with_last_failure(session, with_killed_runs(session.state, observed))
    session.take(observed)
    for name, reading in sorted(observed.nodes.items()):
        how = "answered" if observed.reached(name) else "did not answer"
        report_seconds(reading.seconds, f"  {name} {how}")
    return observed


def _with_last_failure(session: Session, observed: Observed) -> Observed:
    """Add why the last deploy failed, if it left a record but no service on a node."""
    # Only a deploy that failed early leaves such a record, so the history is opened for nothing else.
    if not any("services" in manifest and not manifest["services"] for manifest in manifests(observed).values()):
        return observed
    try:
        failed = last_failure(session.state, "deploy")
    except RunError:  # without the history the cause is missing, but what was read is still right
        return observed
    return replace(observed, notes={**observed.notes, LAST_DEPLOY: failed}) if failed else observed


def manifests(observed: Observed) -> dict[str, Mapping[str, Any]]:
    """Node -> its record (empty if it has none), for every node whose record could be read."""
    read = {name: facts.fact("manifest") for name in observed.nodes if (facts := observed.reached(name))}
    return {name: fact.value or {} for name, fact in read.items() if fact.ok}
