"""Runs everything that must hold, in parts, four at a time: tests on nodes mostly wait, for services and for time.

Each line begins with the name of its part. At the end come the tests that failed in any part, and one line with the
sums of all, as one run of pytest would print them. Ends with 1 if any part failed.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

BIN = Path(sys.executable).parent
PYTEST = ("pytest", "-p", "no:cacheprovider", "--durations=25", "--durations-min=5")
AT_ONCE = 4
"""Parts side by side: tests on nodes wait for services and for time, but more would only wait for processors."""
SHARED = frozenset(str(path) for path in Path("tests/e2e").glob("test_two_parties*.py"))
"""Those of a run of pytest share one cluster."""


def _named(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/e2e/test_{name}.py" for name in names)


def _like(pattern: str) -> tuple[str, ...]:
    return tuple(sorted(str(path) for path in Path("tests/e2e").glob(f"test_{pattern}.py")))


WITH_ALL = _named("two_parties_tell_no_secret")
"""It looks at all that was said and left there before, so it is the last wherever a cluster is shared."""
BARE = _named("two_parties", "two_parties_killed")
JOBS = _named("two_parties_hostile_partner", "two_parties_silent")
FAULTS = _named("two_parties_faults")
WAY = _named("two_parties_way")
WORK = _named("two_parties_harmless", "two_parties_quiet")
TRUST = tuple(sorted(SHARED.difference(BARE, JOBS, FAULTS, WAY, WORK, WITH_ALL)))
PREPARES = _named("prepared")
"""It makes the image of prepared nodes, which takes longer than a test may. What needs the image comes after it."""
JVM = _like("jvm*")
FIRST = _named("quickstart", "oldest_distribution")
GROUP = _named("group")
EGGROLL = _like("eggroll*")
REST = tuple(path for path in _like("*") if path not in {*SHARED, *PREPARES, *JVM, *FIRST, *GROUP, *EGGROLL})
PARTS: dict[str, list[tuple[str, ...]]] = {
    "parties": [(*PYTEST, *BARE, *WITH_ALL)],
    "prepared": [(*PYTEST, *PREPARES)],
    "style": [
        ("ruff", "check", "--quiet", "."),
        ("ruff", "format", "--quiet", "--check", "."),
        ("yamllint", "--strict", "."),
        ("mypy",),
        ("ansible-lint", "--offline", "-q"),
    ],
    "code": [(*PYTEST, "tests/unit", "tests/golden")],
    "jvm": [(*PYTEST, *JVM)],
    "first": [(*PYTEST, *FIRST)],
    "trust": [(*PYTEST, *TRUST, *WITH_ALL)],
    "work": [(*PYTEST, *WORK, *WITH_ALL)],
    "jobs": [(*PYTEST, *JOBS, *WITH_ALL)],
    "faults": [(*PYTEST, *FAULTS, *WITH_ALL)],
    "group": [(*PYTEST, *GROUP)],
    "eggroll": [(*PYTEST, *EGGROLL)],
    "way": [(*PYTEST, *WAY)],
    "rest": [(*PYTEST, *REST)],
}
"""In this order, each as soon as one before it has ended: the longest first, so that they end together.

All nodes wait for the first image of a distribution, which takes one processor: parts without nodes are beside that.
What begins on prepared nodes comes after those that begin on bare ones, so that it does not wait for their image.
"""
_SUMMARY = re.compile(r"(FAILED|ERROR) tests/")
_CLOSING = re.compile(r"=+ (?P<sums>\d+ \w+.*) in [\d.]+s\b.*=+")
_running: list[subprocess.Popen[str]] = []
_ending = threading.Event()
"""No part begins any more."""
_said: list[str] = []


def ended(part: str, commands: Sequence[Sequence[str]]) -> bool:
    """Run the commands of a part until one fails; whether none did."""
    began = time.monotonic()
    for name, *words in commands:
        if _ending.is_set():
            say(part, f"FAILED: ended before {name}")
            return False
        with subprocess.Popen(
            [BIN / name, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process:
            _running.append(process)
            assert process.stdout
            for line in process.stdout:
                say(part, line.rstrip("\n"))
        if process.returncode != 0:
            say(part, f"FAILED: {name} ended with {process.returncode} after {time.monotonic() - began:.0f} s")
            return False
    say(part, f"passed after {time.monotonic() - began:.0f} s")
    return True


def closing(lines: Iterable[str], seconds: float) -> list[str]:
    """The summaries of several runs of pytest as one: a line per failed test, and the sums of all results."""
    known = list(lines)
    sums: Counter[str] = Counter()
    for line in known:
        if found := _CLOSING.fullmatch(line):
            for number, what in re.findall(r"(\d+) (\w+)", found["sums"]):
                sums[what.removesuffix("s") if what in ("errors", "warnings") else what] += int(number)
    results = ", ".join(f"{number} {what}" for what, number in sums.items()) or "no tests ran"
    return [*(line for line in known if _SUMMARY.match(line)), f"===== {results} in {seconds:.2f}s ====="]


def say(part: str, line: str) -> None:
    """Print a whole line."""
    _said.append(line)
    sys.stdout.write(f"[{part}] {line}\n")
    sys.stdout.flush()


def end_all(number: int, _frame: FrameType | None) -> None:
    """End what runs; Ctrl-C on a terminal has reached it already, and it cleans up."""
    _ending.set()
    for process in _running:
        if number == signal.SIGTERM and process.poll() is None:
            process.terminate()


def main() -> int:
    """Run all parts, and say how it ended."""
    began = time.monotonic()
    _ending.clear()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_all)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        passed = dict(zip(PARTS, pool.map(ended, PARTS, PARTS.values()), strict=True))
    failed = [part for part, well in passed.items() if not well]
    say("all", f"FAILED: {', '.join(failed)}" if failed else "passed")
    for line in closing(tuple(_said), time.monotonic() - began):
        sys.stdout.write(f"{line}\n")
    return 1 if failed else os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
