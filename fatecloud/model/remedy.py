"""What is to be done about a finding: one of three types, so that it is clear who acts, and what a program may run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

INVENTORY = "the inventory"


@dataclass(frozen=True, slots=True)
class Run:
    """A command that can be typed as it is: one line of shell without a comment and without a placeholder."""

    command: str
    node: str = ""
    """Where it is typed; empty for the controller."""
    root: bool = False
    """Whether it needs the rights of root on the node."""
    looks: bool = False
    """Whether it only shows something: it repairs nothing."""
    when: str = ""
    """What a person has to do or to judge first; empty if it may be typed at once."""
    instead: bool = False
    """Whether it is another way than what is before it, and not the next step."""

    def __str__(self) -> str:
        place = f"on {self.node}" + (", as root" if self.root else "") if self.node else ""
        head = ", ".join(part for part in ("or" if self.instead else "", self.when, place) if part)
        return f"{head}: {self.command}" if head else self.command


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of a file whose content a person decides."""

    change: str
    file: str = INVENTORY
    node: str = ""
    """Where the file is; empty for the controller."""
    instead: bool = False

    def __str__(self) -> str:
        place = f"in {self.file}" + (f" on {self.node}" if self.node else "")
        return f"{'or, ' if self.instead else ''}{place}: {self.change}"


@dataclass(frozen=True, slots=True)
class Ask:
    """A task for a person who can do what neither a command nor the inventory does."""

    whom: str
    what: str
    instead: bool = False

    def __str__(self) -> str:
        return f"{'or ' if self.instead else ''}ask {self.whom}: {self.what}"


Remedy = Run | Edit | Ask


def look(command: str, node: str = "", *, root: bool = False) -> Run:
    """A command that only shows something."""
    return Run(command, node, root=root, looks=True)


def administrator(node: str, what: str, *, instead: bool = False) -> Ask:
    """A task for who looks after a node."""
    return Ask(f"the administrator of {node}", what, instead)


def logs_of_service(key: str, pattern: str = "") -> Run:
    """The command that shows a service's logs, or the lines in them that match."""
    return look(f"fatecloud logs {key}" + (f" --grep {pattern}" if pattern else ""))


PLAN = look("fatecloud plan")
CHECK = look("fatecloud check")
DEPLOY = Run("fatecloud deploy")
OVERWRITE = Run("fatecloud deploy --overwrite-drift")
"""Replaces what was edited by hand; a copy of each file is kept."""
REDEPLOY: tuple[Remedy, ...] = (PLAN, DEPLOY)
"""Shows what a deployment would change, then deploys."""
PUT_BACK: tuple[Remedy, ...] = (PLAN, OVERWRITE)
"""The same where files may have been edited by hand: a deploy alone refuses to replace those."""


def remedy_of(fields: Mapping[str, Any]) -> Remedy:
    """A remedy from its fields, as `dataclasses.asdict` gives them. Raises TypeError where they are of none."""
    kind = Run if "command" in fields else Edit if "change" in fields else Ask
    return kind(**fields)


def remedy_text(remedies: Iterable[Remedy]) -> str:
    """All of them in one line, for a message."""
    return "; ".join(map(str, remedies))


def immediate(remedies: tuple[Remedy, ...]) -> tuple[Run, ...]:
    """The commands that repair, in order: those that wait for no person, and are not another way."""
    return tuple(one for one in remedies if isinstance(one, Run) and not (one.looks or one.when or one.instead))
