"""A change asks who would be hit by it, and says where it got no answer."""

from types import SimpleNamespace
from typing import Any, Self

import pytest

from fatecloud.errors import FatecloudError, Refused, UsageError
from fatecloud.model.event import Event
from fatecloud.workflow import jobs
from fatecloud.workflow.jobs import refuse_or_wait, seconds

ROW = SimpleNamespace(job="202601", role="guest", status="running", partners="host 10000", created=0.0)


class Apis:
    """Parties whose flows answer with jobs, or not at all."""

    answers: dict[str, list[Any]]

    def __init__(self, _session: object) -> None:
        self.services = dict.fromkeys(self.answers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def api(self, party: str) -> "Apis":
        self.asked = party
        return self

    def active(self, _statuses: object) -> Any:
        answer = self.answers[self.asked].pop(0)
        if isinstance(answer, FatecloudError):
            raise answer
        return answer


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    monkeypatch.setattr(jobs, "JobApis", Apis)
    monkeypatch.setattr(jobs, "POLL", 0)
    return []


def hit(told: list[Event], wait: float = 0) -> None:
    refuse_or_wait(SimpleNamespace(), {"1", "2"}, interrupt=False, wait=wait, events=told.append)  # type: ignore[arg-type]


def test_running_jobs_are_named_and_the_change_refused(told: list[Event]) -> None:
    Apis.answers = {"1": [[]], "2": [[ROW]]}
    with pytest.raises(Refused, match=r"202601 \(guest of party 2"):
        hit(told)


def test_jobs_that_end_in_time_are_waited_for(told: list[Event]) -> None:
    Apis.answers = {"1": [[], []], "2": [[ROW], []]}
    hit(told, wait=60)
    assert [event.kind for event in told] == ["wait"]


def test_a_flow_that_gives_no_answer_is_told_once(told: list[Event]) -> None:
    lost = FatecloudError("no answer in 10 s")
    Apis.answers = {"1": [lost, lost], "2": [[ROW], []]}
    hit(told, wait=60)
    notes = [event.text for event in told if event.kind == "note"]
    assert notes == ["whether party 1 runs jobs is not known: no answer in 10 s"]


@pytest.mark.parametrize(("text", "value"), [(None, 0), ("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200)])
def test_times(text: str | None, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["soon", "m", "-3s", "3d"])
def test_what_is_no_time_is_usage(text: str) -> None:
    with pytest.raises(UsageError):
        seconds(text)
