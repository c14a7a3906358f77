"""Removes what a smoke test created, even when it failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from fatecloud.components.flow.job_watch import Clock, JobWatch
from fatecloud.components.flow.proof_rows import NAMESPACE
from fatecloud.errors import FatecloudError
from fatecloud.model.event import Event, Listener

_SETTLE = 3.0
"""Seconds for which flow still cleans up after a job's last task; it would create removed directories again."""


class Tables(Protocol):
    """The tables of a flow. Every method may raise a `FatecloudError`."""

    def table_exists(self, namespace: str, name: str) -> bool:
        """Whether flow knows this table."""

    def delete_table(self, namespace: str, name: str) -> None:
        """Delete a table and what it holds. A missing table is not an error."""


class NodeFiles(Protocol):
    """The files of a smoke test on the nodes of the parties' flows. Every method may raise a `FatecloudError`."""

    def put(self, party: str, name: str, data: bytes) -> str:
        """Write a file that the party's flow can read, and return its absolute path there."""

    def discard(self, party: str, path: str) -> None:
        """Remove a file that `put` wrote."""

    def discard_job(self, party: str, job: str) -> None:
        """Remove the directories that flow keeps for a job even after its database rows are gone."""


class Traces:
    """What a smoke test created so far, and its removal in the right order: end the jobs, then tables, jobs, files.

    Args:
        patience: seconds to wait at most for a job's end.
        forgets: whether flow has no rows of a job left once it was cleaned.
    """

    def __init__(
        self, events: Listener, files: NodeFiles, clock: Clock, patience: float, *, forgets: bool = True
    ) -> None:
        self._events = events
        self._files = files
        self._clock = clock
        self._patience = patience
        self._forgets = forgets
        self._jobs: list[JobWatch] = []
        self._tables: list[tuple[str, Tables, str]] = []
        self._paths: list[tuple[str, str]] = []
        self._left: list[str] = []
        self._success = False

    def job(self, watch: JobWatch) -> JobWatch:
        """Remember a job that was submitted, and return it."""
        self._jobs.append(watch)
        return watch

    def table(self, party: str, api: Tables, name: str) -> None:
        """Remember a table that an upload is about to create."""
        self._tables.append((party, api, name))

    def put(self, party: str, name: str, data: bytes) -> str:
        """Write a file on a party's node, remember it, and return its path there."""
        path = self._files.put(party, name, data)
        self._paths.append((party, path))
        return path

    def succeeded(self) -> None:
        """Note that the logs of these jobs are not needed any more."""
        self._success = True

    def remove(self) -> tuple[str, ...]:
        """Remove everything. After a failure, the jobs' logs and work directories stay, because they show the cause.

        Returns:
            What could not be removed, in words. Nothing is raised: this must not hide why the smoke test failed.
        """
        if self._jobs:
            self._events(Event("step", "end the jobs and remove what they made"))
        for watch in self._jobs:
            if reason := watch.stop(self._clock, self._patience):
                self._left.append(f"job {watch.job}: {reason}")
        self._remove_tables()
        self._remove_jobs()
        for party, path in self._paths:
            with self._noted(f"{path} at {party}"):
                self._files.discard(party, path)
        if self._success:
            self._remove_directories()
        for line in self._left:
            self._events(Event("note", f"not removed: {line}"))
        return tuple(self._left)

    def _remove_tables(self) -> None:
        for party, api, name in self._tables:
            with self._noted(f"table {NAMESPACE}.{name} at {party}"):
                api.delete_table(NAMESPACE, name)
                if api.table_exists(NAMESPACE, name):
                    raise FatecloudError("flow still knows it after its deletion")

    def _remove_jobs(self) -> None:
        for watch in self._jobs:
            for party, api in watch.apis.items():
                with self._noted(f"job {watch.job} at {party}"):
                    api.clean(watch.job)
                    if self._forgets and (api.roles(watch.job) or api.tasks(watch.job)):
                        raise FatecloudError("flow still knows it after its deletion")

    def _remove_directories(self) -> None:
        self._clock.sleep(_SETTLE)
        for watch in self._jobs:
            for party in watch.apis:
                with self._noted(f"directories of job {watch.job} at {party}"):
                    self._files.discard_job(party, watch.job)

    @contextmanager
    def _noted(self, what: str) -> Iterator[None]:
        try:
            yield
        except FatecloudError as error:
            self._left.append(f"{what}: {error.message}")
