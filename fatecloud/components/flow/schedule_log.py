"""What flow's log of a job's scheduling says that no other answer of its API contains; pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

from fatecloud.model.jobs import Attempt, Try

_ASKED = re.compile(
    r"APPLY job resource\(cores (\d{1,9}) memory \d+\) on (\w+) (\w+) (successfully|failed), "
    r"remaining cores: (-?\d{1,9})\b"
)
_REFUSED = re.compile(r"job apply resource failed on (\[.*?\]|[\w:,]*), rollback")
_UPDATED = re.compile(r"update task \S+ \d+ status successfully: (\{.*\})\s*$")
_FAILED = frozenset({"failed", "timeout"})


def attempt_of(lines: Iterable[str]) -> Attempt:
    """The last attempt to get a job its cores.

    Args:
        lines: the end of the log, in order. Each flow notes the requests of its own roles, and the one that schedules
            the job which sides refused.
    """
    tries: dict[tuple[str, str], Try] = {}
    refused: tuple[tuple[str, str], ...] = ()
    for line in lines:
        if asked := _ASKED.search(line):
            cores, role, party, outcome, free = asked.groups()
            tries[role, party] = Try(role, party, int(cores), outcome == "successfully", int(free))
        elif failed := _REFUSED.search(line):
            refused = tuple(_sides(failed[1]))
    return Attempt(tuple(tries.values()), refused)


def _sides(text: str) -> Iterable[tuple[str, str]]:
    """FATE 2 writes a list of objects, and FATE 1.11 `host:10000,host:10001`."""
    if not text.startswith("["):
        yield from ((role, party) for role, colon, party in (one.partition(":") for one in text.split(",")) if colon)
        return
    for group in _literal(text, list):
        if isinstance(group, dict) and isinstance(group.get("party_id"), list):
            yield from ((str(group.get("role")), str(party)) for party in group["party_id"])


def first_failed(lines: Iterable[str], job: str) -> tuple[str, str, str]:
    """Role, party and task of the first failure that the scheduler noted, of any party; empty texts if there is none.

    A partner's own error report never leaves the partner, but that its task failed does.
    """
    for line in lines:
        if not (updated := _UPDATED.search(line)):
            continue
        noted = _literal(updated[1], dict)
        if _FAILED & {str(noted.get("status")), str(noted.get("party_status"))} and "role" in noted:
            task = str(noted.get("task_id", "")).removeprefix(f"{job}_")
            return str(noted["role"]), str(noted.get("party_id", "")), task
    return "", "", ""


def reason(log: str) -> str:
    """The text of the last error in a log of flow's, without its date, process and place; empty when there is none."""
    errors = [line for line in log.splitlines() if line.startswith(("[ERROR]", "[CRITICAL]"))]
    return errors[-1].rpartition("]: ")[2].strip() if errors else ""


def _literal(text: str, kind: type) -> Any:
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return kind()
    return found if isinstance(found, kind) else kind()
