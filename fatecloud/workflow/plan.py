"""`plan`: read everything, compare, show."""

from __future__ import annotations

import base64
from collections.abc import Collection

from fatecloud.model.layout import private_of
from fatecloud.model.observed import Observed
from fatecloud.model.plan import Plan
from fatecloud.plan.files import texts_needed
from fatecloud.plan.make import make_plan
from fatecloud.workflow.load import Options, Session, load_session
from fatecloud.workflow.observe import observe

_READ = "for d; do printf '%s\\n' \"$d\"; base64 -w0 <\"$d\" 2>/dev/null; printf '\\n'; done"


def plan_cluster(options: Options) -> Plan:
    """Read the nodes and say what a deploy would do. Changes nothing."""
    session = load_session(options)
    return plan_from(session, observe(session, probes=False))


def plan_from(session: Session, observed: Observed, nodes: Collection[str] = ()) -> Plan:
    """Compare with what was observed, with diffs against the texts that are on the nodes.

    Args:
        nodes: names of the nodes that the plan is for; empty for all.
    """
    return make_plan(session.desired, observed, session.values, _old_texts(session, observed), nodes=nodes)


def _old_texts(session: Session, observed: Observed) -> dict[str, str]:
    """The secret-free texts that we put on the nodes last time, as far as a diff needs them."""
    texts: dict[str, str] = {}
    for name, node in session.cluster.nodes.items():
        facts = observed.reached(name)
        manifest = facts.fact("manifest").value if facts else None
        needed = texts_needed(session.desired.files.get(name, ()), (manifest or {}).get("files", {}))
        paths = [f"{private_of(node)}/rendered/{digest}" for digest in needed if digest not in texts]
        if not paths:
            continue
        transport = session.connect(node)
        try:
            done = transport.run(("sh", "-c", _READ, "read", *paths), timeout=30, become=node.become == "root")
        finally:
            transport.close()
        lines = done.stdout.decode().splitlines()
        for path, encoded in zip(lines[::2], lines[1::2], strict=False):
            if encoded:
                texts[path.rsplit("/", 1)[-1]] = base64.b64decode(encoded).decode(errors="replace")
    return texts
