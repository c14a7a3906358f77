"""What this controller has: sandboxes, and its version."""

from __future__ import annotations

from typing import Annotated, TypedDict


class SandboxNode(TypedDict):
    """A node of a sandbox."""

    name: str
    address: str
    state: Annotated[str, "Docker's word: `running`, `exited`, `paused`."]


class SandboxDocument(TypedDict):
    """One sandbox."""

    name: str
    image: str
    nodes: list[SandboxNode]


class SandboxList(TypedDict):
    """`fatecloud sandbox list`."""

    items: list[SandboxDocument]


class VersionDocument(TypedDict):
    """`fatecloud version`."""

    version: str
    python: str
    ansible_core: str
