"""Listens to the processes that ask questions. They are other users': what they say is input, and is bounded."""

import json
from typing import Any, Callable, Collection, Dict, List, Optional

from .asking import LONGEST
from .reading import end, forget, last_line, started, watch
from .streams import chunks

_ALL = 16 << 20
"""Bytes that one of these processes may say in all."""
_ERRORS = 4096

Answered = Callable[..., None]


class _Nonsense(Exception):
    """It says something that is not an answer."""


def converse(
    argv: List[str], stdin: str, user: Optional[Any], asked: Collection[str], answered: Answered
) -> Optional[str]:
    """Run an `asking` process and `listen` to it. Raises Unreadable when it cannot be started."""
    child = started(argv, user)
    watch(child.pid, asks=True)
    return listen(child, asked, answered, stdin.encode())


def listen(child: Any, asked: Collection[str], answered: Answered, stdin: bytes = b"") -> Optional[str]:
    """Hand over every answer of an `asking` process as soon as it arrives. Returns why it failed, or None.

    `asked` has the ids of its questions: about others it has nothing to say, nor a second time about one of these.
    """
    left = set(asked)
    line, errors, size = bytearray(), b"", 0
    try:
        for name, part in chunks(child, stdin):
            size = _bounded(size + len(part), len(line))
            if name == "stderr":
                # Its last words say why it ended.
                errors = (errors + part)[-_ERRORS:]
                continue
            *whole, rest = bytes(line + part).split(b"\n")
            line = bytearray(rest)
            for one in whole:
                answer = _answer(one, left)
                left.discard(answer["id"])
                answered(answer["id"], answer["exit"], answer["stdout"], answer["stderr"], answer["error"])
        said = last_line(errors.decode("utf-8", "replace"))
        return "exit %s: %s" % (child.returncode, said) if child.wait() else None
    except _Nonsense as error:
        end(child)
        return str(error)
    finally:
        # From here on its number may be another process's, and nothing may be sent to it.
        forget(child.pid)
        child.stdout.close()
        child.stderr.close()


def _bounded(size: int, of_line: int) -> int:
    if size > _ALL or of_line > LONGEST:
        raise _Nonsense("it said too much, and was ended")
    return size


def _answer(line: bytes, left: Collection[str]) -> Dict[str, Any]:
    try:
        answer = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise _Nonsense("it said something that is not an answer, and was ended")
    if not (
        isinstance(answer, dict)
        and isinstance(answer.get("id"), str)
        and isinstance(answer.get("exit"), (int, type(None)))
        and isinstance(answer.get("error"), (str, type(None)))
        and isinstance(answer.get("stdout"), str)
        and isinstance(answer.get("stderr"), str)
        and answer["id"] in left
    ):
        raise _Nonsense("it gave an answer to no question of ours, and was ended")
    return answer
