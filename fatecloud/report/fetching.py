"""Progress of a fetch: bars on a terminal, one line per artifact elsewhere. Everything goes to stderr."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from fatecloud.model.artifact import Artifact
from fatecloud.model.sizes import size_text
from fatecloud.plain import plain, plain_lines
from fatecloud.report.screen import LiveLine, drawing

LARGE = 10_000_000
"""Files of at least this many bytes get a bar of their own."""


class FetchProgress:
    """Listens to a fetch. Use as a context manager."""

    def __init__(self) -> None:
        self._console = drawing()
        terminal, simple = self._console.is_terminal, self._console.is_dumb_terminal or self._console.no_color
        self._redraws = terminal and not simple
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=self._console,
            disable=not self._redraws,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._lock = Lock()
        self._tasks: dict[str, TaskID] = {}
        self._expected: dict[str, Artifact] = {}
        self._total: TaskID | None = None
        self._line = LiveLine(self._console)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.working("")
        self._bars.stop()

    def say(self, text: str) -> None:
        """Print a sentence."""
        self._console.print(plain_lines(text))

    def begin(self, artifacts: Sequence[Artifact]) -> None:
        """Print how much will be fetched."""
        if not artifacts:
            return
        size = sum(artifact.size for artifact in artifacts)
        self.say(f"fetching {len(artifacts)} files, {size_text(size)}")
        self._expected = {artifact.filename: artifact for artifact in artifacts}
        self._total = self._bars.add_task("all", total=size)

    def received(self, filename: str, size: int) -> None:
        """Move a large file's bar."""
        artifact = self._expected.get(filename)
        if artifact is None or artifact.size < LARGE:
            return
        with self._lock:
            if filename not in self._tasks:
                self._tasks[filename] = self._bars.add_task(plain(artifact.name), total=artifact.size)
            self._bars.update(self._tasks[filename], completed=size)

    def working(self, text: str) -> None:
        """Show a step of unknown length: an animated line on a terminal, one line per step elsewhere."""
        self._line.remove()
        if text and self._redraws:
            self._bars.stop()  # two live displays at the same time would draw over each other
            self._line.show(text)
        elif text:
            self.say(text)

    def done(self, artifact: Artifact) -> None:
        """Mark an artifact as complete."""
        with self._lock:
            if artifact.filename in self._tasks:
                self._bars.remove_task(self._tasks.pop(artifact.filename))
            if self._total is not None and artifact.filename in self._expected:
                self._bars.advance(self._total, artifact.size)
            if not self._redraws:
                self.say(f"in the store: {artifact.filename} ({size_text(artifact.size)})")
