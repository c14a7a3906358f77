"""The same work for many items at once, in threads that hold nothing up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def begun(
    name: str, items: Sequence[Item], work: Callable[[Item], Result], at_once: int | None = None
) -> list[Future[Result]]:
    """Begin to call a function for every item.

    The threads are daemons, unlike those of `concurrent.futures`: one that hangs in a name look-up or on a dead
    connection must keep neither the program from ending, nor Ctrl-C from working.

    Args:
        name: of the threads, for those who look at a program that hangs.
        at_once: how many at a time; None for all.

    Returns:
        A future for each item, in their order. One that is cancelled before its turn is not begun.
    """
    places = threading.Semaphore(at_once or max(1, len(items)))

    def run(item: Item, future: Future[Result]) -> None:
        with places:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(work(item))
            except Exception as error:  # noqa: BLE001 - who asks for the result gets it
                future.set_exception(error)

    futures = []
    for number, item in enumerate(items, 1):
        futures.append(Future[Result]())
        threading.Thread(target=run, args=(item, futures[-1]), name=f"{name} {number}", daemon=True).start()
    return futures
