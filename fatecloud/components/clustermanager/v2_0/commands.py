"""Runs on the node: commands of EggRoll 2.0 that change nothing; those that 2.5 has as well are its own."""

from __future__ import annotations

from typing import Any

from fatecloud.components.clustermanager.commands import command

WORKER = "v1/node-manager/processor/heartbeat"
"""A nodemanager answers it with nothing; a clustermanager does not know it."""


def worker(host: str, port: int, *, padding: int = 0, seconds: float) -> dict[str, Any]:
    """Whether a nodemanager answers."""
    return command(host, port, WORKER, padding=padding, seconds=seconds)[0]
