"""The outcome of a playbook run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["successful", "failed", "canceled", "timeout"]


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """One task that failed on one node."""

    node: str
    task: str
    message: str
    service: str = ""
    """Key of the service it was about; empty for the node itself."""
    result: Mapping[str, Any] = field(default_factory=dict)
    """The module's answer, redacted. Ours return `held` (a foreign lease), `drifted` (paths), `lines` (of a log)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a run."""

    status: Status
    rc: int
    failed: tuple[TaskFailure, ...]
    unreachable: Mapping[str, str]
    """Node -> why."""
    changed: Mapping[str, int]
    """Node -> number of tasks that changed something."""
    output: str = ""
    """The last lines that Ansible printed outside of any task (a broken playbook, a wrong vault password), redacted."""

    @property
    def ok(self) -> bool:
        """Whether everything was done."""
        return self.status == "successful"
