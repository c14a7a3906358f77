"""What a command that was run somewhere left behind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that ended by itself."""

    exit: int
    """Exit status; negative for the signal that ended it, where that is known."""
    stdout: bytes
    stderr: bytes
    seconds: float

    @property
    def text(self) -> str:
        """Standard output as text, undecodable bytes replaced."""
        return self.stdout.decode(errors="replace")

    @property
    def error(self) -> str:
        """The last line of standard error that is not empty, for messages; empty when there is none."""
        lines = self.stderr.decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else ""
