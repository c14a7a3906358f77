"""Check of every service with a packet filter: nftables holds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fatecloud.checks.service import finding
from fatecloud.model.check import Code, FactAbsent, ServiceView, service_check
from fatecloud.model.filter import rule_text
from fatecloud.model.filtering import unfiltered
from fatecloud.model.finding import Finding
from fatecloud.model.layout import filter_unit_of
from fatecloud.model.remedy import DEPLOY, Run, administrator, look

NOT_IN_FORCE = Code(
    "PACKET_FILTER_NOT_IN_FORCE",
    "warning",
    "A port of the service is open to others than its callers, because its packet filter is not loaded.",
    ("FILE_MISSING", "FILE_DRIFTED"),
    settles=False,
)


@service_check(
    NOT_IN_FORCE,
    after=(
        "MANIFEST_ABSENT",
        "SERVICE_ABSENT",
        "SERVICE_STOPPED",
        "SERVICE_FAILED",
        "SERVICE_RESTARTING",
        "SERVICE_CRASHED",
    ),
)
def kept_out(view: ServiceView) -> Iterator[Finding]:
    """What nftables holds of its packet filter is what the inventory says."""
    wanted, state = view.service.filter, view.state
    if wanted is None or state["state"] != "running":
        return
    view.require_deployed("filter")
    if view.service.id.key not in view.fact("filters"):
        raise FactAbsent(f"filters: {view.service.id.key} was not asked for")
    problem = unfiltered(view.service, view.facts)
    if not problem:
        return
    unit, ports = filter_unit_of(view.service.id.unit), [str(one.port) for one in wanted.openings]
    yield finding(
        view,
        NOT_IN_FORCE,
        f"port{'s' * (len(ports) > 1)} {', '.join(ports)}: {problem}",
        cause="another program flushed the tables of nftables or changed this one, or the unit that loads it failed",
        remedy=(
            Run(f"systemctl restart {unit}", view.facts.node, root=True),
            look(f"journalctl -b -u {unit}", view.facts.node, root=True),
            replace(DEPLOY, when="if nft is not installed, or its file is gone", instead=True),
            administrator(view.facts.node, "let no program flush the tables of others, if it is lost again"),
        ),
        expected="; ".join(map(rule_text, wanted.rules)),
        got=problem,
        source="fact filters",
    )
