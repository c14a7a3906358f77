"""The lease is the last thing that the collector reads, and hashes of files are of the manifest's moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fatecloud.collect.node.afresh import Facts, read_afresh

EARLY, LATER = {"value": {"run": "r1"}}, {"value": {"run": "r1", "changing": {"9999/mysql@n1": 7}}}
NONE, FAILED = {"value": None}, {"error": "lease is damaged"}


def answers(**series: list[Any]) -> Callable[[str], dict[str, Any]]:
    """Takes a fact as it is at each of several moments."""
    return lambda name: dict(series[name].pop(0))


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (EARLY, LATER, LATER),
        (NONE, LATER, LATER),
        (EARLY, NONE, EARLY),
        (EARLY, FAILED, EARLY),
        (FAILED, LATER, LATER),
        (NONE, NONE, NONE),
    ],
    ids=["goes on", "begins", "ends", "cannot be read again", "can be read now", "no run"],
)
def test_a_lease_says_what_a_run_has_done_until_all_was_read(
    before: dict[str, Any], after: dict[str, Any], kept: dict[str, Any]
) -> None:
    facts: Facts = {"lease": before}
    read_afresh(facts, answers(lease=[after]))
    assert facts == {"lease": kept}


@pytest.mark.parametrize("changes", range(5))
def test_files_are_read_again_until_the_manifest_holds_still(changes: int) -> None:
    manifests = [{"value": {"files": number}} for number in (*range(1, changes + 1), *[changes] * 4)]
    facts: Facts = {"manifest": {"value": {"files": 0}}, "files": {"value": "hashes 0"}}
    take = answers(manifest=manifests, files=[{"value": f"hashes {number}"} for number in range(1, 5)])
    read_afresh(facts, take)
    last = min(changes, 3)
    assert facts == {"manifest": {"value": {"files": last}}, "files": {"value": f"hashes {last}"}}


def test_nothing_is_read_that_was_not_asked_for() -> None:
    facts: Facts = {"manifest": {"value": {}}}
    read_afresh(facts, answers())
    assert facts == {"manifest": {"value": {}}}
