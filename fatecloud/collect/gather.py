"""Reads all nodes at once: one exec per node, in threads, each within its own deadline.

A node that has more work than it can do is asked once more for what was late: alone, and with a deadline of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from fatecloud.collect import shipment
from fatecloud.collect.again import LOAD_COMMAND, PATIENCE, joined, load_in, spec_again
from fatecloud.collect.incoming import document_of
from fatecloud.collect.shapes import Some, fits, misshapen, number, whole
from fatecloud.collect.spec import DEADLINE, spec_for
from fatecloud.errors import TransportError
from fatecloud.model.completed import Completed
from fatecloud.model.desired import Desired
from fatecloud.model.node import Node
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer, Unreachable
from fatecloud.model.programs import SUDO
from fatecloud.model.remedy import administrator, look
from fatecloud.model.strain import overdue, strain
from fatecloud.threads import begun

_RESERVE = 0.1
"""Share of a node's deadline that is kept for transfer: its collector ends earlier by that, so that what it has read by
then still arrives, and a node that cannot be reached is reported in time."""
_SLACK = 0.2
"""Seconds after a node's deadline in which its own thread may still report what went wrong."""
_LATE = "NODE_TIMEOUT"
_LOAD_SECONDS = 5.0
"""For a node that let us in to say how much work it has, by a command that costs it nothing."""
_HEAD_START = 1.0
"""Seconds for which the nodes' connections have the processor to themselves."""


Question = Callable[[Node, Mapping[str, Any]], tuple[tuple[str, ...], bytes, bool]]
"""How a node's collector is started: command, standard input, whether it runs as root."""


class Runs(Protocol):
    """The part of a transport that the gatherer needs."""

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float, become: bool = False) -> Completed:
        """Run a command on the node. Raises TransportError."""


def gather(
    desired: Desired,
    connect: Callable[[Node, float], Runs],
    *,
    deadline: float = DEADLINE,
    nodes: Collection[str] = (),
    want: Collection[str] = (),
    probes: bool = True,
    extra: Callable[[str], Mapping[str, Any]] | None = None,
    question: Question = shipment.question,
    meanwhile: Callable[[], object] = lambda: None,
) -> Observed:
    """Facts and probe answers of every node.

    Args:
        desired: the whole cluster; its files need not be rendered.
        connect: opens a connection to a node within so many seconds; the caller closes it.
            Raises TransportError.
        deadline: seconds for one node, from the first packet to the last; a node that hangs costs this, and no other
            node its answer. What a loaded node is asked once more gets as many again.
        nodes: names of the nodes to read; empty for all.
        want: names of the facts; empty for all.
        probes: whether to ask the services' probes too.
        extra: node name -> more to put into its spec, see `spec_for`.
        question: how a node's collector is started.
        meanwhile: work of the caller's own, done here while the nodes are at theirs; what it raises is raised.
    """
    start = time.monotonic()
    asked = threading.Semaphore(0)
    names = sorted(nodes or desired.cluster.nodes)

    readings = {name: _Reading(desired.node(name), deadline, question) for name in names}
    specs: dict[str, dict[str, Any]] = {}

    def read(name: str) -> NodeFacts | Unreachable:
        specs[name] = spec_for(desired, name, want=want, probes=probes, extra=extra(name) if extra else None)
        return readings[name].take(connect, specs[name], asked)

    first = begun("gather", names, partial(_kept, read))
    shipment.packed()  # while connections are being opened: each node's thread finds it done
    # What comes next keeps the interpreter's lock, and logins that have begun would wait behind it.
    for _ in names:
        asked.acquire(timeout=max(0.0, start + _HEAD_START - time.monotonic()))
    meanwhile()
    found = _collected(names, first, start, deadline)
    notes = {"cluster": desired.cluster.name, "id": desired.cluster.id}
    late = overdue(desired, Observed(found, 0.0))
    silent = [name for name in names if readings[name].was_reached and _timed_out(found[name])]

    def once_more(name: str) -> NodeFacts | Unreachable:
        if name in late:
            return joined(found[name], readings[name].again(spec_again(specs[name], late[name])))
        return readings[name].if_loaded(specs[name]) or found[name]

    if late or silent:
        begin, again = time.monotonic(), sorted([*late, *silent])
        second = begun("gather again", again, partial(_kept, once_more))
        longest = PATIENCE * deadline + (min(_LOAD_SECONDS, deadline) if silent else 0.0)
        answers = _collected(again, second, begin, longest)
        found |= {name: answers[name] for name in again if name in silent or isinstance(answers[name], NodeFacts)}
    return Observed(found, time.time(), time.monotonic() - start, notes)


def _kept(read: Callable[[str], NodeFacts | Unreachable], name: str) -> NodeFacts | Unreachable:
    try:
        return read(name)
    except Exception as error:  # noqa: BLE001 - a defect here must cost one node's answer, and be reported
        message = f"could not be read: {type(error).__name__}: {error}"
        return Unreachable(name, "NODE_COLLECTOR_FAILED", message)


def _collected(
    names: Sequence[str], readings: Sequence[Future[NodeFacts | Unreachable]], start: float, deadline: float
) -> dict[str, NodeFacts | Unreachable]:
    """What has come by the deadline."""
    wait(readings, max(0.0, start + deadline + _SLACK - time.monotonic()))
    seconds = time.monotonic() - start
    return {
        name: reading.result() if reading.done() else _hung(name, seconds)
        for name, reading in zip(names, readings, strict=True)
    }


def _timed_out(answer: NodeFacts | Unreachable) -> bool:
    return isinstance(answer, Unreachable) and answer.code == _LATE


