"""The progress that a fetch reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fatecloud.model.artifact import Artifact


class Progress(Protocol):
    """A terminal with bars, or one line per artifact. Called from several threads."""

    def say(self, text: str) -> None:
        """A sentence for people."""

    def begin(self, artifacts: Sequence[Artifact]) -> None:
        """These are going to be fetched."""

    def received(self, filename: str, size: int) -> None:
        """So many bytes of a file have arrived."""

    def working(self, text: str) -> None:
        """A step of unknown length has begun (building a wheel); empty when the last of them is over."""

    def done(self, artifact: Artifact) -> None:
        """An artifact is verified and in the store."""
