"""Each fault that a component has a file for raises exactly its code, at its service, with a remedy."""

from __future__ import annotations

import pytest
from component_world import CASES, Case, desired, report

from fatecloud.components.declared import component_checks
from fatecloud.components.registry import all_components

CODES = {code.name: code for spec in component_checks() for code in spec.codes}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_raises_exactly_its_code(case: Case) -> None:
    found, code = report(case.change, example=case.example), CODES[case.code]
    # The other instances are well, and do the work of one that is away.
    severity = "warning" if code.away and desired(case.example).services[case.key].spare else code.severity
    assert [(f.code, f.severity, str(f.subject)) for f in found.findings] == [(case.code, severity, case.key)]
    (finding,) = found.findings
    assert finding.symptom
    assert finding.remedy
    assert all(map(str, finding.remedy))


@pytest.mark.parametrize("example", sorted({case.example for case in CASES}))
def test_a_healthy_cluster_raises_nothing_and_every_check_was_judged(example: str) -> None:
    found = report(example=example)
    assert (found.findings, found.skipped, found.exit_status) == ((), (), 0)
    judged = [
        (service, spec)
        for service in desired(example).services.values()
        for spec in component_checks()
        if spec.is_for(service)
    ]
    assert found.passed == len(judged)


@pytest.mark.parametrize("component", sorted(component.name for component in all_components().values()))
def test_there_is_a_file_for_each_code_of_a_component(component: str) -> None:
    codes = {code.name for spec in component_checks() if spec.component == component for code in spec.codes}
    exposed = {name for name in codes if CODES[name].severity == "exposure"}
    assert codes - exposed == {case.code for case in CASES if case.component == component} - shared_codes()


def test_there_is_a_file_for_each_code_that_several_components_share() -> None:
    assert shared_codes() <= {case.code for case in CASES}


def shared_codes() -> set[str]:
    """Those of checks of every service with a probe; early ones ask what others run, which no golden inventory has."""
    return {code.name for spec in component_checks() if spec.probe and not spec.early for code in spec.codes}
