"""Runs everything that must hold, in parts side by side: tests on nodes mostly wait, for services and for time.

Each line begins with the name of its part. Ends with 1 if any part failed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

BIN = Path(sys.executable).parent
PYTEST = ("pytest", "-p", "no:cacheprovider")
TWO_PARTIES = "test_two_parties*.py"
"""They share one cluster, in this order; the others have nodes of their own."""
PARTS: dict[str, list[tuple[str, ...]]] = {
    "code": [
        ("ruff", "check", "--quiet", "."),
        ("ruff", "format", "--quiet", "--check", "."),
        ("yamllint", "--strict", "."),
        ("mypy",),
        (*PYTEST, "tests/unit", "tests/golden"),
        ("ansible-lint", "--offline", "-q"),
    ],
    "parties": [(*PYTEST, *sorted(str(path) for path in Path("tests/e2e").glob(TWO_PARTIES)))],
    "nodes": [(*PYTEST, "tests/e2e", f"--ignore-glob=*/{TWO_PARTIES}")],
}
_running: list[subprocess.Popen[str]] = []


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


def say(part: str, line: str) -> None:
    """Print a whole line."""
    sys.stdout.write(f"[{part}] {line}\n")
    sys.stdout.flush()


def end_all(number: int, _frame: FrameType | None) -> None:
    """End what runs; Ctrl-C on a terminal has reached it already, and it cleans up."""
    for process in _running:
        if number == signal.SIGTERM and process.poll() is None:
            process.terminate()


def main() -> int:
    """Run all parts, and say how it ended."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_all)
    with ThreadPoolExecutor(len(PARTS)) as pool:
        passed = dict(zip(PARTS, pool.map(ended, PARTS, PARTS.values()), strict=True))
    failed = [part for part, well in passed.items() if not well]
    say("all", f"FAILED: {', '.join(failed)}" if failed else "passed")
    return 1 if failed else os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
