"""Sandboxes as a table and as a document for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from fatecloud.report.kinds.controller import SandboxList


class Sandbox(Protocol):
    """What is shown about one sandbox."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def image(self) -> str:
        """The image of its nodes."""

    @property
    def nodes(self) -> Mapping[str, tuple[str, str]]:
        """Node name -> address and state."""


def sandboxes_text(sandboxes: Iterable[Sandbox]) -> str:
    """One line per node."""
    lines = [
        f"{sandbox.name}  {node}  {address}  {state}  {sandbox.image}"
        for sandbox in sandboxes
        for node, (address, state) in sandbox.nodes.items()
    ]
    return "\n".join(lines) or "no sandbox"


def sandboxes_document(sandboxes: Iterable[Sandbox]) -> SandboxList:
    """All sandboxes with their nodes."""
    return {
        "items": [
            {
                "name": sandbox.name,
                "image": sandbox.image,
                "nodes": [
                    {"name": node, "address": address, "state": state}
                    for node, (address, state) in sandbox.nodes.items()
                ],
            }
            for sandbox in sandboxes
        ]
    }
