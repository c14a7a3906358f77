"""Services that run jobs, of the golden inventory of two parties: each answers with what a test gives it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from component_world import GOLDEN
from typer.testing import CliRunner

from fatecloud.cli.verbs import app
from fatecloud.errors import FatecloudError
from fatecloud.model.job_report import Interruption
from fatecloud.model.jobs import Attempt, JobRow, Measure, TaskState
from fatecloud.workflow import job_end, job_figures, job_look, job_services
from fatecloud.workflow.job_runners import runners_of
from fatecloud.workflow.job_services import JobServices

JOB, HEAD, THIRD = "202611251943493284650", "202611251943500000000", "202611251943510000000"
NOW = 1_795_635_829.0


class Flow:
    """One of them."""

    def __init__(self) -> None:
        self.rows: list[JobRow] = []
        self.found: list[TaskState] = []
        self.tried: dict[str, Attempt] = {}
        self.blame = ("", "", "")
        self.reason = ""
        self.numbers: list[Measure] = []
        self.down = ""
        self.stops = True
        self.also: Flow | None = None
        """Whose side of a job ends with this one's."""
        self.calls: list[str] = []

    def active(self) -> tuple[JobRow, ...]:
        self._answer()
        return tuple(row for row in self.rows if not row.ended)

    def newest(self, rows: int) -> tuple[JobRow, ...]:
        self._answer()
        return tuple(self.rows[:rows])

    def known(self, job: str) -> tuple[JobRow, ...]:
        self._answer()
        return tuple(row for row in self.rows if row.job == job)

    def tasks(self, job: str) -> tuple[TaskState, ...]:
        assert job
        return tuple(self.found)

    def attempt(self, job: str, _role: str, _party: str) -> Attempt:
        return self.tried.get(job, Attempt())

    def blamed(self, *_: str) -> tuple[str, str, str]:
        return self.blame

    def refused(self, *_: str) -> str:
        return self.reason

    def measures(self, _job: str, role: str, party: str, task: str) -> tuple[Measure, ...]:
        return tuple(one for one in self.numbers if (one.role, one.party, one.task) == (role, party, task))

    def stop(self, job: str) -> None:
        self._answer()
        self.calls.append(f"stop {job}")
        if self.stops:
            for flow in (self, self.also) if self.also else (self,):
                flow.rows = [replace(row, status="canceled", held=False) for row in flow.rows]

    def clean(self, job: str) -> None:
        self._answer()
        self.calls.append(f"clean {job}")
        self.rows = [row for row in self.rows if row.job != job]

    def _answer(self) -> None:
        if self.down:
            raise FatecloudError(self.down)


def row(job: str, status: str, **more: Any) -> JobRow:
    fields: dict[str, Any] = {
        "role": "guest",
        "party": "9999",
        "partners": "with 10000",
        "created": NOW,
        "cores": 4,
        "scheduler": "9999",
        "held": status == "running",
        "held_since": NOW + 1 if status == "running" else 0.0,
        "sides": (("guest", "9999"), ("host", "10000")),
    }
    return JobRow(job=job, status=status, **{**fields, **more})


def task(name: str, status: str, **more: Any) -> TaskState:
    fields: dict[str, Any] = {
        "role": "guest",
        "party": "9999",
        "report": "",
        "logs": "",
        "elapsed": 2.0,
        "ended_at": NOW,
    }
    return TaskState(task=name, status=status, **{**fields, **more})


Flows = dict[str, Flow]


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flows:
    """The two, by party, with their inventory in the current directory; a flow was started a minute after `NOW`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    shutil.copy(GOLDEN / "two-party.yml", "inventory.yml")
    found = {"9999": Flow(), "10000": Flow()}
    starts = {"9999": [Interruption("9999/flow@a1", NOW + 60)]}

    @contextmanager
    def services(session: Any, _deadline: float, owners: Any = ()) -> Iterator[JobServices]:
        chosen = set(owners or session.cluster.owners)
        yield JobServices(runners_of(session.resolved, chosen), None, starts)  # type: ignore[arg-type]

    for module in (job_look, job_end, job_figures):
        monkeypatch.setattr(module, "job_services", services)
    monkeypatch.setattr(job_services, "api_of", lambda runner, _: found[runner.id.owner])
    return found


def run(words: str) -> Any:
    """`fatecloud job WORDS`."""
    return CliRunner().invoke(app, ["job", *words.split()], standalone_mode=False, env={"COLUMNS": "200"})


def said(words: str, status: int = 0) -> str:
    """What it prints."""
    done = run(words)
    assert done.exception is None, done.exception
    assert (done.return_value or 0) == status, done.output
    return str(done.stdout)


def refused(words: str) -> FatecloudError:
    """The error that it ends with."""
    done = run(words)
    assert isinstance(done.exception, FatecloudError), done.output
    return done.exception
