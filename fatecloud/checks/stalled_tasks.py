"""Tasks that run at one side alone, long after the other sides have ended theirs. Pure.

It may have more to do by itself, or wait for what was lost on the way. Seen with FATE 2.2.0 on EggRoll: the guest of an
LR ran on, host and arbiter had succeeded, and no log named an error; why was not found out.
"""

from __future__ import annotations

from collections.abc import Sequence

from fatecloud.model.job_report import StalledTask
from fatecloud.model.jobs import SUCCESS, TaskState

PATIENCE = 120.0
"""Seconds for which a side may be slower than the others: it stores its model and its output."""


def stalled(tasks: Sequence[TaskState], now: float) -> tuple[StalledTask, ...]:
    """Such tasks, in the order of their names.

    Args:
        tasks: of all parties that were asked.
        now: seconds since the epoch; the parties' own clocks are a few seconds from it at the most.
    """
    found = []
    for name in sorted({task.task for task in tasks}):
        sides = [task for task in tasks if task.task == name]
        running = [task for task in sides if task.status == "running"]
        ended = [task for task in sides if task.status == SUCCESS and task.ended_at]
        if len(running) == 1 and ended and len(running) + len(ended) == len(sides):
            (last,), since = running, max(task.ended_at for task in ended)
            if now - since > PATIENCE:
                others = tuple(f"{task.role} of party {task.party}" for task in ended)
                found.append(StalledTask(name, last.role, last.party, others, now - since))
    return tuple(found)
