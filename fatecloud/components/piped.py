"""A script on a node that gets more than an argument can hold: its text comes first on standard input."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.components.script import script_text
from fatecloud.errors import FatecloudError
from fatecloud.model.jobs import Run
from fatecloud.plain import harmless, plain_word

_BEGIN = "import sys; exec(sys.stdin.buffer.read(int(sys.argv.pop(1))).decode())"


def piped(
    package: str, name: str, *arguments: str, more: bytes = b"", python: str = "python3"
) -> tuple[tuple[str, ...], bytes]:
    """The command that runs a script, and its standard input.

    Args:
        package: of the script, see `script_text`.
        name: of its file.
        arguments: of the script. Everyone on the node can read them, and sudo writes them to a log.
        more: what the script itself reads from standard input.
        python: the interpreter on the node.
    """
    text = script_text(package, name).encode()
    return (python, "-IS", "-c", _BEGIN, str(len(text)), *arguments), text + more


@dataclass(frozen=True, slots=True)
class Piped:
    """A script beside one service. Every method raises FatecloudError where it cannot be run, or prints something else.

    Args:
        run: runs commands on the service's node.
        who: key of the service, for people.
        package: of the script, see `script_text`.
        name: of its file.
        python: the interpreter on the node.
    """

    run: Run
    who: str
    package: str
    name: str
    python: str = "python3"

    def asked(self, question: Mapping[str, Any], seconds: float, more: bytes = b"") -> tuple[dict[str, Any], bytes]:
        """What it answers to a question, its only argument: a line with an object that has `ok`, then bytes.

        Args:
            seconds: time limit.
            more: what it reads from standard input.
        """
        document = json.dumps(dict(question))
        argv, stdin = piped(self.package, self.name, document, more=more, python=self.python)
        line, _, rest = self.run(argv, stdin, seconds).partition(b"\n")
        try:
            answer = harmless(json.loads(line))
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
            raise self.failed(f"{self.name} printed {plain_word(line.decode(errors='replace'), 200)!r}")
        return answer, rest

    def done(self, question: Mapping[str, Any], seconds: float, more: bytes = b"") -> dict[str, Any]:
        """The same; raises FatecloudError also where it was refused."""
        answer, _ = self.asked(question, seconds, more)
        if not answer["ok"]:
            raise self.failed(answer.get("error"))
        return answer

    def pieces(self, question: Mapping[str, Any], seconds: float, most: int) -> bytes:
        """Bytes that are too many for one answer: it gets an `offset`, and says `size` of all of them.

        Args:
            seconds: for each piece.
            most: bytes that are taken.
        """
        found, size = b"", 1
        while len(found) < size:
            answer, part = self.asked({**question, "offset": len(found)}, seconds)
            if not answer["ok"]:
                raise self.failed(answer.get("error"))
            size = size_in(answer)
            if not part or not 0 < size <= most or len(found) + len(part) > size:
                raise self.failed(f"{len(found) + len(part):,} of {size:,} bytes came; {most:,} are taken at most")
            found += part
        return found

    def failed(self, words: Any) -> FatecloudError:
        """An error about this service."""
        return FatecloudError(f"{self.who}: {words or 'no reason given'}", remedy=f"fatecloud check {self.who}")


def size_in(answer: Mapping[str, Any]) -> int:
    """The `size` that an answer says; 0 for anything else than a number."""
    size = answer.get("size")
    return size if isinstance(size, int) else 0
