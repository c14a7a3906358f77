"""What Ansible tells becomes events and failures that name the node."""

from __future__ import annotations

import pytest

from fatecloud.model.event import Event
from fatecloud.runner.events import Translator
from fatecloud.runner.outcome import Outcome
from fatecloud.workflow.ansible import failure


@pytest.mark.parametrize(("service", "named"), [("node", "a1"), ("9999/flow@a1", "9999/flow@a1")])
def test_a_failure_names_its_service_or_else_its_node(service: str, named: str) -> None:
    told: list[Event] = []
    translator = Translator(told.append, str)
    result = {"msg": "the disk is full", "service": service}
    translator({"event": "runner_on_failed", "event_data": {"host": "a1", "task": "Build", "res": result}})
    (event,) = told
    assert (event.service or event.node) == named
    error = failure(Outcome("failed", 2, tuple(translator.failed), {}, {}))
    assert error.message == f"{named}: Build: the disk is full"
