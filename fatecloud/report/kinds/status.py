"""What runs: of `status` and `logs`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fatecloud.report.kinds.base import Key, Rule, Seconds, Time


class PortDocument(TypedDict):
    """A port of a service."""

    port: int
    listening: Annotated[bool | None, "null if it could not be read."]


class ServiceStatus(TypedDict):
    """One service on the daily screen."""

    service: Key
    owner: str
    component: str
    node: str
    version: str
    deployed: Annotated[str, Rule(enum=["yes", "changed", "no", "?"])]
    running: Annotated[str, Rule(enum=["yes", "settling", "restarting", "hung", "stopping", "no", "?"])]
    uptime_seconds: Seconds | None
    ports: list[PortDocument]
    notes: list[str]
    well: Annotated[bool, "Whether it runs as deployed, so that nothing needs attention."]


class ClusterStatus(TypedDict):
    """`fatecloud status`: every service."""

    cluster: str
    releases: Annotated[list[str], "Of its parties and groups, each once."]
    exit_status: Annotated[int, Rule(enum=[0, 1, 3]), "0 all well, 1 a service needs attention, 3 a node was not read."]
    taken: Time
    services: list[ServiceStatus]
    notes: Annotated[list[str], "About nodes: not reached, held by a run, last change."]


class LogEntry(TypedDict):
    """`fatecloud logs`: one document per entry, one per line in JSON."""

    time: Time
    service: Key
    level: Annotated[str | None, Rule(enum=["debug", "info", "warning", "error", "critical", None])]
    file: str
    lines: list[str]
