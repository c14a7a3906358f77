"""What runs did: of `runs`, `clusters` and `test`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fatecloud.model.event import Kind as EventKind
from fatecloud.report.kinds.base import Count, Time


class RunEntry(TypedDict):
    """One run of a verb that changed nodes, or ran a command on them."""

    id: str
    verb: str
    who: Annotated[str, "Login name of the operator."]
    origin: Annotated[str, "The controller's host name, and the client's address behind an SSH login."]
    argv: Annotated[list[str], "The command line, secrets removed."]
    started: Time
    ended: Time | None
    outcome: Annotated[str, "done, failed, refused, locked, unverified, interrupted, killed or running."]
    changed: Annotated[Count, "How many steps changed something."]


class RunList(TypedDict):
    """`fatecloud runs list`: the newest first."""

    items: list[RunEntry]


class RunEvent(TypedDict):
    """One line of progress of a run."""

    time: Time
    kind: EventKind
    text: str
    node: str
    service: str


class Run(RunEntry):
    """`fatecloud runs show`: a run with everything that it reported."""

    events: list[RunEvent]


class ClusterEntry(TypedDict):
    """A cluster that this controller has worked on."""

    id: str
    name: str
    inventory: Annotated[str, "The file that was used last; it may have moved since."]
    runs: Count
    last_run: RunEntry | None
    error: Annotated[str, "Why its history cannot be read; empty if it can."]


class ClusterList(TypedDict):
    """`fatecloud clusters`."""

    items: list[ClusterEntry]


class SmokeTest(TypedDict):
    """`fatecloud test`, of a test that succeeded."""

    test: Annotated[str, "Its name, for example toy."]
    id: Annotated[str, "Of the job that it ran, or of the request that it sent."]
    guest: Annotated[str, "Party that started it."]
    host: Annotated[str, "Party that took part."]
    seconds: Annotated[dict[str, float], "Seconds by phase."]
    usual: Annotated[
        dict[str, float],
        "Seconds by phase that earlier ones took between these parties, with the same release: their medians.",
    ]
    earlier: Annotated[Count, "How many earlier ones that is of."]
    figures: Annotated[dict[str, float | list[float]], "What it measured, for example auc."]
    not_removed: Annotated[list[str], "What the test could not remove when it ended."]