def _hung(node: str, seconds: float) -> Unreachable:
    message = f"no answer within {seconds:.0f} s"
    return Unreachable(
        node,
        _LATE,
        message,
        (look("fatecloud check --deadline 60"), administrator(node, "is it overloaded?")),
        seconds,
    )


class _Reading:
    """One node's answers, and the time that is left for each."""

    def __init__(self, node: Node, deadline: float, question: Question) -> None:
        self._node = node
        self._deadline = deadline
        self._question = question
        self._connection: Runs | None = None
        self._begun = time.monotonic()

    def take(
        self, connect: Callable[[Node, float], Runs], spec: dict[str, Any], asked: threading.Semaphore
    ) -> NodeFacts | Unreachable:
        """Connect and ask; `asked` is released when that is done, or has failed."""
        try:
            try:
                connection = self._connection = connect(self._node, self._left_for_work)
            finally:
                asked.release()
        except TransportError as error:
            return self._lost(error)
        return self._answer(connection, spec)

    @property
    def was_reached(self) -> bool:
        """Whether it let us in."""
        return self._connection is not None

    def if_loaded(self, spec: dict[str, Any]) -> NodeFacts | Unreachable | None:
        """Ask again for everything where the node has more work than it can do; None where it hangs for another reason.

        Two questions, because a node that is merely loaded answers the first one at once.
        """
        if self._connection is None:
            return None
        try:
            said = self._connection.run(LOAD_COMMAND, timeout=min(_LOAD_SECONDS, self._deadline))
        except TransportError:
            return None
        reasons = strain(load_in(said.stdout))
        if not reasons:
            return None
        answer = self.again(spec)
        if isinstance(answer, Unreachable):
            return replace(answer, message=f"{answer.message}: {'; '.join(reasons)}")
        return answer

    def again(self, spec: dict[str, Any]) -> NodeFacts | Unreachable:
        """Ask for more, over the same connection and with more time."""
        self._begun = time.monotonic()
        self._deadline *= PATIENCE
        assert self._connection is not None, "only a node that has answered is asked again"  # noqa: S101
        return self._answer(self._connection, spec)

    def _answer(self, connection: Runs, spec: dict[str, Any]) -> NodeFacts | Unreachable:
        name = self._node.name
        spec["deadline"] = round(self._left_for_work, 3)
        # The clock of the wall on purpose, on both sides of the exec: it is compared with the node's.
        before = time.time()
        command, stdin, become = self._question(self._node, spec)
        try:
            done = connection.run(command, stdin=stdin, timeout=self._left, become=become)
        except TransportError as error:
            return self._lost(error)
        after = time.time()
        document = document_of(done.stdout)
        if document is None:
            return _no_document(name, command, done, self._seconds)
        try:
            return _facts(name, document, before, after)
        # A node may lie, and what it says then must cost its own answer only.
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            message = "the collector's document has another form than a collector's"
            return Unreachable(name, "NODE_COLLECTOR_FAILED", message, (), self._seconds)

    def _lost(self, error: TransportError) -> Unreachable:
        name = self._node.name
        return Unreachable(name, error.code, error.message.removeprefix(f"{name}: "), error.remedies, self._seconds)

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._begun

    @property
    def _left(self) -> float:
        return max(0.1, self._deadline - self._seconds)

    @property
    def _left_for_work(self) -> float:
        return max(0.1, self._left - _RESERVE * self._deadline)


def _no_document(node: str, command: tuple[str, ...], done: Completed, seconds: float) -> Unreachable:
    # A login for checks may run the installed program alone, by its sum: after an update of fatecloud it no longer
    # fits.
    if command[0] == SUDO and done.error.startswith("sudo:"):
        remedy = administrator(node, f"allow {command[-1]} in sudoers, with the sum that sha256sum shows")
        return Unreachable(node, "SUDO_REFUSED", f"sudo does not run the installed collector: {done.error}", (remedy,))
    if done.exit == shipment.NO_INTERPRETER:
        remedy = administrator(node, "install python3")
        return Unreachable(node, "NODE_NO_INTERPRETER", "has no Python 3.6 or later", (remedy,), seconds)
    said = done.error or "it printed nothing"
    return Unreachable(node, "NODE_COLLECTOR_FAILED", f"the collector ended with exit {done.exit}: {said}", (), seconds)


def _facts(node: str, document: Mapping[str, Any], before: float, after: float) -> NodeFacts:
    facts = {name: _fact(name, entry) for name, entry in document["facts"].items()}
    begun, finished = document["begun"], document["finished"]
    if not number(begun) or not number(finished):
        raise ValueError
    # The middle of the exec is the same moment on both sides, give or take the network's delay.
    facts["skew"] = Fact(
        {
            "seconds": round((begun + finished) / 2 - (before + after) / 2, 3),
            "uncertainty": round(max(0.0, (after - before) - (finished - begun)) / 2, 3),
        }
    )
    answers = {name: _answer(entry) for name, entry in document["probes"].items()}
    return NodeFacts(node, facts, answers, after - before)


def _fact(name: str, entry: Mapping[str, Any]) -> Fact:
    value, error = entry.get("value"), entry.get("error")
    if error is not None:
        return Fact(error=str(error))
    return Fact(error="the node gave it in another form") if misshapen(name, value) else Fact(value)


def _answer(entry: Mapping[str, Any]) -> ProbeAnswer:
    """A probe's answer. Raises KeyError or ValueError for one of another form."""
    shape = {"exit": Some(whole), "data": Some(dict), "error": Some(str), "seconds": Some(number)}
    if not fits(entry, shape):
        raise ValueError
    return ProbeAnswer(entry["exit"], entry["data"], entry["error"], entry["seconds"] or 0.0)
