"""Who has which cores, and why a job waits: from what the services that run jobs answered. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from fatecloud.checks.shortage import blocked
from fatecloud.model.jobs import JobRow
from fatecloud.model.ledger import Account, Holder, Ledger, Site, Waiting

_NOT_STARTED = frozenset({"waiting", "ready"})
Rows = Sequence[tuple[Site, JobRow]]


def ledger_of(sites: Sequence[Site], unknown: tuple[str, ...] = (), at_most: Mapping[str, int] | None = None) -> Ledger:
    """The ledger.

    Args:
        sites: what each service that runs jobs answered.
        unknown: sentences about those that did not.
        at_most: party -> cores that no job had at an earlier look: only what both looks show is lost.
    """
    accounts = tuple(account_of(site) for site in sites)
    if at_most is not None:
        accounts = tuple(replace(one, lost=min(one.lost, at_most.get(one.party, 0))) for one in accounts)
    # Services are asked one after the other: what one says of a start, another one may not have known yet.
    begun = {row.job for site in sites for row in site.rows if row.status not in _NOT_STARTED}
    jobs: dict[str, list[tuple[Site, JobRow]]] = {}
    for site in sites:
        for row in site.rows:
            if row.job not in begun:
                jobs.setdefault(row.job, []).append((site, row))
    queues: dict[str, list[str]] = {}
    for job in sorted(jobs, key=lambda job: _order(jobs[job])):
        queues.setdefault(_scheduler(jobs[job]), []).append(job)
    waiting = (
        _waiting(job, place, queue, jobs[job], accounts)
        for _, queue in sorted(queues.items())
        for place, job in enumerate(queue, 1)
    )
    return Ledger(accounts, tuple(waiting), unknown)


def account_of(site: Site) -> Account:
    """The cores of one party. A waiting job has none: those that an attempt gives it, it returns at once."""
    rows = [row for row in site.rows if row.held and row.cores and row.status not in _NOT_STARTED]
    held = sorted(rows, key=lambda row: (row.held_since, row.job, row.role))
    holders = tuple(Holder(row.job, row.role, row.cores, row.status, row.partners, row.held_since) for row in held)
    counted = _counted(site)
    known = site.cores - sum(holder.cores for holder in holders)
    return Account(site.party, site.service, site.cores, holders, max(0, known - counted) if counted is not None else 0)


def _counted(site: Site) -> int | None:
    """Cores that were free for the last attempt by the service's own count; None where none was recorded."""
    found = None
    for attempts in site.attempts.values():
        for attempt in attempts:
            # What an attempt gave to one role of the job is missing in what is left for the other one.
            given = sum(one.cores for one in attempt.tries if one.given)
            free = [one.free + given for one in attempt.tries if not one.given]
            found = max([*free, *([] if found is None else [found])], default=found)
    return found


def _scheduler(rows: Rows) -> str:
    return next((row.scheduler for _, row in rows if row.scheduler), "")


def _order(rows: Rows) -> tuple[int, float, str]:
    """What is tried first: the highest priority, then the oldest."""
    return -max(row.priority for _, row in rows), min(row.created for _, row in rows), rows[0][1].job


def _needs(rows: Rows) -> Mapping[str, int]:
    needs: dict[str, int] = {}
    for site, row in rows:
        needs[site.party] = needs.get(site.party, 0) + row.cores
    return needs


def _waiting(job: str, place: int, queue: Sequence[str], rows: Rows, accounts: Iterable[Account]) -> Waiting:
    scheduler, sites = _scheduler(rows), {site.party: site for site, _ in rows}
    needs = _needs(rows)
    own = {account.party: account for account in accounts if account.party in needs}
    before = queue[: place - 1] if scheduler in sites else ()
    accepted = all(row.status == "waiting" for _, row in rows)
    why, blockers, remedy = blocked(job, needs, own, sites, scheduler, before, accepted=accepted)
    return Waiting(
        job=job,
        sides=tuple(dict.fromkeys(f"{row.role} of party {site.party}" for site, row in rows)),
        partners=rows[0][1].partners,
        needs=needs,
        created=min(row.created for _, row in rows),
        scheduler=scheduler,
        place=place if scheduler in sites else 0,
        why=why,
        blockers=blockers,
        remedy=remedy,
    )
