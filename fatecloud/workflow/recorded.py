"""A changing verb as a run: recorded, interruptible, with the nodes released at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from fatecloud.errors import FatecloudError, Interrupted, Locked, Refused, RunError
from fatecloud.model.event import Event, Listener
from fatecloud.runner.scratch import clear_after
from fatecloud.state.clusters import note_cluster
from fatecloud.state.durations import past_durations
from fatecloud.state.killed import Killed
from fatecloud.state.runs import RunLog
from fatecloud.workflow.ansible import ARTIFACTS, AnsibleRun, ansible_run
from fatecloud.workflow.interrupt import Interruption, interruptible
from fatecloud.workflow.session import Session

_OUTCOMES: dict[type[RunError], str] = {Locked: "locked", Refused: "refused"}
"""Words for the history, by the error that ended a run."""


@dataclass(slots=True)
class Recorded:
    """What a changing verb works with."""

    ansible: AnsibleRun
    events: Callable[[Event], None]
    interruption: Interruption
    outcome: str = "failed"
    """The word for the history if the verb ends with an error."""


def new_run(session: Session, verb: str, argv: Sequence[str], events: Listener) -> RunLog:
    """Begin a run in the cluster's history. If earlier runs were killed, report them and remove their temporary files.

    Args:
        events: gets a note for each killed run, like the run's log.

    Raises:
        RunError: it cannot be written.
    """
    note_cluster(session.state, session.cluster.name, session.options.inventory)
    log = RunLog(session.state, verb, argv, session.redact)
    for killed in log.killed:
        note = Event("note", _killed_text(killed))
        with suppress(OSError):  # the operator sees it in any case
            log.record(note)
        events(note)
        clear_after(log.directory.with_name(killed.id) / ARTIFACTS)
    return log


def done_as_run(session: Session, verb: str, argv: Sequence[str], events: Listener, act: Callable[[], None]) -> None:
    """Do what needs no lease of a node as a run of the history: who ended a job is asked later."""
    log = new_run(session, verb, argv, events)
    outcome = "failed"
    try:
        act()
        outcome = "done"
    except KeyboardInterrupt:
        outcome = "interrupted"
        raise
    except FatecloudError as error:
        with suppress(OSError):
            log.record(Event("failed", error.message))
        raise
    finally:
        log.finish(outcome)


@contextmanager
def recorded(
    session: Session, verb: str, argv: Sequence[str], ui: Listener, nodes: Collection[str] = ()
) -> Iterator[Recorded]:
    """Run the body as one run of the history.

    Args:
        verb: for the history.
        argv: the command line, which never contains a secret.
        ui: gets every event, like the run log.
        nodes: names of the nodes that it is about; empty for all.

    Raises:
        Interrupted: a signal came.
    """
    log = new_run(session, verb, argv, ui)
    outcome = "failed"
    written = True
    # Before the run writes events of its own.
    durations = past_durations(session.state)

    def events(event: Event) -> None:
        nonlocal written
        event = replace(event, seconds=durations.get(event.text, 0.0)) if event.kind == "task" else event
        try:
            log.record(event)
        except OSError as error:  # a full disk here must not stop a run in the middle of its work
            if written:
                ui(Event("note", f"the log of this run is incomplete: cannot write it: {error.strerror}"))
            written = False
        ui(event)

    try:
        with interruptible() as interruption, ansible_run(session, log, events, interruption, nodes) as ansible:
            run = Recorded(ansible, events, interruption)
            try:
                yield run
            except RunError as error:
                outcome = next((word for kind, word in _OUTCOMES.items() if isinstance(error, kind)), run.outcome)
                interruption.check()  # a play that a signal ended looks like a failure: report the signal instead
                raise
            except BaseException:
                outcome = run.outcome
                raise
            outcome = "done"
    except FatecloudError as error:
        if isinstance(error, Interrupted):
            outcome = "interrupted"
        with suppress(OSError):  # the caller shows the error in any case
            log.record(Event("failed", error.message))
        raise
    finally:
        try:
            log.finish(outcome)
        except RunError as error:  # raising it here would hide how the run ended
            ui(Event("note", error.message))


def _killed_text(killed: Killed) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(killed.at))
    doing = f", in: {killed.doing}" if killed.doing else ""
    return f"run {killed.id} ({killed.verb}, by {killed.who}) was killed at {when}{doing}"
