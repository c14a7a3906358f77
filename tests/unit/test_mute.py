"""A muted finding does not count, is always shown, and counts again when it gets worse or its time is over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fatecloud.checks.muting import mute_of, with_mutes
from fatecloud.errors import InputError, NoMatch, UsageError
from fatecloud.inventory.mutes import load_mutes, mutes_file, save_mutes
from fatecloud.model.finding import Finding, Report, Severity, Subject
from fatecloud.model.mute import Mute
from fatecloud.report.document import report_document
from fatecloud.report.look import Look
from fatecloud.report.table import table
from fatecloud.workflow.complete import values
from fatecloud.workflow.mute import add_mute, end_of, remove_mute

NOW = 1_800_000_000.0
LOOK = Look(width=200, unicode=False)
PEER = Finding(
    "NGINX_PEER_UNREACHABLE", "critical", Subject("9999", "a1", "9999/nginx@a1"), "no answer", about="10000/"
)
FLOW = Finding("FLOW_SITE", "critical", Subject("9999", "a1", "9999/flow@a1"), "no way", caused_by=(PEER.id,))
DISK = Finding("NODE_DISK_LOW", "warning", Subject(node="a1"), "85 % full")


def report(*findings: Finding) -> Report:
    return Report("demo", NOW, 1.0, 7, findings, ())


def a_mute(finding: Finding, *others: Finding, **changes: Any) -> Mute:
    made = mute_of(finding, (finding, *others), reason="new disk on Monday", until=NOW + 60, by="ada@ops", at=NOW - 60)
    return replace(made, **changes)


def test_a_muted_finding_does_not_count_and_is_shown_with_its_reason() -> None:
    found = with_mutes(report(DISK), [a_mute(DISK)])
    assert (found.findings, found.exit_status) == ((), 0)
    text = table(found, LOOK)
    assert "muted: warning NODE_DISK_LOW a1: 85 % full" in text
    assert "by ada@ops: new disk on Monday" in text
    assert text.endswith("2027-01-15 08:00:00 UTC")
    assert "healthy; 7 checks passed, 1 muted" in text
    document = report_document(found)
    assert [one["finding"]["id"] for one in document["muted"]] == [DISK.id]
    assert document["summary"]["warning"] == 0


def test_what_it_alone_explains_is_muted_with_it() -> None:
    found = with_mutes(report(PEER, FLOW, DISK), [a_mute(PEER, FLOW)])
    assert found.findings == (DISK,)
    assert [one.finding for one in found.muted] == [PEER, FLOW]
    assert f"with {PEER.id} until" in table(found, LOOK)


def test_what_another_one_explains_as_well_still_counts() -> None:
    both = replace(FLOW, caused_by=(PEER.id, DISK.id))
    assert with_mutes(report(PEER, DISK, both), [a_mute(PEER)]).findings == (DISK, both)


@pytest.mark.parametrize(
    ("mute", "found", "why"),
    [
        (a_mute(DISK), [replace(DISK, severity="critical")], "it is critical now, and was warning"),
        (a_mute(DISK), [replace(DISK, severity="unknown")], "it is unknown now, and was warning"),
        (a_mute(PEER), [replace(PEER, about="10000/ 20000/")], "it is about 20000/ too"),
        (a_mute(PEER), [PEER, FLOW], f"it now explains {FLOW.id} too"),
        (
            a_mute(PEER, replace(FLOW, severity="warning")),
            [PEER, FLOW],
            f"{FLOW.id}, which it explains, is critical now, and was warning",
        ),
        (a_mute(DISK, until=NOW), [DISK], "its time is over"),
    ],
)
def test_it_counts_again_when_it_is_worse_or_the_time_is_over(mute: Mute, found: list[Finding], why: str) -> None:
    judged = with_mutes(report(*found), [mute])
    assert judged.findings == tuple(found)
    assert judged.fallen == (f"{mute.finding} was muted by ada@ops (new disk on Monday) and counts again: {why}",)
    assert f"no longer muted: {judged.fallen[0]}" in table(judged, LOOK)


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_it_stays_muted_until_it_is_worse(severity: Severity) -> None:
    assert with_mutes(report(replace(PEER, severity=severity)), [a_mute(PEER)]).exit_status == 0


def test_a_mute_of_what_is_not_there_has_no_effect() -> None:
    assert with_mutes(report(DISK), [a_mute(PEER)]) == report(DISK)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    file = tmp_path / "inventory.yml"
    file.write_text("cluster: demo\n")
    file.chmod(0o640)
    return file


def add(place: Path, finding: str, *found: Finding, reason: str = "known", until: str = "3d") -> Mute:
    return add_mute(place, lambda: report(*found), finding, reason=reason, until=until, now=NOW)


def test_a_mute_is_kept_beside_the_inventory_with_its_rights(place: Path) -> None:
    made = add(place, PEER.id, PEER, FLOW)
    assert made.explained == {FLOW.id: "critical"}
    assert load_mutes(place) == (made,)
    assert mutes_file(place).name == "inventory.mutes.yml"
    assert mutes_file(place).stat().st_mode & 0o777 == 0o640


def test_a_code_alone_is_enough_where_it_is_raised_once(place: Path) -> None:
    assert add(place, "node_disk_low", DISK).finding == DISK.id
    other = replace(DISK, subject=Subject(node="b1"))
    with pytest.raises(NoMatch, match="raised 2 times: name one of NODE_DISK_LOW@a1, NODE_DISK_LOW@b1"):
        add(place, "NODE_DISK_LOW", DISK, other)


def test_only_what_is_there_can_be_muted(place: Path) -> None:
    with pytest.raises(NoMatch, match="there is no finding NODE_DISK_LOW@a1 now: there are no findings"):
        add(place, DISK.id)
    assert not mutes_file(place).exists()


def test_muting_again_replaces_and_removes_what_is_over(place: Path) -> None:
    save_mutes(place, [a_mute(PEER, until=NOW - 1)])
    add(place, DISK.id, DISK)
    again = add(place, DISK.id, DISK, reason="still")
    assert load_mutes(place) == (again,)


def test_removing_names_the_nearest(place: Path) -> None:
    add(place, DISK.id, DISK)
    with pytest.raises(NoMatch, match="did you mean NODE_DISK_LOW@a1"):
        remove_mute(place, "NODE_DISK_LO@a1")
    assert remove_mute(place, "node_disk_low@a1").finding == DISK.id
    assert load_mutes(place) == ()


@pytest.mark.parametrize(
    ("text", "seconds"), [("4h", 4 * 3600), ("3d", 3 * 86400), ("2027-01-16", 57600), ("2027-01-15T09:00Z", 3600)]
)
def test_a_time_is_a_length_a_day_or_a_moment(text: str, seconds: int) -> None:
    assert end_of(text, NOW) == NOW + seconds


@pytest.mark.parametrize("text", ["", "3w", "0d", "91d", "2026-01-01", "tomorrow", "999999d"])
def test_a_time_without_end_or_in_the_past_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        end_of(text, NOW)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 301])
def test_a_mute_needs_a_reason(place: Path, reason: str) -> None:
    with pytest.raises(UsageError, match="--reason"):
        add(place, DISK.id, DISK, reason=reason)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("mutes: [", r"inventory\.mutes\.yml:1: is not YAML"),
        ("[]\n- x", "is not YAML"),
        ("mutes: 3", "expected apiVersion and a list"),
        ("other: []", "expected apiVersion and a list"),
        ("mutes: [x]", "mute 1: expected finding"),
        ("mutes: [{finding: A@a1}]", "mute 1: `severity` is missing"),
        (
            "mutes: [{finding: A@a1, severity: warning, reason: r, until: soon, by: me, at: 2026-01-01}]",
            "`until` is not a time such as",
        ),
        (
            "mutes: [{finding: A@a1, severity: x, reason: r, until: 2026-01-01, by: m, at: 2026-01-01, about: 3}]",
            "expected a list `about`",
        ),
        (
            "mutes: [{finding: A@a1, severity: x, reason: [r], until: 2026-01-01, by: m, at: 2026-01-01}]",
            "expected texts",
        ),
        ("\x00", "expected apiVersion"),
        ("[" * 5000, "expected apiVersion"),
    ],
)
def test_a_file_of_another_form_is_one_clear_line(place: Path, text: str, error: str) -> None:
    mutes_file(place).write_text(text)
    with pytest.raises(InputError, match=error) as caught:
        load_mutes(place)
    assert "\n" not in caught.value.message


def test_tab_knows_what_is_muted(place: Path) -> None:
    add(place, DISK.id, DISK)
    assert list(values("mute remove", "finding", "", str(place))) == [(DISK.id, "known")]
