"""What a deploy would do."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from fatecloud.model.plan import Verb
from fatecloud.report.kinds.base import Key


class ActionDocument(TypedDict):
    """One thing to do to a service, or to a node (`service` is `node`)."""

    verb: Verb
    node: str
    service: str
    reason: str


class StageDocument(TypedDict):
    """Actions that are done together, after the earlier stages."""

    name: str
    actions: list[ActionDocument]


class FileDocument(TypedDict):
    """A file that differs."""

    node: str
    path: str
    service: str
    change: Literal["create", "change", "mode", "owner", "remove"]
    drifted: Annotated[bool, "Whether it was edited by hand, or is not ours."]
    diff: Annotated[str, "Unified diff without secrets, from what was deployed; empty if only a secret changes."]
    edited: Annotated[str, "For a drifted file: how it differs from what was deployed, without secrets."]


class LeftDocument(TypedDict):
    """Data that are not moved."""

    service: Key
    node: str
    path: str
    data: str
    successor: Annotated[str, "Key of the service that replaces this one without these data; empty if none does."]
    successor_node: str
    successor_path: str


class UnneededDocument(TypedDict):
    """What a service has for others that do not need it any more. It stays."""

    service: Key
    names: Annotated[list[str], "`database fate_flow`."]


class RefusalDocument(TypedDict):
    """Why a deploy would stop before it changes anything."""

    exit_status: int
    message: str
    remedy: str
    details: list[str]


class DeployPlan(TypedDict):
    """`fatecloud plan`: what a deploy would do, and the reasons to refuse it."""

    cluster: str
    exit_status: Annotated[int, "Exit status of a deploy that is refused; 0 if nothing prevents it."]
    refusals: list[RefusalDocument]
    complete: Annotated[bool, "Whether everything that the plan needs was read; if not, there are no stages and files."]
    empty: Annotated[bool, "Whether there is nothing to change on any node."]
    smoke_test: Annotated[
        list[str], "Parties and groups whose smoke test at the end is due; empty if the plan is incomplete."
    ]
    stages: list[StageDocument]
    files: list[FileDocument]
    data_not_moved: list[LeftDocument]
    objects_not_needed: list[UnneededDocument]
