"""A child's pipes, read and written at the same time, and bounded: who writes them may be another user's process."""

import os
import select
import time
from typing import Any, Iterator, Optional, Tuple

_CHUNK = 65536


class Late(Exception):
    """The time is over."""


class TooMuch(Exception):
    """More bytes than were agreed on; the text says how many those are."""


def both(child: Any, stdin: bytes, until: float, most: int) -> Tuple[bytes, bytes]:
    """Everything that a child prints, and its errors. Raises Late, TooMuch.

    `until` is a moment of the monotonic clock, `most` the bytes that each of the two may have.
    """
    found = {"stdout": bytearray(), "stderr": bytearray()}
    for name, part in chunks(child, stdin, until):
        found[name] += part
        if len(found[name]) > most:
            raise TooMuch("it printed more than %d KiB, and was ended" % (most >> 10))
    return bytes(found["stdout"]), bytes(found["stderr"])


def chunks(child: Any, stdin: bytes = b"", until: Optional[float] = None) -> Iterator[Tuple[str, bytes]]:
    """What arrives, each part with the name of its stream, until both have ended. Raises Late."""
    names = {child.stdout.fileno(): "stdout", child.stderr.fileno(): "stderr"}
    waiting = select.poll()
    for end in names:
        waiting.register(end, select.POLLIN)
    into: Any = getattr(child, "stdin", None)
    if into is not None:
        os.set_blocking(into.fileno(), False)
        waiting.register(into.fileno(), select.POLLOUT)
    while names:
        left = None if until is None else until - time.monotonic()
        if left is not None and left <= 0:
            raise Late
        for end, _ in waiting.poll(None if left is None else left * 1000):
            if end not in names:
                stdin = _fed(end, stdin)
                if not stdin:
                    waiting.unregister(end)
                    into.close()
                continue
            part = os.read(end, _CHUNK)
            if part:
                yield names[end], part
            else:
                waiting.unregister(end)
                del names[end]


def _fed(end: int, data: bytes) -> bytes:
    """Write as much as there is room for; returns the rest. A child may have closed its input: then there is none."""
    try:
        return data[os.write(end, data[:_CHUNK]) :]
    except BlockingIOError:
        return data
    except OSError:
        return b""
