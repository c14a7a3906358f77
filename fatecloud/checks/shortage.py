"""What keeps one waiting job from its start, in sentences, with what can be done. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fatecloud.model.ledger import Account, Site
from fatecloud.model.remedy import CHECK, Ask, Edit, Remedy, Run, look


class Reasons(NamedTuple):
    """Why a job waits."""

    why: tuple[str, ...]
    """Sentences."""
    jobs: tuple[str, ...] = ()
    """Those that are in the way."""
    remedy: tuple[Remedy, ...] = ()


def blocked(
    job: str,
    needs: Mapping[str, int],
    accounts: Mapping[str, Account],
    sites: Mapping[str, Site],
    scheduler: str,
    before: Sequence[str],
    *,
    accepted: bool,
) -> Reasons:
    """Why a job waits.

    Args:
        needs: party -> cores that it asks for there.
        accounts: the cores of these parties.
        sites: what their services answered.
        scheduler: the party whose service starts it; empty if that is not reported.
        before: jobs that are tried before it.
        accepted: whether all parties that were asked have accepted it.
    """
    if not accepted:
        why = "it is accepted here, and not by all of its parties yet"
        return Reasons((why,), remedy=(look(f"fatecloud logs --job {job}"), CHECK))
    if before:
        why = f"it is behind {before[0]}: of all waiting jobs, the party that starts them tries the first one only"
        return Reasons((why,), (before[0],), (look(f"fatecloud job why {before[0]}"),))
    short = [_short(party, needs[party], accounts[party], sites[party], job) for party in needs]
    parts = [*(reasons for reasons in short if reasons), *_refused(job, sites)]
    if parts:
        return Reasons(
            tuple(dict.fromkeys(text for part in parts for text in part.why)),
            tuple(dict.fromkeys(name for part in parts for name in part.jobs)),
            tuple(dict.fromkeys(remedy for part in parts for remedy in part.remedy)),
        )
    if scheduler not in sites:
        return _elsewhere(job, scheduler)
    return Reasons(("each party that was asked has the cores for it, so it should start within seconds",), (), (CHECK,))


def _short(party: str, need: int, account: Account, site: Site, job: str) -> Reasons | None:
    """What one party lacks; None where it has enough."""
    if not account.cores or need <= account.free:
        return None
    asks = f"party {party} has to give it {need} cores"
    raised = f"raise `{site.cores_key}` of {site.service} above {need - 1}" if site.cores_key else ""
    raises = (Edit(raised, instead=True),) if raised else ()
    if need > account.cores:
        why = f"{asks}, and all jobs together may have {account.cores} there: it waits for ever"
        return Reasons((why,), (), (Run(f"fatecloud job stop {job}"), *raises))
    names = tuple(dict.fromkeys(holder.job for holder in account.holders))
    sentences = [f"{asks}, and {account.free} of {account.cores} are free there"]
    if account.lost:
        sentences.append(f"{account.lost} cores of party {party} are counted as taken, and no job has them")
    stops = (
        Run(f"fatecloud job stop {name}", when="if it is not needed", instead=n > 0) for n, name in enumerate(names)
    )
    return Reasons(tuple(sentences), names, tuple(stops))


def _refused(job: str, sites: Mapping[str, Site]) -> Iterator[Reasons]:
    """Parties that were not asked here, and gave no cores at the last attempt."""
    sides = [side for site in sites.values() for one in site.attempts.get(job, ()) for side in one.refused]
    for party in dict.fromkeys(party for _, party in sides if party not in sites):
        why = f"party {party} did not give it cores at the last attempt; which jobs have them is only known there"
        yield Reasons((why,), (), (Ask(f"the operator of party {party}", f"what job {job} waits for there"),))


def _elsewhere(job: str, scheduler: str) -> Reasons:
    if not scheduler:
        return Reasons(("the services here have the cores, and do not say who starts it",), (), (CHECK,))
    why = f"the services here have the cores; party {scheduler} starts it, and only there is known what is before it"
    return Reasons((why,), (), (Ask(f"the operator of party {scheduler}", f"what job {job} waits for"),))
