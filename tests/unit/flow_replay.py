"""Answers of a real FATE-Flow 2.2.0, recorded during a smoke test, returned in the same order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fatecloud.components.flow.exchange import NO_ANSWER, FlowApiError

FIXTURES = Path(__file__).parent / "fixtures" / "flow"


class Time:
    """A clock that only moves when the code sleeps."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Replay:
    """An `Exchange` that gives a recording's answers per path and subject, each as often as it was given then."""

    def __init__(self, name: str) -> None:
        self.recorded = {
            key: [run["answer"] for run in runs for _ in range(run["times"])]
            for key, runs in json.loads((FIXTURES / f"{name}.json").read_text()).items()
        }
        self.calls: list[str] = []
        self.bodies: list[Mapping[str, Any]] = []

    def __call__(self, method: str, path: str, **given: Any) -> Mapping[str, Any]:
        sent = given["query"] or given["body"] or {}
        key = " ".join([method, path, *(str(sent[name]) for name in ("job_id", "task_name", "name") if name in sent)])
        self.calls.append(key)
        self.bodies.append(given["body"] or {})
        if not self.recorded.get(key):
            raise AssertionError(f"the real flow was not asked this (so often): {key}")
        answer: Mapping[str, Any] = self.recorded[key].pop(0)
        return answer

    def left(self) -> dict[str, int]:
        """Answers that were not asked for."""
        return {key: len(answers) for key, answers in self.recorded.items() if answers}


class Silent:
    """An `Exchange` with a flow that does not answer."""

    def __call__(self, _method: str, path: str, **_: Any) -> Mapping[str, Any]:
        raise FlowApiError(NO_ANSWER, "URLError: [Errno 111] Connection refused", path)
