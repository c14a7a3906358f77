"""Which services run jobs: those of the inventory, and those that a node still has from before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from fatecloud.model.desired import Desired
from fatecloud.model.identity import ServiceId
from fatecloud.model.jobs import JobRunner, runner_of
from fatecloud.model.judged import fact_part, value_digest
from fatecloud.model.observed import Observed
from fatecloud.model.states import AT_REST
from fatecloud.workflow.observe import manifests


def runners_of(desired: Desired, owners: Collection[str]) -> tuple[JobRunner, ...]:
    """The services of these owners that should run jobs."""
    services = [service for _, service in sorted(desired.services.items())]
    return tuple(runner_of(s) for s in services if s.id.owner in owners and "job_api" in s.facts)


def runners_there(desired: Desired, observed: Observed, owners: Collection[str] | None = None) -> tuple[JobRunner, ...]:
    """The services of these owners that do run jobs, according to the nodes' manifests; None means all owners.

    A service that is not deployed yet runs nothing. One that moved away or left the inventory runs jobs until it is
    stopped. A node that was not read is assumed to have what the inventory says.
    """
    records = manifests(observed)
    every = set(desired.cluster.owners) if owners is None else owners
    found = [now for runner in runners_of(desired, every) if (now := _installed(records, runner))]
    for node in records:
        leaving = _leaving(desired, observed, node, records[node])
        found += [runner for runner in leaving if owners is None or runner.id.owner in owners]
    return tuple(found)


def _installed(records: Mapping[str, Mapping[str, Any]], runner: JobRunner) -> JobRunner | None:
    if runner.id.node not in records:
        return runner
    entry = records[runner.id.node].get("services", {}).get(runner.id.key)
    # It listens at the address that it had at its last start; the inventory may have another one by now.
    if entry is None:
        return None
    # A number of cores that no deploy has brought there yet is not what its jobs may have.
    deployed = entry.get("judged", {}).get("parts", {}).get(fact_part("cores"))
    known = deployed in (None, value_digest(runner.cores))
    return replace(
        runner,
        url=entry.get("job_api") or runner.url,
        user=entry.get("user") or runner.user,
        cores=runner.cores if known else 0,
    )


def _leaving(desired: Desired, observed: Observed, node: str, record: Mapping[str, Any]) -> Iterator[JobRunner]:
    facts = observed.reached(node)
    states = (facts.fact("services").value or {}) if facts else {}
    for key, entry in sorted(record.get("services", {}).items()):
        url = entry.get("job_api")
        at_rest = states.get(key, {}).get("state") in AT_REST
        if key not in desired.services and url != "" and not at_rest:
            # What one node says must not make us ask another.
            ident = replace(ServiceId.parse(desired.cluster.label, key), node=node)
            home = entry.get("home", "")
            yield JobRunner(
                id=ident,
                kind=entry.get("job_kind", ""),
                home=home,
                # Without its home, no interpreter is known that could ask it.
                url=(url or "") if home else "",
                settings=entry.get("job_settings", ""),
                user=entry.get("user", ""),
                leaving=True,
            )
