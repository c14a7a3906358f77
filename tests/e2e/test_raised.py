"""A code that no test expects is noticed in every form of output. Needs no node."""

from __future__ import annotations

import json

import pytest
from raised import Raised


def finding(code: str, subject: str, *caused_by: str) -> dict[str, object]:
    return {"id": f"{code}@{subject}", "code": code, "symptom": "s", "caused_by": caused_by}


REPORT = json.dumps(
    {
        "findings": [
            finding("SERVICE_STOPPED", "9999/mysql@n1"),
            finding("FLOW_DATABASE_REFUSED", "9999/flow@n1", "SERVICE_STOPPED@9999/mysql@n1"),
            finding("FLOW_SCHEDULER_STALLED", "9999/flow@n1", "FLOW_DATABASE_REFUSED@9999/flow@n1"),
        ]
    }
)


def test_an_expected_code_covers_what_it_explains() -> None:
    raised = Raised()
    with raised.expecting("SERVICE_STOPPED"):
        raised.hear("check", REPORT)
    assert raised.take() == []
    with raised.expecting("FLOW_DATABASE_REFUSED"):
        raised.hear("check", REPORT)
    assert raised.take() == ["check: SERVICE_STOPPED@9999/mysql@n1: s"]


def test_an_expectation_ends_and_nothing_is_reported_twice() -> None:
    raised = Raised()
    with raised.expecting("SERVICE_STOPPED"):
        pass
    raised.hear("check", REPORT)
    assert len(raised.take()) == 3
    assert raised.take() == []


def test_codes_in_lines_for_people_are_noticed() -> None:
    raised = Raised()
    text = "CRITICAL  SERVICE_STOPPED  9999/mysql@n1\n  `- explains FLOW_DATABASE_REFUSED  9999/flow@n1: refused\nfine"
    with raised.expecting("SERVICE_STOPPED"):
        raised.hear("deploy", text)
    assert raised.take() == ["deploy: `- explains FLOW_DATABASE_REFUSED  9999/flow@n1: refused"]


def test_what_was_not_judged_for_an_unexpected_code_is_noticed() -> None:
    raised = Raised()
    raised.hear("deploy", "not judged while DEPLOY_PENDING: 9999/flow@n1")
    assert raised.take() == ["deploy: not judged while DEPLOY_PENDING: 9999/flow@n1"]


def test_before_there_is_a_cluster_any_finding_is_allowed() -> None:
    raised = Raised()
    with raised.anything():
        raised.hear("check", REPORT)
    assert raised.take() == []


def test_only_codes_that_exist_can_be_expected() -> None:
    with pytest.raises(AssertionError, match="NO_SUCH_CODE"), Raised().expecting("NO_SUCH_CODE"):
        pass


@pytest.mark.parametrize(("load", "heard"), [(2.0, 2), (400.0, 0)])
def test_a_node_is_loaded_where_its_machine_is(monkeypatch: pytest.MonkeyPatch, load: float, heard: int) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    raised = Raised()
    late = [finding("NODE_LOADED", "n1"), finding("SERVICE_HUNG", "9999/flow@n1", "NODE_LOADED@n1")]
    raised.hear("check", json.dumps({"findings": late}))
    assert len(raised.take()) == heard
