"""What a service leaves behind, and is not needed for ever: directories of jobs, old logs, dumps."""

from __future__ import annotations

from dataclasses import dataclass

JOB = "{job}"
"""In the path of a residue: the id of the job that it is of. Those of running jobs stay, however old they are."""


@dataclass(frozen=True, slots=True)
class Chore:
    """A program that removes what is in no file, such as rows of a database. It runs as the service's user."""

    argv: tuple[str, ...]
    """No secrets: the program reads those from the service's own files."""
    stdin: str
    """The program, which prints what it did as one line, or nothing."""


@dataclass(frozen=True, slots=True)
class Residue:
    """Files or directories that are removed when they are old, or when there is too much of them."""

    path: str
    """Absolute, below the service's data or logs, with `*` for any name and `JOB` for the id of a job. Each match is
    removed with all that is in it, and is as old as the newest thing in it."""
    what: str
    """For people: `directories of jobs`."""
    days: int
    """Age from which on it is removed."""
    jobs: str = "*"
    """What the id of a job looks like, as a glob: what else is beside it stays."""
    size: int | None = None
    """Bytes of all that matches: above it, the oldest goes first. None for no limit."""
    count: int | None = None
    """Matches: above it, the oldest goes first. None for no limit."""
    named: bool = False
    """Whether a match stays as long as a process of the service's user has its name among the words that it was started
    with: what belongs to workers, which the service cannot be asked for."""
