"""Does what a finding says: the commands that it prints for the controller and for nodes, as they are."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from program import Program

    from fatecloud.sandbox.nodes import Sandbox

_ASK_FIRST = frozenset({"deploy", "job", "restart", "session", "stop"})
"""Verbs that ask before they change something."""
_NO_JOB = ("--no-verify",)
"""A deploy is not to end with a job here: that takes longer than everything else, and shows nothing of the fault."""
_LONGEST = 900.0
"""Seconds: a deploy of two parties on a loaded machine."""


def repair(program: Program, sandbox: Sandbox, finding: Mapping[str, Any]) -> list[str]:
    """Run the commands that repair, in order.

    Returns:
        The commands; none where the finding has none that may be run at once.
    """
    done = []
    for remedy in commands(finding):
        if remedy["node"]:
            sandbox.check(remedy["node"], ["sh", "-ec", remedy["command"]], timeout=120)
        else:
            program.ok(*words(remedy["command"]), timeout=_LONGEST)
        done.append(remedy["command"])
    return done


def commands(finding: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The remedies that may be run at once: they wait for no person, and are not another way."""
    for remedy in finding["remedy"]:
        if remedy["type"] == "run" and not (remedy["looks"] or remedy["when"] or remedy["instead"]):
            yield remedy


def words(command: str) -> list[str]:
    """The words after the program's name, without the inventory, with the answer to what the verb asks, and no job."""
    _, *rest = shlex.split(command)
    if "-i" in rest:
        at = rest.index("-i")
        del rest[at : at + 2]
    return [*rest, *(_NO_JOB if rest[0] == "deploy" else ()), *(["--yes"] if rest[0] in _ASK_FIRST else [])]
