"""The same work on many nodes at once, each within its time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import wait
from typing import TypeVar

from fatecloud.errors import RunError, TransportError
from fatecloud.model.node import Node
from fatecloud.threads import begun

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
    ordered = list(nodes)
    until = time.monotonic() + deadline
    futures = begun("node", ordered, function, workers)
    wait(futures, max(0.0, until - time.monotonic()))
    found: dict[str, Result | TransportError] = {}
    for node, future in zip(ordered, futures, strict=True):
        if not future.done():
            # One that has not begun would connect after its result was given.
            future.cancel()
            found[node.name] = TransportError(node.name, "NODE_TIMEOUT", f"no answer within {deadline:g} s")
            continue
        try:
            found[node.name] = future.result()
        except TransportError as error:
            found[node.name] = error
    return found


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
