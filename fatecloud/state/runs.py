"""The history of runs: who did what, when, and how it ended."""

from __future__ import annotations

import json
import os
import platform
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from fatecloud.errors import RunError
from fatecloud.model.event import Event
from fatecloud.state.database import REMEDY, execute
from fatecloud.state.killed import EVENTS, bury, hold
from fatecloud.whoami import user_name

PROJECTS = 5
"""How many of the newest runs keep their rendered project, for a look after a failure. All runs keep their events."""


class RunLog:
    """One run: a row in `state.db` and `runs/<id>/events.jsonl`, both readable by the owner only.

    A living run holds a lock on its events. The kernel releases it however the process ends, so the next run knows
    which earlier runs were killed: it records that as their outcome, and `killed` lists them.

    Args:
        directory: the cluster's state directory.
        verb: `deploy`, `restart`, ...
        argv: the command line, which never contains a secret.
        redact: replaces secret values in a text.

    Raises:
        RunError: it cannot be written; also by `finish`.
    """

    def __init__(self, directory: Path, verb: str, argv: Sequence[str], redact: Callable[[str], str]) -> None:
        self.id = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        self.directory = directory / "runs" / self.id
        self.project = self.directory / "project"
        """Directory for the run's Ansible project. Kept for the newest runs only."""
        self._state = directory
        self._redact = redact
        try:
            self.directory.mkdir(parents=True, mode=0o700)
            self._events = os.fdopen(
                os.open(self.directory / EVENTS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w"
            )
        except OSError as error:
            raise RunError(f"{self.directory} cannot be written: {error.strerror}", remedy=REMEDY) from error
        # Before the row exists: a row without a lock would be recorded as killed by the next run.
        hold(self._events)
        row = (self.id, verb, user_name(), _origin(), json.dumps([redact(word) for word in argv]), time.time())
        try:
            execute(directory, ("insert into runs values (?,?,?,?,?,?,null,null)", row))
            # Here, so that every new run reports those that no one has seen end.
            self.killed = bury(directory)
        except RunError:
            self._events.close()
            raise

    def record(self, event: Event) -> None:
        """Append an event without secrets. Raises OSError."""
        if event.kind == "begun":  # for the live display only
            return
        # Each text by itself: in the finished line, a secret in base64 may begin in the middle of `\n`.
        texts = {key: self._redact(value) if isinstance(value, str) else value for key, value in asdict(event).items()}
        self._events.write(json.dumps({"at": round(time.time(), 3), **texts}) + "\n")
        # At once, because the file is what is left of a run that is killed.
        self._events.flush()

    def finish(self, outcome: str) -> None:
        """Close the run with one word for how it ended, and delete the projects of old runs."""
        try:
            over = execute(
                self._state,
                ("update runs set ended=?, outcome=? where id=?", (time.time(), outcome, self.id)),
                ("select id from runs where ended is not null", ()),
            )
        finally:
            # Not earlier: a run with unlocked events and no recorded end counts as killed.
            with suppress(OSError):  # the disk is full: `record` has reported it already
                self._events.close()
        kept = sorted(self.directory.parent.glob("*/project"), reverse=True)[:PROJECTS]
        for (run,) in over:
            project = self.directory.parent / run / "project"
            if project not in kept:
                shutil.rmtree(project, ignore_errors=True)


def _origin() -> str:
    """Where the operator typed the command: this machine, and the client's address in an SSH session."""
    client = os.environ.get("SSH_CONNECTION", "").split()
    return f"{platform.node()} (from {client[0]})" if client else platform.node()
