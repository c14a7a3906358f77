"""What runs: of `status` and `logs`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fatecloud.report.kinds.base import Count, Key, Rule, Seconds, Status, Time


class PortDocument(TypedDict):
    """A port of a service."""

    port: int
    listening: Annotated[bool | None, "null if it could not be read."]


class WorkersDocument(TypedDict):
    """Processes that a service has started for the jobs of others."""

    name: Annotated[str, "Of one of them, for example egg."]
    running: Count
    working_for: Annotated[list[str], "Ids of what they work for, such as EggRoll's sessions."]
    memory_bytes: Count
    oldest_seconds: Seconds | None


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
    workers: Annotated[WorkersDocument | None, "null for a service that has none, and where they could not be read."]
    well: Annotated[bool, "Whether it runs as deployed, so that nothing needs attention."]


class LastCheckDocument(TypedDict):
    """The newest `fatecloud check` of the whole cluster on this controller."""

    taken: Time
    age: Annotated[Seconds, "Between it and this screen."]
    status: Status
    critical: Count
    unknown: Count
    warning: Count
    muted: Annotated[Count, "Findings that did not count."]
    roots: Annotated[list[str], "Ids of its root causes, as in its report."]


class ClusterStatus(TypedDict):
    """`fatecloud status`: every service."""

    cluster: str
    releases: Annotated[list[str], "Of its parties and groups, each once."]
    exit_status: Annotated[int, Rule(enum=[0, 1, 3]), "0 all well, 1 a service needs attention, 3 a node was not read."]
    taken: Time
    services: list[ServiceStatus]
    notes: Annotated[list[str], "About nodes: not reached, held by a run, last change."]
    health: Annotated[str, "One line for people: how many services run as deployed, and what the last check found."]
    last_check: Annotated[LastCheckDocument | None, "null before the first one."]


class LogEntry(TypedDict):
    """`fatecloud logs`: one document per entry, one per line in JSON."""

    time: Time
    service: Key
    level: Annotated[str | None, Rule(enum=["debug", "info", "warning", "error", "critical", None])]
    file: str
    lines: list[str]
