"""Takes a node's lease in the name of this controller, and knows when the run that holds it is dead."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from ansible.plugins.action import ActionBase


def started(pid: int) -> str:
    """When a process of this machine started, in ticks; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def asking(pid: int) -> dict:
    """The process that a lease is taken for, so that another run can tell whether it still lives."""
    return {
        "host": platform.node(),
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip(),
        "namespace": os.readlink("/proc/self/ns/pid"),
        "pid": pid,
        "started": started(pid),
    }


def dead(process: dict) -> bool:
    """Whether a process is certainly gone; only a process of this very machine can be."""
    here = asking(int(process.get("pid") or 0))
    if process.get("host") != here["host"]:
        return False
    if process.get("boot") != here["boot"]:
        return True
    return process.get("namespace") == here["namespace"] and process.get("started") != here["started"]


class ActionModule(ActionBase):
    """Adds `process` and, where the holder is a dead run of the same controller, `takeover`."""

    def run(self, tmp: str | None = None, task_vars: dict | None = None) -> dict:
        """Ansible's entry."""
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        pid = int(arguments.pop("pid", 0) or 0) or os.getppid()
        arguments["process"] = asking(pid)
        answer = self._execute_module(module_args=arguments, task_vars=task_vars)
        held = answer.get("held")
        if (
            answer.get("failed")
            and held
            and held["controller"] == arguments.get("controller")
            and dead(held["process"])
        ):
            arguments["takeover"] = held["run"]
            answer = self._execute_module(module_args=arguments, task_vars=task_vars)
        result.update(answer)
        return result
