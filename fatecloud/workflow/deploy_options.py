"""What an operator can choose about a deploy: the same for `deploy`, its dry run, and `plan`."""

from __future__ import annotations

from dataclasses import dataclass, field

from fatecloud.model.selection import Selection
from fatecloud.plan.data import NO_WISH, DataWish


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """What the operator can choose about a deploy."""

    selection: Selection = field(default_factory=Selection)
    """Which nodes, by their services; empty for all."""
    limit: tuple[str, ...] = ()
    """Node names; empty means all."""
    deadline: float = 20.0
    """Seconds for each node to answer when it is read."""
    verify: bool = True
    """Whether it ends with a smoke test."""
    proof: str | None = None
    """Which; None for the first that the cluster's components offer."""
    overwrite_drift: bool = False
    leave_data: bool = False
    """Whether a service may move to another node and leave its data behind."""
    moved: bool = False
    """Whether the cluster is the one that was deployed on other machines before."""
    adopt_data: tuple[str, ...] = ()
    """Services that use the data that are in their data directory."""
    new_data: tuple[str, ...] = ()
    """Services that start without the data that they had."""
    wish: DataWish = NO_WISH
    """The services of `adopt_data` and `new_data` by key, once the inventory is known."""
    interrupt_jobs: bool = False
    wait_jobs: str | None = None
    wait_lock: str | None = None
    """How long to wait for another run that holds the nodes."""
    argv: tuple[str, ...] = ()
