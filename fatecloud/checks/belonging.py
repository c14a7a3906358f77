"""Whether the machine behind a node is the node that the inventory means; judged before a deploy and in every check."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.checks.trusted import UNTRUSTED
from fatecloud.model.belonging import stranger
from fatecloud.model.check import Code, NodeView, node_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit

MISTAKEN = Code(
    "NODE_MISTAKEN",
    "critical",
    "What is deployed on the machine belongs to another cluster or to another node.",
    settles=False,
)


@node_check(MISTAKEN, after=(UNTRUSTED.name,))
def node_is_itself(view: NodeView) -> Iterator[Finding]:
    """If the node has a record, it was made for this node of this cluster."""
    found = stranger(view.desired.cluster, view.facts.node, view.fact("manifest") or {})
    if found:
        yield Finding(
            MISTAKEN.name,
            MISTAKEN.severity,
            view.subject,
            found.what,
            expected=found.expected,
            got=found.got,
            remedy=(Edit(found.remedy),),
            source="fact manifest",
        )
