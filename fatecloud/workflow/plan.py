"""`plan`: read everything, compare, show."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Sequence

from fatecloud.errors import TransportError
from fatecloud.model.cluster import Node
from fatecloud.model.layout import private_of
from fatecloud.model.observed import Observed
from fatecloud.model.plan import Plan
from fatecloud.model.selection import Selection, select_nodes
from fatecloud.plan.files import texts_needed
from fatecloud.plan.make import make_plan
from fatecloud.transport.parallel import on_all
from fatecloud.workflow.departed import departed_notes
from fatecloud.workflow.load import Options, Session, load_session
from fatecloud.workflow.moved import moved_note
from fatecloud.workflow.observe import manifests, observe

_READ = "for d; do printf '%s\\n' \"$d\"; base64 -w0 <\"$d\" 2>/dev/null; printf '\\n'; done"

_DEADLINE = 60.0
"""Seconds for all nodes together."""


def plan_cluster(
    options: Options,
    selection: Selection,
    limit: Sequence[str],
    note: Callable[[str], None],
    deadline: float = 20.0,
) -> Plan:
    """Read the nodes and say what a deploy would do. Changes nothing.

    Args:
        selection: which nodes, by their services; empty for all.
        limit: names of nodes, as of `deploy --limit`.
        note: takes a sentence about what no plan can see.
        deadline: seconds for each node to answer.

    Raises:
        UsageError: an unknown name, or a selection that is not made of whole nodes.
    """
    session = load_session(options, need_secrets=False)
    nodes = select_nodes(session.resolved, selection, limit)
    observed = observe(session, probes=False, nodes=nodes, deadline=deadline, meanwhile=session.make_ready)
    if line := moved_note(session, observed):
        note(f"{line}; fatecloud deploy asks whether it moved or this is a copy")
    for line in departed_notes(session):
        note(line)
    return plan_from(session, observed, nodes)


def plan_from(session: Session, observed: Observed, nodes: Collection[str] = ()) -> Plan:
    """Compare with what was observed, with diffs against the texts that are on the nodes.

    Args:
        nodes: names of the nodes that the plan is for; empty for all.
    """
    return make_plan(session.desired, observed, session.values, _old_texts(session, observed), nodes=nodes)


def _old_texts(session: Session, observed: Observed) -> dict[str, str]:
    """The secret-free texts that we put on the nodes last time, as far as a diff needs them; all nodes at once.

    Raises:
        TransportError: a node that has just answered does not any more.
    """
    paths: dict[str, list[str]] = {}
    found: set[str] = set()
    for name, record in manifests(observed).items():
        needed = set(texts_needed(session.desired.files.get(name, ()), record.get("files", {}))) - found
        found |= needed
        paths[name] = [f"{private_of(session.cluster.nodes[name])}/rendered/{digest}" for digest in sorted(needed)]
    asked = [session.cluster.nodes[name] for name, wanted in paths.items() if wanted]
    texts: dict[str, str] = {}
    for answer in on_all(asked, lambda node: _texts(session, node, paths[node.name]), _DEADLINE).values():
        if isinstance(answer, TransportError):
            raise answer
        texts |= answer
    return texts


def _texts(session: Session, node: Node, paths: Sequence[str]) -> dict[str, str]:
    transport = session.connect(node)
    try:
        done = transport.run(("sh", "-c", _READ, "read", *paths), timeout=30, become=node.become == "root")
    finally:
        transport.close()
    lines = done.stdout.decode().splitlines()
    return {
        path.rsplit("/", 1)[-1]: base64.b64decode(encoded).decode(errors="replace")
        for path, encoded in zip(lines[::2], lines[1::2], strict=False)
        if encoded
    }
