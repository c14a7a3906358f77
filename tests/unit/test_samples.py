"""What checks keep for later ones: bounded in number and age, and what follows from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from check_world import ENGINE, FRONT, STORE, healthy_documents, observed, the_desired
from hypothesis import given
from hypothesis import strategies as st
from preflight_world import NOW

from fatecloud.checks import history
from fatecloud.checks.engine import judge
from fatecloud.checks.history import AGE, MOST, NAMES, joined
from fatecloud.collect.record import observed_from_json, observed_to_json
from fatecloud.errors import RunError
from fatecloud.model.check import CheckSpec, Code, NodeView, ServiceView, node_check, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.observed import Observed
from fatecloud.model.samples import History, Sample, seconds_until, slope
from fatecloud.state.database import FILE
from fatecloud.state.samples import keep_samples, kept_samples
from fatecloud.workflow import samples as remembering
from fatecloud.workflow.check import FACTS, USAGE, USAGE_SECONDS, facts_now

GROWS = Code("X_GROWS", "warning", "It takes more memory each time.")
DESIRED = the_desired()


def memory(view: ServiceView) -> dict[str, float]:
    return {"rss": view.state["rss"]}


@service_check(GROWS, component="engine", samples=memory)
def grows(view: ServiceView) -> Iterator[Finding]:
    rate = slope(view.history("rss"))
    if rate and rate > 0:
        yield Finding(GROWS.name, GROWS.severity, view.subject, f"{rate:.0f} bytes per second")


def seen(taken: float, rss: int) -> Observed:
    documents = healthy_documents()
    documents["a1"]["services"][ENGINE]["rss"] = rss
    return replace(observed(documents), taken=taken)


def checked(values: list[int], every: float = 60.0, specs: tuple[CheckSpec, ...] = (grows,)) -> Observed:
    """The last of several checks, each of which saw another value."""
    kept: History = {}
    for number, value in enumerate(values):
        last = seen(NOW + every * number, value)
        kept = joined(kept, DESIRED, last, specs)
    return replace(last, history=kept)


def points(*pairs: tuple[float, float]) -> tuple[Sample, ...]:
    return tuple(Sample(*pair) for pair in pairs)


@pytest.mark.parametrize(("number", "codes"), [(4, []), (5, ["X_GROWS"])])
def test_a_check_sees_what_earlier_ones_saw_and_judges_from_the_fifth(number: int, codes: list[str]) -> None:
    last = checked([1000 + 60 * n for n in range(number)])
    report = judge(DESIRED, last, [grows])
    assert [(f.code, f.symptom) for f in report.findings] == [(code, "1 bytes per second") for code in codes]
    assert last.history[ENGINE]["rss"][-1] == Sample(last.taken, 1000 + 60 * (number - 1))


def test_saved_facts_hold_the_samples_and_judge_the_same_elsewhere() -> None:
    last = checked([10 * n for n in range(6)])
    again = observed_from_json(observed_to_json(last), "saved.json")
    assert again.history == last.history
    assert judge(DESIRED, again, [grows]).findings == judge(DESIRED, last, [grows]).findings


def test_a_reading_that_is_missing_or_forged_is_kept_as_nothing() -> None:
    @node_check(GROWS, samples=lambda view: {"x": view.fact("no such fact")})
    def absent(_view: NodeView) -> Iterator[Finding]:
        yield from ()

    @service_check(GROWS, samples=lambda _view: {"x": "many"})  # type: ignore[dict-item]
    def forged(_view: ServiceView) -> Iterator[Finding]:
        yield from ()

    assert set(checked([1], specs=(absent, forged, grows)).history) == {ENGINE}


def test_each_check_is_asked_about_its_own_subjects() -> None:
    @node_check(GROWS, samples=lambda view: {"load": view.fact("cpu")["load1"]})
    def load(_view: NodeView) -> Iterator[Finding]:
        yield from ()

    @service_check(GROWS, samples=memory)
    def every(_view: ServiceView) -> Iterator[Finding]:
        yield from ()

    assert set(checked([1], specs=(load, every)).history) == {"a1", "a2", ENGINE, FRONT, STORE}


def test_samples_are_bounded_and_reach_far_back_however_often_someone_looks() -> None:
    samples = checked(list(range(3000)), every=1.0).history[ENGINE]["rss"]
    assert len(samples) <= MOST
    assert samples[0].time == NOW
    assert [sample.value for sample in samples[-MOST // 2 :]] == list(range(3000 - MOST // 2, 3000))


def test_what_is_old_or_was_seen_after_now_goes_and_what_is_not_read_stays() -> None:
    kept = {ENGINE: {"rss": points((NOW - AGE - 1, 1), (NOW - 5, 2), (NOW + 9, 3))}, "gone@x": {"y": points((1, 1))}}
    kept["9999/other@a1"] = {"z": points((NOW - 7, 4))}
    found = joined(kept, DESIRED, seen(NOW, 5), (grows,))
    assert found == {ENGINE: {"rss": points((NOW - 5, 2), (NOW, 5))}, "9999/other@a1": {"z": points((NOW - 7, 4))}}


def test_a_subject_has_so_many_values_at_most() -> None:
    @node_check(GROWS, samples=lambda _view: {f"name {n}": n for n in range(NAMES * 4)})
    def many(_view: NodeView) -> Iterator[Finding]:
        yield from ()

    series = checked([1, 2], specs=(many,)).history["a1"]
    assert len(series) == NAMES
    assert "name 0" in series


@given(st.floats(-1e6, 1e6), st.floats(-1e3, 1e3), st.integers(5, 40))
def test_the_slope_of_a_line_is_that_of_the_line(start: float, rate: float, number: int) -> None:
    found = slope(points(*((float(n), start + rate * n) for n in range(number))))
    assert found == pytest.approx(rate, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("odd", [-1e9, 1e9])
def test_one_odd_value_does_not_move_the_slope(odd: float) -> None:
    values = [100.0, 110, 120, odd, 140, 150, 160, 170, 180, 190]
    assert slope(points(*((float(n), value) for n, value in enumerate(values)))) == pytest.approx(10, rel=0.2)


def test_what_happens_now_counts_more_than_what_happened_long_ago() -> None:
    day = 86400.0
    before = [(n * day, 0.0) for n in range(30)]
    now = [(30 * day + n * 3600, 1e9 * n) for n in range(10)]
    assert slope(points(*before, *now)) == pytest.approx(1e9 / 3600)


@pytest.mark.parametrize(
    ("pairs", "left"),
    [
        ([(n * 3600.0, 100.0 - n) for n in range(11)], 90 * 3600),
        ([(n * 3600.0, 100.0 - n) for n in range(4)], None),
        ([(n * 60.0, 1e6 - n) for n in range(11)], None),
        ([(n * 3600.0, 100.0 + n) for n in range(11)], None),
        ([(n * 3600.0, 100.0) for n in range(11)], None),
        ([(7.0, 100.0 - n) for n in range(11)], None),
    ],
    ids=["falls", "too few", "too far ahead", "rises", "stays", "at one time"],
)
def test_when_a_value_reaches_its_limit(pairs: list[tuple[float, float]], left: float | None) -> None:
    assert seconds_until(points(*pairs), 0) == left


def test_samples_are_kept_from_check_to_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "running_checks", lambda: (grows,))
    for number in range(5):
        last = remembering.with_history(tmp_path, DESIRED, seen(NOW + 60 * number, 1000 + 60 * number))
    assert [sample.value for sample in last.history[ENGINE]["rss"]] == [1000, 1060, 1120, 1180, 1240]
    assert kept_samples(tmp_path) == last.history


def test_without_a_history_a_check_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "running_checks", lambda: (grows,))
    (tmp_path / FILE).write_text("this is not SQLite, and it is long enough to look like a page of something else")
    last = remembering.with_history(tmp_path, DESIRED, seen(NOW, 7))
    assert last.history == {ENGINE: {"rss": points((NOW, 7))}}
    with pytest.raises(RunError):
        kept_samples(tmp_path)


@pytest.mark.parametrize("text", ["{", "7", "[[1]]", '[["x", 1]]', "null"])
def test_a_damaged_row_costs_only_itself(tmp_path: Path, text: str) -> None:
    keep_samples(tmp_path, {}, {ENGINE: {"rss": points((1, 1))}, STORE: {"rss": points((2, 2))}})
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("update series set samples = ? where subject = ?", (text, ENGINE))
    assert kept_samples(tmp_path) == {STORE: {"rss": points((2, 2))}}


def test_only_what_has_changed_is_written(tmp_path: Path) -> None:
    first: History = {ENGINE: {"rss": points((1, 1)), "fds": points((1, 5))}, STORE: {"rss": points((2, 2))}}
    keep_samples(tmp_path, {}, first)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("update series set samples = '[[3, 3]]' where name = 'fds'")  # a mark: it stays as it is
    second: History = {ENGINE: {"rss": points((1, 1), (2, 4)), "fds": points((1, 5))}}
    keep_samples(tmp_path, first, second)
    assert kept_samples(tmp_path) == {ENGINE: {"rss": points((1, 1), (2, 4)), "fds": points((3, 3))}}


def test_what_takes_a_node_long_is_read_only_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [USAGE in facts_now(tmp_path) for _ in range(3)] == [True, False, False]
    later = (tmp_path / "usage-asked").stat().st_mtime + USAGE_SECONDS + 1
    monkeypatch.setattr("time.time", lambda: later)
    assert facts_now(tmp_path) == (*FACTS, USAGE)
    assert USAGE in facts_now(tmp_path / "not there")


def test_the_present_sample_is_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST", 3)
    last: Any = checked([1, 2, 3, 4, 5])
    assert [sample.value for sample in last.history[ENGINE]["rss"]][-1] == 5
