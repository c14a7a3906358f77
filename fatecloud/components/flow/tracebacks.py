"""What flow reports of a task that failed; pure."""

from __future__ import annotations

import ast
import re
from contextlib import suppress


def last_error(report: str) -> str:
    """The line that names the error: the first unindented one after a traceback's last frame, else the first of all.

    The lines after it are the rest of the error's own text, so the last line may be anything, even a bracket.
    """
    lines = [line.rstrip() for line in report.splitlines() if line.strip()]
    frames = [number for number, line in enumerate(lines) if line.startswith('  File "')]
    after = [line for line in lines[frames[-1] + 1 :] if not line.startswith(" ")] if frames else lines
    return (after or lines or [""])[0].strip()


def refusal(message: str) -> str:
    """Why a submitted job was not taken, in one line; flow may report it as a traceback that contains all answers.

    FATE 1.11 says `retcode` and `retmsg` in the place of `code` and `message`, and a party's may be an exception with a
    traceback of its own.
    """
    line = last_error(message)
    try:
        _, answers = ast.literal_eval(line.partition(": ")[2])
        refused = [
            f"party {party} ({role}): {_innermost(str(answer.get('message') or answer['retmsg']))}"
            for role, parties in answers.items()
            for party, answer in parties.items()
            if (answer["code"] if "code" in answer else answer["retcode"]) != 0
        ]
    except (AttributeError, KeyError, MemoryError, RecursionError, SyntaxError, TypeError, ValueError):
        return line
    return "; ".join(refused) or line


def _innermost(text: str) -> str:
    """What an exception says that is written as Python shows it, `Exception('Traceback ...')`; else the text itself."""
    if shown := re.fullmatch(r"\w+\((['\"].*['\"]),?\)", text.strip(), re.DOTALL):
        with suppress(SyntaxError, ValueError, MemoryError, RecursionError):
            inner = ast.literal_eval(shown[1])
            return last_error(inner) if isinstance(inner, str) else text
    return text
