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


def test_before_there_is_a_cluster_any_finding_is_allowed() -> None:
    raised = Raised()
    with raised.anything():
        raised.hear("check", REPORT)
    assert raised.take() == []


def test_only_codes_that_exist_can_be_expected() -> None:
    with pytest.raises(AssertionError, match="NO_SUCH_CODE"), Raised().expecting("NO_SUCH_CODE"):
        pass
