"""Check of a deployment that ended before it reached the services: the one cause of everything that is missing."""

from __future__ import annotations

import time
from collections.abc import Iterator

from fatecloud.model.check import Code, NodeView, node_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import DEPLOY

LAST_DEPLOY = "last_deploy"
"""Key of `Observed.notes`: the controller's last deploy, if it failed: run, who, at (epoch), error."""

INCOMPLETE = Code(
    "DEPLOY_INCOMPLETE", "critical", "A deployment ended before it reached the node's services.", settles=False
)


@node_check(INCOMPLETE, after=("MANIFEST_ABSENT", "DEPLOY_PENDING"))
def begun(view: NodeView) -> Iterator[Finding]:
    """A node that was prepared for services has at least one service."""
    wanted = [service.id.key for service in view.desired.on_node(view.facts.node)]
    manifest = view.fact("manifest") or {}
    if not wanted or manifest.get("services") or any(_there(view, key) for key in wanted):
        return
    failed = view.observed.notes.get(LAST_DEPLOY)
    evidence: tuple[str, ...] = ()
    cause = "a deployment ended early, or these services were added to the inventory after the last one"
    if failed:
        when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(failed["at"]))
        cause = f"the deployment of {failed['who']} at {when} failed (run {failed['run']})"
        evidence = tuple(line for line in str(failed["error"]).splitlines() if line.strip())
    yield Finding(
        INCOMPLETE.name,
        INCOMPLETE.severity,
        view.subject,
        f"a deployment prepared this node, but none of its {len(wanted)} services was deployed",
        cause=cause,
        remedy=(DEPLOY,),
        expected=", ".join(wanted),
        got="no service",
        evidence=evidence,
        source="fact manifest",
    )


def _there(view: NodeView, key: str) -> bool:
    state: str = (view.fact("services").get(key) or {}).get("state", "absent")
    return state != "absent"
