"""Runs everything that must hold, in parts side by side: tests on nodes mostly wait, for services and for time.

Each line begins with the name of its part. At the end come the tests that failed in any part, and one line with the
sums of all, as one run of pytest would print them. Ends with 1 if any part failed.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

BIN = Path(sys.executable).parent
PYTEST = ("pytest", "-p", "no:cacheprovider", "--durations=25", "--durations-min=5")
TWO_PARTIES = sorted(str(path) for path in Path("tests/e2e").glob("test_two_parties*.py"))
FROM_NOTHING = tuple(f"tests/e2e/test_two_parties{name}.py" for name in ("", "_killed", "_tell_no_secret", "_way"))
"""They begin on bare nodes and end with empty ones. The others begin with a cluster that runs."""
AT_BOTH = "tests/e2e/test_two_parties_tell_no_secret.py"
"""It looks at all that was said and left there before."""
PREPARES = "tests/e2e/test_prepared.py"
"""It makes the image of prepared nodes, which takes longer than a test may."""
PARTS: dict[str, list[tuple[str, ...]]] = {
    "code": [
        ("ruff", "check", "--quiet", "."),
        ("ruff", "format", "--quiet", "--check", "."),
        ("yamllint", "--strict", "."),
        ("mypy",),
        (*PYTEST, "tests/unit", "tests/golden"),
        ("ansible-lint", "--offline", "-q"),
    ],
    "parties": [(*PYTEST, *FROM_NOTHING)],
    "trust": [
        (*PYTEST, PREPARES),
        (*PYTEST, *(path for path in TWO_PARTIES if path not in FROM_NOTHING), AT_BOTH),
    ],
    "nodes": [(*PYTEST, "tests/e2e", "--ignore-glob=*/test_two_parties*.py", f"--ignore={PREPARES}")],
}
_SUMMARY = re.compile(r"(FAILED|ERROR) tests/")
_CLOSING = re.compile(r"=+ (?P<sums>\d+ \w+.*) in [\d.]+s\b.*=+")
_running: list[subprocess.Popen[str]] = []
_said: list[str] = []


def ended(part: str, commands: Sequence[Sequence[str]]) -> bool:
    """Run the commands of a part until one fails; whether none did."""
    began = time.monotonic()
    for name, *words in commands:
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
    for process in _running:
        if number == signal.SIGTERM and process.poll() is None:
            process.terminate()


def main() -> int:
    """Run all parts, and say how it ended."""
    began = time.monotonic()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_all)
    with ThreadPoolExecutor(len(PARTS)) as pool:
        passed = dict(zip(PARTS, pool.map(ended, PARTS, PARTS.values()), strict=True))
    failed = [part for part, well in passed.items() if not well]
    say("all", f"FAILED: {', '.join(failed)}" if failed else "passed")
    for line in closing(tuple(_said), time.monotonic() - began):
        sys.stdout.write(f"{line}\n")
    return 1 if failed else os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
