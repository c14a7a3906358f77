"""The parts that all tests are run in: side by side, each to its first failure."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sampling
import whole_run


@pytest.fixture
def _signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_signals")
def test_a_part_that_fails_ends_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    says, fails = ("python", "-c", "print('said')"), ("python", "-c", "raise SystemExit(3)")
    monkeypatch.setattr(whole_run, "PARTS", {"good": [says, says], "bad": [fails, says]})
    assert whole_run.main() == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines.count("[good] said") == 2
    assert "[bad] said" not in lines
    assert any(line.startswith("[bad] FAILED: python ended with 3 after ") for line in lines)
    assert "[all] FAILED: bad" in lines
    monkeypatch.setattr(whole_run, "PARTS", {"good": [says]})
    assert whole_run.main() == 0


@pytest.mark.usefixtures("_signals")
def test_who_ends_it_ends_what_it_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asleep = ("python", "-c", "print('up', flush=True); import time; time.sleep(60)")
    monkeypatch.setattr(whole_run, "PARTS", {"asleep": [asleep], "waits": [("python", "-c", "print('begun')")]})
    monkeypatch.setattr(whole_run, "AT_ONCE", 1)
    real = whole_run.say

    def say(part: str, line: str) -> None:
        real(part, line)
        if line == "up":
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(whole_run, "say", say)
    assert whole_run.main() == 1
    out = capsys.readouterr().out
    assert "python ended with -15" in out
    assert "[waits] FAILED: ended before python" in out
    assert "begun" not in out


def test_each_file_is_in_one_part_unless_it_is_left_to_another_seed() -> None:
    every = whole_run.parts(lambda _what, files, _number: files)
    words = Counter(word for part in every.values() for command in part for word in command)
    for path in whole_run.WITH_ALL:
        assert words.pop(path) > 1
    root = Path(__file__).parents[2]
    files = {str(path.relative_to(root)) for path in root.glob("tests/e2e/test_*.py")}
    assert {path: words[path] for path in files.difference(whole_run.WITH_ALL)} == dict.fromkeys(
        files.difference(whole_run.WITH_ALL), 1
    )


def test_files_take_their_turn_and_all_are_taken_within_some_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "LONG", False)
    left = set[str]()
    for seed in range(40):
        monkeypatch.setattr(sampling, "SEED", seed)
        away = set(whole_run.left_out(whole_run.parts(sampling.sample)))
        assert away
        assert not away & {*whole_run.ALWAYS, *whole_run.BARE, *whole_run.FAULTS, *whole_run.WORK}
        left = left & away if seed else away
    assert left == set()


def test_the_last_line_has_the_sums_of_all_parts() -> None:
    lines = [
        "FAILED tests/e2e/test_a.py::test_b - AssertionError",
        "===== 3 failed, 5798 passed, 1 error in 3032.24s (0:50:32) =====",
        "a service wrote: 7 passed in a row",
        "===== 2 passed, 1 warning in 3.00s =====",
    ]
    *failed, last = whole_run.closing(lines, 12.3)
    assert failed == lines[:1]
    assert last == "===== 3 failed, 5800 passed, 1 error, 1 warning in 12.30s ====="
