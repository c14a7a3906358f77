"""Runs everything that must hold, in parts, two at a time: each keeps about one of two processors busy.

Files that take their turn are sampled by the seed, so that a run ends in time; the long mode leaves none out. Each line
begins with the name of its part. At the end come the tests that failed in any part, and one line with the sums of all,
as one run of pytest would print them. Ends with 1 if any part failed.
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
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

from sampling import LONG, sample

BIN = Path(sys.executable).parent
PYTEST = ("pytest", "-p", "no:cacheprovider", "--durations=25", "--durations-min=5")
AT_ONCE = 2
"""Parts side by side. More of them would only wait for processors, and a node that is loaded cannot be judged."""
SHARED = frozenset(str(path) for path in Path("tests/e2e").glob("test_two_parties*.py"))
"""Those of a run of pytest share one cluster."""


def _named(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/e2e/test_{name}.py" for name in names)


def _like(pattern: str) -> tuple[str, ...]:
    return tuple(sorted(str(path) for path in Path("tests/e2e").glob(f"test_{pattern}.py")))


WITH_ALL = _named("two_parties_tell_no_secret")
"""It looks at all that was said and left there before, so it is the last wherever a cluster is shared."""
BARE = _named("two_parties", "two_parties_killed")
FAULTS = _named("two_parties_faults")
WAY = _named("two_parties_way")
WORK = _named("two_parties_harmless", "two_parties_quiet")
OTHERS = tuple(sorted(SHARED.difference(BARE, FAULTS, WAY, WORK, WITH_ALL)))
PREPARES = _named("prepared")
"""It makes the image of prepared nodes, which takes longer than a test may. What needs the image comes after it."""
JVM = _like("jvm*")
FIRST = _named("quickstart")
OLDEST = _named("oldest_distribution")
GROUP = _named("group")
EGGROLL = _like("eggroll*")
OF_1_4_5 = _like("rollsite_145*")
ROLLSITE = tuple(path for path in _like("rollsite*") if path not in OF_1_4_5)
"""The files of each release share one cluster."""
SERVING = _like("serving*")
"""They share one cluster, and an update is the last that happens to it. Where upstream's zips are, some more have their
own nodes."""
_APART = frozenset((*SHARED, *PREPARES, *JVM, *FIRST, *OLDEST, *GROUP, *EGGROLL, *ROLLSITE, *OF_1_4_5, *SERVING))
REST = tuple(path for path in _like("*") if path not in _APART)
ALWAYS = frozenset(
    _named(
        "jvm",
        "eggroll",
        "eggroll_contract",
        "eggroll_faults",
        "eggroll_many_sessions",
        "eggroll_star",
        "eggroll_whole",
    )
)
"""Of the parts in which files take their turn. What only upstream's packages can do costs nothing without them."""


Some = Callable[[str, Sequence[str], int], Sequence[str]]
"""Takes so many of some files; the first argument names them."""


def parts(some: Some) -> dict[str, list[tuple[str, ...]]]:
    """Each part with its commands, the longest first, so that they end together; each begins when one has ended.

    All nodes wait for the first image of a distribution, which takes one processor: `code` is beside that. What begins
    on prepared nodes comes after what makes their image.
    """

    def turn(what: str, files: Sequence[str], number: int) -> tuple[str, ...]:
        return tuple(some(what, [path for path in files if path not in ALWAYS], number))

    alone = turn("files with nodes of their own", (*OLDEST, *GROUP, *WAY), 1)
    beside = turn("files of jvm and eggroll", (*JVM, *EGGROLL), 1)
    files = {
        "parties": (*BARE, *WITH_ALL),
        "code": ("tests/unit", "tests/golden"),
        "prepared": PREPARES,
        "work": (*WORK, *turn("other files of two parties", OTHERS, 2), *WITH_ALL),
        "faults": (*FAULTS, *WITH_ALL),
        "eggroll": tuple(path for path in EGGROLL if path in ALWAYS or path in beside),
        "rollsite": ROLLSITE,
        "serving": SERVING,
        "rollsite_145": OF_1_4_5,
        "jvm": tuple(path for path in JVM if path in ALWAYS or path in beside),
        **{Path(path).stem.removeprefix("test_").removeprefix("two_parties_"): (path,) for path in alone},
        "first": FIRST,
        "rest": REST,
    }
    style = [
        ("ruff", "check", "--quiet", "."),
        ("ruff", "format", "--quiet", "--check", "."),
        ("yamllint", "--strict", "."),
        ("mypy",),
        ("ansible-lint", "--offline", "-q"),
    ]
    return {name: [(*PYTEST, *paths)] for name, paths in files.items()} | {"style": style}


PARTS = parts(sample)
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


def left_out(taken: Mapping[str, Sequence[Sequence[str]]]) -> list[str]:
    """Files that none of these parts runs."""
    every = parts(lambda _what, files, _number: files)
    words = {word for commands in taken.values() for command in commands for word in command}
    return sorted({word for commands in every.values() for command in commands for word in command} - words)


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
    if not LONG:
        say("all", f"left to other seeds: {', '.join(left_out(PARTS)) or 'nothing'}")
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
