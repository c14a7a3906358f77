"""The same work on many nodes at once, each within its time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from fatecloud.errors import RunError, TransportError
from fatecloud.model.cluster import Node

Result = TypeVar("Result")


def on_all(
    nodes: Iterable[Node], function: Callable[[Node], Result], deadline: float, workers: int = 32
) -> Mapping[str, Result | TransportError]:
    """Call a function for every node, in threads.

    Args:
        nodes: which nodes.
        function: gets a node; what it raises as TransportError becomes the node's result.
        deadline: seconds for all of it. A node that has not answered by then gets NODE_TIMEOUT, and its thread, a
            daemon, holds up neither the others nor the end of the program.
        workers: how many at a time.

    Returns:
        Node name -> result or error, in the order of the nodes.

    Raises:
        Exception: any other exception of the function, once all are done: it is a defect.
    """
    waiting: queue.SimpleQueue[Node] = queue.SimpleQueue()
    ordered = list(nodes)
    for node in ordered:
        waiting.put(node)
    done: queue.SimpleQueue[tuple[str, Result | Exception]] = queue.SimpleQueue()
    for _ in range(min(workers, len(ordered))):
        threading.Thread(target=_work, args=(waiting, function, done), daemon=True).start()

    until = time.monotonic() + deadline
    found: dict[str, Result | Exception] = {}
    while len(found) < len(ordered):
        try:
            name, outcome = done.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        found[name] = outcome
    return {node.name: _answer(node.name, found, deadline) for node in ordered}


def all_of(answers: Mapping[str, Result | TransportError]) -> Mapping[str, Result]:
    """The answers, if every node gave one.

    Raises:
        TransportError: one node did not.
        RunError: several did not; it has all of them.
    """
    lost = [answer for answer in answers.values() if isinstance(answer, TransportError)]
    if len(lost) == 1:
        raise lost[0]
    if lost:
        remedies = dict.fromkeys(error.remedy for error in lost if error.remedy)
        raise RunError("\n".join(error.message for error in lost), remedy="\n".join(remedies))
    return {name: answer for name, answer in answers.items() if not isinstance(answer, TransportError)}


def _work(
    waiting: queue.SimpleQueue[Node],
    function: Callable[[Node], Result],
    done: queue.SimpleQueue[tuple[str, Result | Exception]],
) -> None:
    while True:
        try:
            node = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            done.put((node.name, function(node)))
        except Exception as error:  # noqa: BLE001 - handed to the caller's thread, which raises it
            done.put((node.name, error))


def _answer(name: str, found: Mapping[str, Result | Exception], deadline: float) -> Result | TransportError:
    outcome = found.get(name)
    if outcome is None and name not in found:
        return TransportError(name, "NODE_TIMEOUT", f"no answer within {deadline:g} s")
    if isinstance(outcome, Exception) and not isinstance(outcome, TransportError):
        raise outcome
    return outcome  # type: ignore[return-value]
