"""A plan: the ordered actions that turn observed into desired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fatecloud.model.marks import DataState

Verb = Literal["install", "configure", "remove", "object", "migrate", "start", "restart", "stop", "verify"]


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that differs."""

    node: str
    path: str
    kind: Literal["create", "change", "mode", "owner", "remove"]
    service: str
    diff: str = ""
    """Unified diff of the secret-free texts, from what was deployed last to what is planned; empty where only a secret
    or a hand changed the file."""
    drifted: bool = False
    """Whether the file on the node is not what fatecloud put there: edited by hand, or not its file at all."""
    edited: str = ""
    """Of a drifted file: how it differs from what was deployed last, made safe on the node."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do to one service (or to a node: service is `node`)."""

    verb: Verb
    node: str
    service: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stage:
    """Actions whose services depend only on earlier stages; all nodes in parallel."""

    name: str
    actions: tuple[Action, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that this stage touches, sorted."""
        return tuple(sorted({a.node for a in self.actions}))


@dataclass(frozen=True, slots=True)
class LeftData:
    """Data that stay where they are although their service goes, or looks for them elsewhere from now on."""

    service: str
    """Key of the service whose data they are."""
    node: str
    path: str
    """Absolute, on the node."""
    what: str
    """What they are, for people."""
    heir: str = ""
    """Key of the service that does its work from now on, without these data; empty when none does."""
    heir_node: str = ""
    heir_path: str = ""


@dataclass(frozen=True, slots=True)
class GoneData:
    """Data that were marked and are not where they were: a deploy would make new ones in their place."""

    service: str
    node: str
    state: DataState


@dataclass(frozen=True, slots=True)
class LeftObjects:
    """What was made inside a service for others, and is not needed any more. It stays."""

    service: str
    """Key of the service that has it."""
    names: tuple[str, ...]
    """`database fate_flow`, sorted."""
    asked: bool = False
    """Whether the service itself said that they are there; if not, only the node's record does."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a deploy would do, in order."""

    cluster: str
    stages: tuple[Stage, ...]
    files: tuple[FileChange, ...]
    proof: tuple[str, ...]
    """Ids of the owners whose smoke test is due: something changes that they need, or no success is recorded."""
    unprepared: tuple[str, ...] = ()
    """Names of the nodes on which more has to be done than to their services, sorted. With nothing else to do, a mere
    change in how a node is prepared waits."""
    left: tuple[LeftData, ...] = ()
    """Data that are not carried over."""
    gone: tuple[GoneData, ...] = ()
    """Data that are not where they were."""
    unneeded: tuple[LeftObjects, ...] = ()
    """What services have for others that do not need it any more."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to change on any node."""
        return not any(stage.actions for stage in self.stages)

    @property
    def drifted(self) -> tuple[FileChange, ...]:
        """Files that were edited by hand, or that fatecloud did not deploy."""
        return tuple(change for change in self.files if change.drifted)

    @property
    def missed(self) -> tuple[LeftData, ...]:
        """Data that stay behind although their service goes on elsewhere."""
        return tuple(left for left in self.left if left.heir)
