"""Ansible's output becomes events and failures that name the node."""

from __future__ import annotations

import pytest

from fatecloud.model.event import Event
from fatecloud.runner.events import Translator
from fatecloud.runner.outcome import Outcome
from fatecloud.workflow.failure import failure


@pytest.mark.parametrize(("service", "named"), [("node", "a1"), ("9999/flow@a1", "9999/flow@a1")])
def test_a_failure_names_its_service_or_else_its_node(service: str, named: str) -> None:
    reported: list[Event] = []
    translator = Translator(reported.append, str)
    result = {"msg": "the disk is full", "service": service}
    translator({"event": "runner_on_failed", "event_data": {"host": "a1", "task": "Build", "res": result}})
    (event,) = reported
    assert (event.service or event.node) == named
    error = failure(Outcome("failed", 2, tuple(translator.failed), {}, {}))
    assert error.message == f"{named}: Build: the disk is full"


def test_an_unreachable_node_is_reported_in_plain_words() -> None:
    reported: list[Event] = []
    translator = Translator(reported.append, str)
    result = {"msg": "Task failed: Data could not be sent to the host over ssh: ", "unreachable": True}
    translator({"event": "runner_on_unreachable", "event_data": {"host": "a1", "task": "Build", "res": result}})
    assert reported[0].text == "Build: Data could not be sent to the host over ssh"
    error = failure(Outcome("failed", 4, (), translator.unreachable, {}))
    assert error.message == "a1: Data could not be sent to the host over ssh"
    assert "run the same command again" in error.remedy


def test_a_module_that_crashed_is_reported_by_what_it_printed_last() -> None:
    events: list[Event] = []
    translator = Translator(events.append, str)
    result = {
        "msg": "MODULE FAILURE: No start of json char found\nSee stdout/stderr for the exact error",
        "module_stderr": "Traceback (most recent call last):\n  File ...\nOSError: No space left on device\n",
        "rc": 1,
    }
    translator({"event": "runner_on_failed", "event_data": {"host": "a1", "task": "Build", "res": result}})
    assert events[0].text == "Build: a fatecloud task crashed: OSError: No space left on device"
    assert "{" not in events[0].detail


@pytest.mark.parametrize(
    ("result", "detail"),
    [
        ({"msg": "run r7 of ada@ops1 holds this node", "held": {"run": "r7", "owner": "ada@ops1"}}, ""),
        ({"msg": "edited by hand: /x", "drifted": ["/x"]}, ""),
        ({"msg": "it does not answer", "lines": ["flow: [ERROR] bind"]}, ""),
        ({"msg": "non-zero return code", "rc": 1, "stderr": "", "stdout": "one\ntwo"}, "one\ntwo"),
        ({"stderr": "only this"}, ""),
    ],
    ids=["lease", "drift", "log", "command", "one line"],
)
def test_a_failed_task_shows_what_was_printed_and_never_a_dictionary(result: dict[str, object], detail: str) -> None:
    reported: list[Event] = []
    translator = Translator(reported.append, str)
    translator({"event": "runner_on_failed", "event_data": {"host": "a1", "task": "Take the lease", "res": result}})
    assert reported[0].detail == detail
    assert "{" not in reported[0].text
