"""Jobs of flow 1.4 that it no longer drives: certain at a second look, after five minutes without a change."""

from __future__ import annotations

import pytest
from component_world import NOW, desired, observed, set_answer

from fatecloud.checks.engine import judge
from fatecloud.components.flow.v1_4.check_forgotten import drives_on
from fatecloud.model.samples import Sample

EXAMPLE, FLOW, JOB = "eggroll-rollsite-1.4", "9999/flow@a1", "202611302014238411720"


def found(age: int, *ages: float) -> list[str]:
    rows = [{"job": JOB, "state": "running", "age": age}]
    before = {FLOW: {f"forgotten {JOB}": tuple(Sample(NOW - one, 1.0) for one in ages)}} if ages else {}
    seen = observed(
        set_answer(f"{FLOW}:flow.database", held=rows),
        lambda answers: answers.update(earlier=before) if before else None,
        example=EXAMPLE,
    )
    return [one.symptom for one in judge(desired(EXAMPLE), seen, [drives_on]).findings if str(one.subject) == FLOW]


def test_a_job_without_a_task_is_named_with_what_ends_it() -> None:
    assert found(4000, 120) == [f"job {JOB} has been running without a task for 1 h 6 min; 1 such jobs in total"]


@pytest.mark.parametrize(("age", "ages"), [(4000, ()), (4000, (10,)), (4000, (5000,)), (200, (120,))])
def test_one_that_flow_is_about_to_go_on_with_is_left_alone(age: int, ages: tuple[float, ...]) -> None:
    assert found(age, *ages) == []
