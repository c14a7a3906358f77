"""What holds for every inventory: it gives a cluster, or problems with their places, in bounded time and memory."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from fatecloud.errors import InventoryError
from fatecloud.inventory.loader import load
from fatecloud.inventory.show import show
from fatecloud.model.cluster import Cluster

SECONDS = 2.0
"""Of the processor, so that a busy machine breaks no promise."""
MEMORY = 200 << 20
"""Bytes of the whole program."""
PROGRAM = 50 << 20
"""Bytes of it that are there before a file is read: what an example takes is measured on top of that."""
LINE = re.compile(r":(\d+):(\d+): ([^\x00-\x1f]*\S)")
LONGEST = 3000
"""Characters of a problem: words of the file are cut, and lists of valid words end somewhere."""


@dataclass(slots=True)
class Tally:
    """The outcomes of a property's examples."""

    clusters: int = 0
    refusals: int = 0
    rendered: int = 0
    seconds: float = 0.0
    memory: int = 0
    problems: set[str] = field(default_factory=set)
    """What was complained about, without the words of the file."""

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """The code in this block stays within the bounds."""
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # resets the peak
        before, began = _status("VmRSS"), time.process_time()
        yield
        seconds, memory = time.process_time() - began, _status("VmHWM") - before
        self.seconds, self.memory = max(self.seconds, seconds), max(self.memory, memory)
        assert seconds < SECONDS
        assert memory < MEMORY - PROGRAM

    def __str__(self) -> str:
        count = self.clusters + self.refusals
        return (
            f"{count} files: {self.clusters} clusters ({self.rendered} rendered), {self.refusals} refused for "
            f"{len(self.problems)} kinds of reasons; at most {self.seconds:.2f} s and {self.memory / 2**20:.1f} MiB"
        )


def outcome(file: Path, content: bytes, tally: Tally) -> Cluster | None:
    """Load a file; the cluster, or None where it was refused as it should be."""
    file.write_bytes(content)
    refusal = ""
    with tally.bounded():
        try:
            cluster = load(file)
        except InventoryError as error:
            refusal = error.message
    if refusal:
        judge_problems(file, content, refusal, tally)
        return None
    tally.clusters += 1
    assert isinstance(cluster, Cluster)
    assert cluster.owners
    assert cluster.nodes
    return cluster


def judge_problems(file: Path, content: bytes, message: str, tally: Tally) -> None:
    """Every line of a refusal names a place that the file has."""
    lines = content.decode("utf-8-sig", "replace").splitlines() or [""]
    rows = message.split("\n")
    if re.fullmatch(rf"{re.escape(str(file))}: \.\.\. and \d+ more", rows[-1]):
        rows.pop()
    for line in rows:
        assert line.startswith(str(file)), line
        match = LINE.fullmatch(line.removeprefix(str(file)))
        assert match, line
        row, column = int(match[1]), int(match[2])
        assert 1 <= row <= len(lines) + 1, line
        # An invalid character may become several in the decoded line, never fewer.
        assert 1 <= column <= (len(lines[row - 1]) if row <= len(lines) else 0) + 1, line
        assert len(line) < LONGEST, line
        tally.problems.add(re.sub(r"'[^']*'|\d+|\S*[./]\S*", "", match[3].partition(", expected")[0])[:60])
    tally.refusals += 1


def shown_again(file: Path, cluster: Cluster) -> None:
    """What `inventory show` prints of a cluster loads to the same cluster."""
    for full in (True, False):
        file.write_text(show(cluster, full=full), encoding="utf-8")
        assert replace(load(file), origins={}) == replace(cluster, origins={})


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) << 10
    raise AssertionError(name)
