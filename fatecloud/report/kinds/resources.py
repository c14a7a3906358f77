"""What services take of their nodes: of `inventory show --resources`."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from fatecloud.report.kinds.base import Count, Key
from fatecloud.report.kinds.finding import FindingDocument

From = Literal["inventory", "node", "unknown"]


class ResourceFigure(TypedDict):
    """How much of something a service takes, or gives to jobs."""

    name: str
    value: Count
    unit: Annotated[Literal["bytes", "cores", "eggs", "jobs"], "Bytes are memory of the node."]
    why: Annotated[str, "The rule that gave it, or where it is set."]
    setting: Annotated[str, "The key that decides it, dotted; empty where none does."]
    set: Annotated[bool, "Whether the inventory or the release sets it."]


class ServiceResources(TypedDict):
    """What one service takes."""

    service: Key
    memory: Annotated[Count, "Sum of its figures in bytes."]
    figures: list[ResourceFigure]


class NodeResources(TypedDict):
    """A node, and what its services take of it."""

    node: str
    memory: Annotated[int | None, "Bytes that its services are sized for."]
    memory_from: Annotated[From, "Who says so: the inventory, or the node itself."]
    cores: int | None
    cores_from: From
    needed: Annotated[Count, "Bytes that its services take together."]
    fits: Annotated[bool | None, "Whether it has so much; null while its memory is not known."]
    services: list[ServiceResources]


class ResourceList(TypedDict):
    """`fatecloud inventory show --resources`."""

    items: list[NodeResources]
    contradictions: Annotated[list[FindingDocument], "Settings that do not fit, as preflight reports them."]
