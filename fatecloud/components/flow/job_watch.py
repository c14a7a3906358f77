"""Follows one job on all parties that we can ask, until it succeeds or fails with a sentence that names the cause."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from fatecloud.components.flow.tracebacks import last_error
from fatecloud.errors import FatecloudError, ProofFailed
from fatecloud.model.event import Event, Listener
from fatecloud.model.jobs import SUCCESS, JobApi, RoleState, TaskState

# Each look asks two pages of every party's flow.
_POLL = 1.5
_PATIENCE = 30.0
"""Seconds that one party may be silent, or still run after the other has ended, before that counts as a failure."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time comes from, in seconds."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class JobWatch:
    """One submitted job and what its parties last reported about it.

    Args:
        what: the job in words, for example `toy 9999 -> 10000`.
        job: its id.
        owner: the flow that it was submitted to.
        apis: the flows that we can ask, by party.
        expected: the (role, party) pairs that must end in success there.
        waits: returns what the services wait for.
    """

    what: str
    job: str
    owner: JobApi
    apis: Mapping[str, JobApi]
    expected: frozenset[tuple[str, str]]
    waits: Callable[[], str] = str
    """Returns what the services wait for at this moment, for a job that fails or hangs; called before it is stopped."""
    _roles: dict[tuple[str, str], RoleState] = field(default_factory=dict)
    _tasks: dict[tuple[str, str, str], TaskState] = field(default_factory=dict)
    _silent: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Party -> when it stopped answering, and why."""

    def follow(self, events: Listener, until: float, clock: Clock) -> tuple[TaskState, ...]:
        """Wait for success on all sides that we can ask.

        Args:
            events: gets a line whenever the state of a party changes.
            until: the latest time by `clock`; the job is stopped then.
            clock: where time comes from.

        Returns:
            The job's tasks, as their parties report them.

        Raises:
            ProofFailed: with the party, its task and the error; or, at `until`, with the state of each party.
        """
        shown = ""
        first_end: float | None = None
        while True:
            now = clock.now()
            self._look(now)
            self._refuse_silence(now)
            if (states := self._states()) != shown:
                shown = states
                events(Event("wait", f"{self.what}: {states}", detail=f"job {self.job}"))
            ended = {key for key, role in self._roles.items() if role.ended}
            if self.expected <= ended:
                break
            # The parties note the end of a job one after the other, and only one of them may ever do so.
            first_end = (now if first_end is None else first_end) if ended else None
            if first_end is not None and now - first_end > _PATIENCE:
                break
            if now >= until:
                raise ProofFailed(self._overdue(), remedy="`fatecloud check` names what a party waits for")
            clock.sleep(_POLL)
        if all(key in self._roles and self._roles[key].status == SUCCESS for key in self.expected):
            return tuple(self._tasks.values())
        raise self._failure()

    def stop(self, clock: Clock, patience: float = _PATIENCE) -> str:
        """Cancel the job where it still runs, and wait a little for its end.

        Args:
            clock: where time comes from.
            patience: seconds to wait at most.

        Returns:
            Why it could not be stopped; empty when none of the parties that we can ask runs it any more.
        """
        try:
            self._look(clock.now())
            if self._running():
                self.owner.stop(self.job)
            give_up = clock.now() + min(patience, _PATIENCE)
            while self._running() and clock.now() < give_up:
                clock.sleep(_POLL)
                self._look(clock.now())
        except FatecloudError as error:
            return error.message
        return f"still runs at {', '.join(sorted(self._running()))}" if self._running() else ""

    def _running(self) -> set[str]:
        return {role.party for role in self._roles.values() if not role.ended}

    def _look(self, now: float) -> None:
        for party, api in self.apis.items():
            try:
                self._roles |= {(role.role, role.party): role for role in api.roles(self.job)}
                self._tasks |= {(task.role, task.party, task.task): task for task in api.tasks(self.job)}
            except FatecloudError as error:
                since, _ = self._silent.get(party, (now, ""))
                self._silent[party] = (since, error.message)
            else:
                self._silent.pop(party, None)

    def _refuse_silence(self, now: float) -> None:
        for party, (since, reason) in self._silent.items():
            if now - since > _PATIENCE:
                raise ProofFailed(
                    f"{self.what}: party {party} has not answered for {now - since:.0f} s: {reason}",
                    remedy="`fatecloud check` looks at that party's services",
                )

    def _states(self) -> str:
        return "; ".join(self._state_of(role, party) for role, party in sorted(self.expected))

    def _state_of(self, role: str, party: str) -> str:
        state = self._roles.get((role, party))
        if state is None:
            return f"{role} {party} does not know the job"
        if state.status == "waiting" and state.cores:
            return f"{role} {party} waits for {state.cores} cores"
        busy = [task.task for task in self._tasks_of(role, party) if task.status == "running"]
        return f"{role} {party} {state.status}{' ' + ', '.join(busy) if busy and not state.ended else ''}"

    def _tasks_of(self, role: str, party: str) -> Iterable[TaskState]:
        return (task for task in self._tasks.values() if (task.role, task.party) == (role, party))

    def _overdue(self) -> str:
        states = self._states() + self._waits()
        try:
            self.owner.stop(self.job)
        except FatecloudError as error:
            return f"{self.what} did not end in time ({states}), and could not be stopped: {error.message}"
        return f"{self.what} did not end in time and was stopped: {states}"

    def _failure(self) -> ProofFailed:
        # The one with a report that ended first: others may have ended because of it.
        failed = sorted(
            (task for task in self._tasks.values() if task.failed), key=lambda task: (not task.report, task.ended_at)
        )
        if not failed:
            why = self._scheduler_says() or "no task reports an error"
            return ProofFailed(f"{self.what} failed: {why} ({self._states()}{self._waits()})")
        task = failed[0]
        # A job without partners, such as an upload, has the role local and the party 0.
        at = "" if task.role == "local" else f" of party {task.party} ({task.role})"
        site = next(iter(self.apis)) if task.role == "local" else task.party
        why = last_error(task.report) or self._scheduler_says() or "flow has no error report of it"
        remedy = (
            f"read the errors and the output of its processes in {task.logs}, on the node of party {site}'s flow"
            if task.logs
            else ""
        )
        return ProofFailed(f"{self.what} failed: {why} (in task {task.task}{at}{self._waits()})", remedy=remedy)

    def _waits(self) -> str:
        try:
            waits = self.waits()
        except FatecloudError as error:
            waits = f"the services could not be asked: {error.message}"
        return f"; {waits}" if waits else ""

    def _scheduler_says(self) -> str:
        """Flow's own reason for giving up the job, from the flow that it was submitted to: this one schedules it."""
        for role, party in sorted(self.expected):
            try:
                if why := self.owner.refused(self.job, role, party):
                    return why
            except FatecloudError:
                continue
        return ""
