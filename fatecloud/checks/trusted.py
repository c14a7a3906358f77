"""Whether the records that fatecloud keeps on a node can be believed; all else that is said of it rests on them."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.check import Code, NodeView, node_check
from fatecloud.model.finding import Finding
from fatecloud.model.layout import private_of
from fatecloud.model.remedy import administrator, look
from fatecloud.model.trust import untrusted_records

UNTRUSTED = Code(
    "NODE_RECORDS_UNTRUSTED",
    "critical",
    "Others than root could have written what fatecloud keeps about the node.",
    settles=False,
)


@node_check(UNTRUSTED)
def records_are_ours(view: NodeView) -> Iterator[Finding]:
    """Only root (without root: the login) can change our records and every directory above them."""
    reasons = untrusted_records(view.fact("records"))
    if reasons:
        node = view.desired.node(view.facts.node)
        ours = "root" if node.become == "root" else "the login"
        yield Finding(
            UNTRUSTED.name,
            UNTRUSTED.severity,
            view.subject,
            f"the records below {private_of(node)} are not believed: {reasons[0]}",
            cause="an earlier version of fatecloud made them, the rights were changed by hand, or someone forged them",
            expected=f"that only {ours} can write them and the directories above them",
            got="; ".join(reasons),
            remedy=(
                look("fatecloud explain NODE_RECORDS_UNTRUSTED"),
                administrator(node.name, f"find out who wrote there, and take these rights away from all but {ours}"),
            ),
            evidence=reasons,
            source="fact records",
        )
