"""Which services run jobs: those of the inventory, and those that a node still has from before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.identity import ServiceId
from fatecloud.model.observed import Observed
from fatecloud.workflow.observe import manifests

_AT_REST = ("absent", "stopped", "failed", "retrying")


@dataclass(frozen=True, slots=True)
class JobRunner:
    """A service that runs jobs."""

    key: str
    party: str
    node: str
    home: str
    url: str
    """Its job API as seen from its node; empty if it is not known any more."""
    settings: str = ""
    """The file on its node with which a question is signed; empty if it is not known."""
    user: str = ""
    """Who asks it on its node, and can read that file; empty if it is not known."""
    leaving: bool = False
    """Whether it is no longer in the inventory, so that the change will remove it."""


def as_desired(service: DesiredService) -> JobRunner:
    """The runner for a service of the inventory."""
    ident = service.id
    url, settings = str(service.facts["job_api"]), str(service.facts.get("job_settings", ""))
    return JobRunner(ident.key, ident.owner, ident.node, service.home, url, settings, service.user)


def runners_of(desired: Desired, parties: Collection[str]) -> tuple[JobRunner, ...]:
    """The services that should run the jobs of these parties."""
    services = [service for _, service in sorted(desired.services.items())]
    return tuple(as_desired(s) for s in services if s.id.owner in parties and "job_api" in s.facts)


def runners_there(
    desired: Desired, observed: Observed, parties: Collection[str] | None = None
) -> tuple[JobRunner, ...]:
    """The services that do run the jobs of these parties, according to the nodes' manifests; None means all parties.

    A service that is not deployed yet runs nothing. One that moved away or left the inventory runs jobs until it is
    stopped. A node that was not read is assumed to have what the inventory says.
    """
    records = manifests(observed)
    every = set(desired.cluster.parties) if parties is None else parties
    found = [now for runner in runners_of(desired, every) if (now := _installed(records, runner))]
    for node in records:
        found += [r for r in _leaving(desired, observed, node, records[node]) if parties is None or r.party in parties]
    return tuple(found)


def _installed(records: Mapping[str, Mapping[str, Any]], runner: JobRunner) -> JobRunner | None:
    if runner.node not in records:
        return runner
    entry = records[runner.node].get("services", {}).get(runner.key)
    # It listens at the address that it had at its last start; the inventory may have another one by now.
    if entry is None:
        return None
    return replace(runner, url=entry.get("job_api") or runner.url, user=entry.get("user") or runner.user)


def _leaving(desired: Desired, observed: Observed, node: str, record: Mapping[str, Any]) -> Iterator[JobRunner]:
    facts = observed.reached(node)
    states = (facts.fact("services").value or {}) if facts else {}
    for key, entry in sorted(record.get("services", {}).items()):
        url = entry.get("job_api")
        at_rest = states.get(key, {}).get("state") in _AT_REST
        if key not in desired.services and url != "" and not at_rest:
            ident = ServiceId.parse(desired.cluster.label, key)
            settings, home = entry.get("job_settings", ""), entry.get("home", "")
            # Without its home, no interpreter is known that could ask it.
            place = (url or "") if home else ""
            yield JobRunner(key, ident.owner, node, home, place, settings, entry.get("user", ""), leaving=True)
