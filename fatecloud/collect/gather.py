"""Reads all nodes at once: one exec per node, in threads, each within its own deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import wait
from typing import Any, Protocol

from fatecloud.collect import shipment
from fatecloud.collect.incoming import document_of
from fatecloud.collect.shapes import Some, fits, misshapen, number, whole
from fatecloud.collect.spec import DEADLINE, spec_for
from fatecloud.errors import TransportError
from fatecloud.model.completed import Completed
from fatecloud.model.desired import Desired
from fatecloud.model.node import Node
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer, Unreachable
from fatecloud.model.programs import SUDO
from fatecloud.threads import begun

_RESERVE = 0.1
"""Share of a node's deadline that is kept for transfer: its collector ends earlier by that, so that what it has read by
then still arrives, and a node that cannot be reached is reported in time."""
_SLACK = 0.2
"""Seconds after a node's deadline in which its own thread may still report what went wrong."""
_HEAD_START = 1.0
"""Seconds for which the nodes' connections have the processor to themselves."""


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
    question: Callable[[Node, Mapping[str, Any]], tuple[tuple[str, ...], bytes, bool]] = shipment.question,
    meanwhile: Callable[[], object] = lambda: None,
) -> Observed:
    """Facts and probe answers of every node.

    Args:
        desired: the whole cluster; its files need not be rendered.
        connect: opens a connection to a node within so many seconds; the caller closes it.
            Raises TransportError.
        deadline: seconds for one node, from the first packet to the last; a node that hangs costs this, and no other
            node its answer.
        nodes: names of the nodes to read; empty for all.
        want: names of the facts; empty for all.
        probes: whether to ask the services' probes too.
        extra: node name -> more to put into its spec, see `spec_for`.
        question: how a node's collector is started: command, standard input, whether it runs as root.
        meanwhile: work of the caller's own, done here while the nodes are at theirs; what it raises is raised.
    """
    start = time.monotonic()
    asked = threading.Semaphore(0)
    names = sorted(nodes or desired.cluster.nodes)

    def read(name: str) -> NodeFacts | Unreachable:
        try:
            spec = spec_for(desired, name, want=want, probes=probes, extra=extra(name) if extra else None)
            return _Reading(desired.node(name), deadline).take(connect, question, spec, asked)
        except Exception as error:  # noqa: BLE001 - a defect here must cost one node's answer, and be reported
            message = f"could not be read: {type(error).__name__}: {error}"
            return Unreachable(name, "NODE_COLLECTOR_FAILED", message)

    readings = begun("gather", names, read)
    shipment.packed()  # while connections are being opened: each node's thread finds it done
    # What comes next keeps the interpreter's lock, and logins that have begun would wait behind it.
    for _ in names:
        asked.acquire(timeout=max(0.0, start + _HEAD_START - time.monotonic()))
    meanwhile()
    wait(readings, max(0.0, start + deadline + _SLACK - time.monotonic()))
    seconds = time.monotonic() - start
    found = {
        name: reading.result() if reading.done() else _hung(name, seconds)
        for name, reading in zip(names, readings, strict=True)
    }
    notes = {"cluster": desired.cluster.name, "id": desired.cluster.id}
    return Observed(found, time.time(), seconds, notes)


def _hung(node: str, seconds: float) -> Unreachable:
    message = f"no answer within {seconds:.0f} s"
    return Unreachable(node, "NODE_TIMEOUT", message, "try: fatecloud check --deadline 60", seconds)


class _Reading:
    """One node's answer, and the time that is left for it."""

    def __init__(self, node: Node, deadline: float) -> None:
        self._node = node
        self._deadline = deadline
        self._begun = time.monotonic()

    def take(
        self,
        connect: Callable[[Node, float], Runs],
        question: Callable[[Node, Mapping[str, Any]], tuple[tuple[str, ...], bytes, bool]],
        spec: dict[str, Any],
        asked: threading.Semaphore,
    ) -> NodeFacts | Unreachable:
        """Connect and ask; `asked` is released when that is done, or has failed."""
        node = self._node
        try:
            try:
                connection = connect(node, self._left_for_work)
            finally:
                asked.release()
            spec["deadline"] = round(self._left_for_work, 3)
            # The clock of the wall on purpose, on both sides of the exec: it is compared with the node's.
            before = time.time()
            command, stdin, become = question(node, spec)
            done = connection.run(command, stdin=stdin, timeout=self._left, become=become)
            after = time.time()
        except TransportError as error:
            message = error.message.removeprefix(f"{node.name}: ")
            return Unreachable(node.name, error.code, message, error.remedy, self._seconds)
        document = document_of(done.stdout)
        if document is None:
            return _no_document(node.name, command, done, self._seconds)
        try:
            return _facts(node.name, document, before, after)
        # A node may lie, and what it says then must cost its own answer only.
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            message = "the collector's document has another form than a collector's"
            return Unreachable(node.name, "NODE_COLLECTOR_FAILED", message, "", self._seconds)

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
        remedy = f"as root on the node: allow {command[-1]} in sudoers, with the sum that sha256sum shows"
        return Unreachable(node, "SUDO_REFUSED", f"sudo does not run the installed collector: {done.error}", remedy)
    if done.exit == shipment.NO_INTERPRETER:
        remedy = "install python3 on the node"
        return Unreachable(node, "NODE_NO_INTERPRETER", "has no Python 3.6 or later", remedy, seconds)
    said = done.error or "it printed nothing"
    return Unreachable(node, "NODE_COLLECTOR_FAILED", f"the collector ended with exit {done.exit}: {said}", "", seconds)


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
