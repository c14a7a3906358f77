"""Finds another run's lease before anything is shown or started, and waits for it as long as the operator allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from fatecloud.errors import Locked, Refused
from fatecloud.model.duration import duration_text
from fatecloud.model.event import Event, Listener
from fatecloud.model.lease import held_by, left
from fatecloud.model.observed import Observed
from fatecloud.model.trust import untrusted_records
from fatecloud.plain import plain_word
from fatecloud.workflow.observe import observe
from fatecloud.workflow.recorded import new_run
from fatecloud.workflow.session import Session

POLL = 5.0
"""Seconds between two readings while waiting for a lease to end."""
FACTS = ("clock", "lease", "records")


@dataclass(frozen=True, slots=True)
class Held:
    """A node that a living run holds."""

    node: str
    run: str
    owner: str
    left: float
    """Seconds until the lease runs out, unless it is renewed."""

    def __str__(self) -> str:
        left = duration_text(self.left)
        return f"{self.node}: run {self.run} of {self.owner} holds this node, for {left} unless it is renewed"


def held_nodes(observed: Observed) -> tuple[Held, ...]:
    """The nodes that living runs hold; the lease of a killed one is taken over, so it does not count."""
    found = []
    for name in sorted(observed.nodes):
        if lease := held_by(observed, name):
            run, owner = plain_word(lease.get("run", "?")), plain_word(lease.get("owner", "an unknown operator"))
            found.append(Held(name, run, owner, left(observed, name, lease)))
    return tuple(found)


def refuse_untrusted(observed: Observed) -> None:
    """Refuse nodes whose records others than root could have written. Raises Refused."""
    for name in sorted(observed.nodes):
        facts = observed.reached(name)
        reasons = untrusted_records(facts.fact("records").value) if facts else ()
        if reasons:
            raise Refused(
                f"{name}: its records are not believed: {'; '.join(reasons)}",
                remedy="fatecloud explain NODE_RECORDS_UNTRUSTED",
            )


def wait_until_free(
    session: Session, observed: Observed, nodes: Collection[str], wait: float, events: Listener
) -> bool:
    """Wait for another run to end, for as long as the operator allows.

    Args:
        observed: at least `FACTS` of these nodes.
        nodes: names; empty for all.
        wait: seconds; 0 refuses at once.

    Returns:
        Whether it had to wait, so that what was read before is out of date.

    Raises:
        Locked: a living run holds a node.
        Refused: the records of a node cannot be believed.
    """
    refuse_untrusted(observed)
    deadline, waited = time.monotonic() + wait, False
    while held := held_nodes(observed):
        if time.monotonic() >= deadline:
            raise locked(held, wait)
        if not waited:
            events(Event("note", f"waiting for another run to end: {held[0]}"))
        waited = True
        events(Event("wait", f"waiting for run {held[0].run} of {held[0].owner} to end"))
        time.sleep(min(POLL, max(0.0, deadline - time.monotonic())))
        observed = observe(session, probes=False, nodes=nodes, want=FACTS)
    return waited


def read_when_free(
    session: Session,
    read: Callable[[], Observed],
    nodes: Collection[str],
    wait: float,
    events: Listener,
    *,
    verb: str,
    argv: Sequence[str],
) -> Observed:
    """Read nodes as they are when no other run holds them. If it had to wait, it reads them again after that.

    Args:
        read: reads these nodes, at least `FACTS`.
        nodes: names; empty for all.
        wait: seconds to wait for another run; 0 refuses at once.
        verb: for the history, as is `argv`.

    Raises:
        Locked: a living run holds a node; the history has a run with this outcome.
    """
    deadline = time.monotonic() + wait
    observed = read()
    with recording_locked(session, verb, argv, events):
        while wait_until_free(session, observed, nodes, max(0.0, deadline - time.monotonic()), events):
            observed = read()
    return observed


def locked(held: Sequence[Held], waited: float) -> Locked:
    """The refusal of a verb whose nodes another run holds."""
    after = f"waited {duration_text(waited)}, and " if waited else ""
    lines = [str(one) for one in held]
    return Locked(after + "\n".join(lines), remedy="wait for it with --wait-lock 30m")


@contextmanager
def recording_locked(session: Session, verb: str, argv: Sequence[str], events: Listener) -> Iterator[None]:
    """If the body raises Locked, record a run with the outcome `locked` in the history."""
    try:
        yield
    except Locked as error:
        log = new_run(session, verb, argv, events)
        log.record(Event("failed", error.message))
        log.finish("locked")
        raise
