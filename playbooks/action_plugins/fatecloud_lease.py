"""Takes a node's lease in the name of this controller, and knows when the run that holds it is dead."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from ansible.plugins.action import ActionBase

_PROJECT = Path(__file__).resolve().parents[1]


def _holder() -> object:
    """The shared code about holders: Ansible gives module_utils to modules only, not to action plugins."""
    spec = importlib.util.spec_from_file_location("fatecloud_holder", _PROJECT / "module_utils" / "fatecloud_holder.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class ActionModule(ActionBase):
    """Adds `process` and, where the holder is a dead run of the same controller, `takeover`."""

    def run(self, tmp: str | None = None, task_vars: dict | None = None) -> dict:
        """Ansible's entry."""
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        pid = int(arguments.pop("pid", 0) or 0) or os.getppid()
        holder = _holder()
        arguments["process"] = holder.asking(pid)
        answer = self._execute_module(module_args=arguments, task_vars=task_vars)
        held = answer.get("held")
        if (
            answer.get("failed")
            and held
            and held["controller"] == arguments.get("controller")
            and holder.dead(held["process"])
        ):
            arguments["takeover"] = held["run"]
            answer = self._execute_module(module_args=arguments, task_vars=task_vars)
        result.update(answer)
        return result
