"""Who has which cores, and why a job waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fatecloud.checks.queue import ledger_of
from fatecloud.model.jobs import Attempt, JobRow, Try
from fatecloud.model.ledger import Ledger, Site, Waiting
from fatecloud.model.remedy import Ask, Edit, Run


def row(job: str, status: str, cores: int, **more: Any) -> JobRow:
    fields = {"role": "guest", "party": "9999", "scheduler": "9999", "created": float(job), "held": status == "running"}
    return JobRow(job=job, status=status, partners="with 10000", cores=cores, **{**fields, **more})


def site(rows: Sequence[JobRow], party: str = "9999", cores: int = 32, **attempts: Attempt) -> Site:
    found = {job.removeprefix("j"): (attempt,) for job, attempt in attempts.items()}
    return Site(party, f"{party}/flow@a1", "flow", cores, "computing.cores", tuple(rows), found)


def waiting(ledger: Ledger, job: str) -> Waiting:
    return next(one for one in ledger.waiting if one.job == job)


def test_who_has_which_cores() -> None:
    (account,) = ledger_of(
        [site([row("2", "running", 4, held_since=9.0), row("1", "running", 8, held_since=5.0)])]
    ).accounts
    assert [(one.job, one.cores, one.since) for one in account.holders] == [("1", 8, 5.0), ("2", 4, 9.0)]
    assert (account.held, account.free, account.lost) == (12, 20, 0)


def test_a_waiting_job_that_is_being_tried_has_no_cores() -> None:
    (account,) = ledger_of([site([row("1", "waiting", 20, held=True)])]).accounts
    assert (account.holders, account.free) == ((), 32)


def test_an_ended_job_that_kept_its_cores_has_them() -> None:
    (account,) = ledger_of([site([row("1", "failed", 4, held=True)])]).accounts
    assert [(one.job, one.status) for one in account.holders] == [("1", "failed")]


def test_the_first_of_a_queue_names_what_it_lacks_and_who_has_it() -> None:
    rows = [row("1", "running", 20), row("2", "waiting", 20), row("3", "waiting", 1)]
    ledger = ledger_of([site(rows)])
    head, behind = waiting(ledger, "2"), waiting(ledger, "3")
    assert head.why == ("party 9999 has to give it 20 cores, and 12 of 32 are free there",)
    assert (head.blockers, head.place) == (("1",), 1)
    assert head.remedy == (Run("fatecloud job stop 1", when="if it is not needed"),)
    assert behind.why[0].startswith("it is behind 2: ")
    assert (behind.blockers, behind.place) == (("2",), 2)
    assert behind.remedy == (Run("fatecloud job why 2", looks=True),)


def test_a_higher_priority_is_before_an_older_job() -> None:
    ledger = ledger_of([site([row("1", "waiting", 40), row("2", "waiting", 40, priority=3)])])
    assert [one.job for one in ledger.waiting] == ["2", "1"]


def test_each_party_has_a_queue_of_its_own() -> None:
    ours, theirs = row("1", "waiting", 4), row("2", "waiting", 4, scheduler="10000", role="host")
    other = row("2", "waiting", 4, scheduler="10000", party="10000")
    ledger = ledger_of([site([ours, theirs]), site([other], "10000")])
    assert {one.job: one.place for one in ledger.waiting} == {"1": 1, "2": 1}
    assert waiting(ledger, "2").sides == ("host of party 9999", "guest of party 10000")


def test_a_job_that_one_party_has_started_waits_at_none() -> None:
    earlier = row("2", "waiting", 4, scheduler="9999")
    later = row("2", "running", 4, scheduler="9999", party="10000", role="host")
    refused = Attempt((Try("guest", "9999", 4, given=True, free=28),), (("host", "10000"),))
    ledger = ledger_of([site([earlier, row("3", "waiting", 4)], j2=refused), site([later], "10000")])
    assert [one.job for one in ledger.waiting] == ["3"]
    assert (waiting(ledger, "3").place, waiting(ledger, "3").blockers) == (1, ())


def test_a_job_within_one_party_that_can_never_start() -> None:
    rows = [row("1", "waiting", 20), row("1", "waiting", 20, role="host")]
    head = waiting(ledger_of([site(rows)]), "1")
    assert head.why == (
        "party 9999 has to give it 40 cores, and all jobs together may have 32 there: it waits for ever",
    )
    assert head.needs == {"9999": 40}
    stop, edit = head.remedy
    assert (stop, type(edit)) == (Run("fatecloud job stop 1"), Edit)
    assert str(edit) == "or, in the inventory: raise `computing.cores` of 9999/flow@a1 above 39"


def test_cores_that_no_job_has_are_named_only_if_two_looks_agree() -> None:
    attempt = Attempt((Try("guest", "9999", 20, given=False, free=7),))
    sites = [site([row("1", "running", 5), row("2", "waiting", 20)], j2=attempt)]
    ledger = ledger_of(sites)
    assert (ledger.accounts[0].lost, ledger.accounts[0].free) == (20, 7)
    assert waiting(ledger, "2").why == (
        "party 9999 has to give it 20 cores, and 7 of 32 are free there",
        "20 cores of party 9999 are counted as taken, and no job has them",
    )
    assert ledger_of(sites, (), {"9999": 3}).accounts[0].lost == 3
    assert ledger_of(sites, (), {}).accounts[0].lost == 0


def test_what_an_attempt_gave_to_the_other_role_is_not_lost() -> None:
    given, failed = Try("guest", "9999", 20, given=True, free=12), Try("host", "9999", 20, given=False, free=12)
    rows = [row("1", "waiting", 20), row("1", "waiting", 20, role="host")]
    assert ledger_of([site(rows, j1=Attempt((given, failed)))]).accounts[0].lost == 0


def test_a_partner_that_refuses_is_named_with_whom_to_ask() -> None:
    refused = Attempt((Try("guest", "9999", 4, given=True, free=28),), (("host", "10000"),))
    head = waiting(ledger_of([site([row("1", "waiting", 4)], j1=refused)]), "1")
    assert head.why[0].startswith("party 10000 did not give it cores at the last attempt")
    assert head.remedy == (Ask("the operator of party 10000", "what job 1 waits for there"),)


def test_a_job_that_a_partner_starts() -> None:
    head = waiting(ledger_of([site([row("1", "waiting", 4, scheduler="10000")])]), "1")
    assert (head.place, head.remedy) == (0, (Ask("the operator of party 10000", "what job 1 waits for"),))


def test_a_job_that_is_not_accepted_everywhere_yet_and_one_that_lacks_nothing() -> None:
    ready = waiting(ledger_of([site([row("1", "ready", 4)])]), "1")
    assert "not by all of its parties yet" in ready.why[0]
    free = waiting(ledger_of([site([row("1", "waiting", 4)])]), "1")
    assert "should start within seconds" in free.why[0]


def test_where_the_number_of_cores_is_not_known_nothing_is_lacking() -> None:
    head = waiting(ledger_of([site([row("1", "waiting", 4)], cores=0)]), "1")
    assert "should start within seconds" in head.why[0]
