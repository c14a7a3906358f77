"""What helps a nodemanager whose first heartbeat EggRoll does not take.

EggRoll 3.2.0 locks the id with which a nodemanager reports, and unlocks the one that it then finds. So one that it
knew, and that reports without its id, gets an error for each heartbeat, until it has not been heard of for 100 s. A
restart alone is too quick.
"""

from __future__ import annotations

from fatecloud.model.remedy import Remedy, Run

INIT = "INIT"
"""Status of a nodemanager from its first heartbeat to the next one."""
CAUSE = (
    "it lost its id, with its data or by another address, and EggRoll takes no heartbeat without one from a node that "
    "it heard of within 100 s"
)


def after_a_pause(key: str, manager: str) -> tuple[Remedy, ...]:
    """The commands.

    Args:
        key: of the nodemanager.
        manager: key of its clustermanager.
    """
    return (
        Run(f"fatecloud stop {key}"),
        Run(f"fatecloud start {key}", when="after two minutes"),
        Run(f"fatecloud restart {manager}", when="if no session is open", instead=True),
    )
