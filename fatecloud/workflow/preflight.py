"""`preflight`: read all nodes, judge, and repair what is safe to repair."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from fatecloud.checks.preflight import asked_for, blocking, judge_preflight
from fatecloud.checks.preflight_need import is_loopback
from fatecloud.collect.spec import question_of
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.finding import Fix, Report
from fatecloud.model.layout import data_of, places_of, private_of
from fatecloud.model.observed import Observed
from fatecloud.model.parts import artifacts_of, parts_of

__all__ = ["Outcome", "blocking", "fixes_in", "judge_preflight", "preflight", "reading"]


class Observe(Protocol):
    """Reads nodes."""

    def __call__(self, *, probes: bool, extra: Mapping[str, Mapping[str, Any]]) -> Observed:
        """Read all facts of all nodes; `extra` is added to the request for each collector."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What preflight found, and what its repairs changed."""

    report: Report
    before: Report | None = None
    """The report before the repairs, if there were any."""
    applied: tuple[Fix, ...] = ()


TextOf = Callable[[DesiredService, str], str]
"""The text that a file of a service will have on its node, secrets included."""


def reading(desired: Desired, text_of: TextOf) -> dict[str, dict[str, Any]]:
    """What preflight reads in addition to the usual facts: node -> additions to its collector's request.

    Args:
        text_of: called for each file with a login that a question needs, and that is not on its node yet.
    """
    return {name: _reading(desired, name, text_of) for name in desired.cluster.nodes}


def _reading(desired: Desired, name: str, text_of: TextOf) -> dict[str, Any]:
    node, services = desired.node(name), desired.on_node(name)
    early = [(service, probe) for service in services for probe in service.probes if probe.early]
    asked = {(service.id.key, probe.name) for service, probe in early}
    edges = [edge for service in services for edge in service.edges if edge.direct and not edge.external]
    # A question in the edge's own protocol says more than a bare connect, for which a database blocks its caller.
    tried = [edge for edge in edges if (edge.source, edge.probe) not in asked]
    endpoints = {edge.endpoint for edge in tried if not is_loopback(edge.endpoint.host)}
    return {
        "surroundings": True,
        "tools": asked_for(desired, name, "tools"),
        "sysctl": asked_for(desired, name, "sysctl"),
        "store": {"artifacts": sorted(artifact.sha256 for artifact in artifacts_of(parts_of(desired, name)))},
        "directories": sorted({*places_of(node).values(), private_of(node), *(data_of(node, s.id) for s in services)}),
        "label": desired.cluster.label,
        "privileges": sorted({service.user for service in services}) if node.become == "root" else [],
        "connects": [{"host": e.host, "port": e.port} for e in sorted(endpoints, key=str)],
        "probes": [
            question_of(s, probe, early=True, account=text_of(s, probe.account) if probe.account else "")
            for s, probe in early
        ],
    }


def preflight(
    desired: Callable[[], Desired],
    observe: Observe,
    text_of: TextOf,
    *,
    artifacts_missing: Mapping[str, str] = MappingProxyType({}),
    repair: Callable[[Sequence[Fix]], None] | None = None,
    confirm: Callable[[Sequence[Fix]], bool] = lambda _: True,
) -> Outcome:
    """Judge all nodes, and apply the fixes that the operator agrees to.

    Args:
        desired: what should be; services are sized by what was read of their nodes, so it is asked again after that.
        text_of: see `reading`.
        artifacts_missing: name of a release -> what the controller's store lacks of it.
        repair: applies fixes on their nodes; None to change nothing. Raises RunError.
        confirm: gets the fixes and returns whether to apply them.
    """
    found = _judged(desired, observe, text_of, artifacts_missing)
    fixes = fixes_in(found)
    if repair is None or not fixes or not confirm(fixes):
        return Outcome(found)
    repair(fixes)
    return Outcome(_judged(desired, observe, text_of, artifacts_missing), found, fixes)


def _judged(
    desired: Callable[[], Desired], observe: Observe, text_of: TextOf, artifacts_missing: Mapping[str, str]
) -> Report:
    observed = observe(probes=False, extra=reading(desired(), text_of))
    return judge_preflight(desired(), observed, artifacts_missing=artifacts_missing)


def fixes_in(report: Report) -> tuple[Fix, ...]:
    """The typed repairs that a report offers."""
    return tuple(finding.fix for finding in report.findings if finding.fix)


def fix_variables(fixes: Collection[Fix]) -> dict[str, list[dict[str, Any]]]:
    """Node -> value of `fix_actions` for `playbooks/fix.yml`."""
    nodes: dict[str, list[dict[str, Any]]] = {}
    for fix in fixes:
        nodes.setdefault(fix.node, []).append({"action": fix.action, **fix.arguments})
    return nodes
