"""What a node should have before flow comes to it."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.check import Code, ServiceView, preflight_check
from fatecloud.model.finding import Finding

CORES = Code("PREFLIGHT_CORES", "warning", "Jobs ask for more cores than the node has.")


@preflight_check(CORES, component="flow")
def cores(view: ServiceView) -> Iterator[Finding]:
    """If the inventory does not say how many cores jobs may use, the node has as many as one job asks for."""
    facts, have = view.service.facts, view.fact("cpu")["cores"]
    if facts["cores_known"] or facts["job_cores"] <= have:
        return
    yield Finding(
        CORES.name,
        CORES.severity,
        view.subject,
        f"each job asks for {facts['job_cores']} cores, and the node has {have}",
        cause=f"the inventory does not say how many cores jobs may use, so {facts['cores']} are assumed",
        expected=f"at least {facts['job_cores']} cores, or `cores` of the node in the inventory",
        got=str(have),
        remedy=(f"set `cores: {have}` of node {view.facts.node} in the inventory; jobs then ask for fewer",),
        source="fact cpu",
    )
