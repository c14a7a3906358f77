"""Each remedy that a program could run at once is run on its fault: by a row of `faults.yml`, or by another test."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from check_world import report_of
from component_world import CASES as OF_COMPONENTS
from component_world import report
from fault_rows import cannot_be_made, not_run_yet, rows, shown
from test_checks_of_a_running_cluster import CASES as GENERAL
from test_preflight_codes import CASES as OF_PREFLIGHT
from test_preflight_codes import judged_case

from fatecloud.checks.registry import all_codes
from fatecloud.model.remedy import immediate

ROOT = Path(__file__).parents[2]
MADE_BY_OTHER_TESTS = {
    "JAVA_START_REFUSED",
    "PREFLIGHT_ARTIFACT_MISSING",
    "PREFLIGHT_TIMEZONE",
    "SERVICE_MISDIRECTED",
    "SERVICE_USER_CHANGED",
    "SERVICE_USER_MISSING",
}
"""Codes with such a remedy that none of the faults here raises."""
WITHOUT_A_COMMAND = {
    "CHECK_CRASHED",
    "FACT_ABSENT",
    "JAVA_HEAP_GROWING",
    "JUMP_HOST_FAILED",
    "NODE_DISK_FILLING",
    "NODE_NAME_UNRESOLVED",
    "PREFLIGHT_CORES",
    "PREFLIGHT_DUPLICATE_MACHINE_ID",
    "PREFLIGHT_EGGS",
    "PREFLIGHT_JAVA_NONE",
    "PREFLIGHT_JOBS_MEMORY",
    "SERVICE_PACKETS_LOST",
}
"""Codes that none of these faults raises, and whose remedies are for a person."""
OF_THE_WAY = ("EXPOSURE_", "MYSQL_EXTERNAL_", "NODE_", "SUDO_")
"""The same for what is open to others, for a server of others, and for the way to a node."""


@cache
def with_a_command() -> frozenset[str]:
    """Codes with a finding among those of the other tests that has a command to run at once."""
    found = [one for _, _, change in GENERAL for one in report_of(change).findings]
    found += [one for case in OF_COMPONENTS for one in report(case.change, example=case.example).findings]
    found += [one for code in OF_PREFLIGHT for one in judged_case(code)[1].findings]
    return frozenset(one.code for one in found if immediate(one.remedy)) | MADE_BY_OTHER_TESTS


def run_by_a_row() -> set[str]:
    """Codes of the findings whose own commands a row runs."""
    return {ident.partition("@")[0] for row in rows() if not row.repair for ident in row.healed_by}


def test_each_command_that_may_be_run_at_once_is_run_on_its_fault() -> None:
    run = run_by_a_row() | shown().keys()
    not_run = not_run_yet() | cannot_be_made()
    assert with_a_command() - run - not_run == set(), "give it a row without `repair`, or name its test in `shown`"
    assert not_run & run == set(), "it is run now: take it off the list"
    assert not_run <= with_a_command()
    assert not_run_yet() & cannot_be_made() == set()


def test_no_code_is_left_out() -> None:
    raised = {code for code, _, _ in GENERAL} | {case.code for case in OF_COMPONENTS} | set(OF_PREFLIGHT)
    others = all_codes().keys() - raised - MADE_BY_OTHER_TESTS
    assert {code for code in others if not code.startswith(OF_THE_WAY)} <= WITHOUT_A_COMMAND
    assert not with_a_command() & WITHOUT_A_COMMAND


@pytest.mark.parametrize(("code", "place"), sorted(shown().items()))
def test_the_test_that_runs_it_names_the_code_and_repairs(code: str, place: str) -> None:
    assert code in all_codes()
    path, _, name = place.partition("::")
    assert (ROOT / path).is_file(), place
    module = Module(ast.parse((ROOT / path).read_text()))
    assert name in module.parts, f"{place}: there is no such test"
    reached = module.reached(name)
    assert any(code in _texts(module.parts[part]) for part in reached), f"{place} does not name {code}"
    assert any("repair" in _calls(module.parts[part]) for part in reached), f"{place} repairs nothing"


class Module:
    """The functions, methods and constants of a file by their names."""

    def __init__(self, tree: ast.Module) -> None:
        self.parts: dict[str, ast.AST] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                self.parts[node.name] = node
        for statement in tree.body:
            if isinstance(statement, ast.Assign):
                self.parts |= {target.id: statement for target in statement.targets if isinstance(target, ast.Name)}

    def reached(self, name: str) -> set[str]:
        """The part with this name, and all that it uses directly or by others."""
        found, new = set[str](), {name}
        while new:
            found |= new
            new = {used for part in new for used in _names(self.parts[part]) & self.parts.keys()} - found
        return found


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {
        n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)
    }


def _texts(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def _calls(node: ast.AST) -> set[str]:
    called = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
    return {f.id for f in called if isinstance(f, ast.Name)} | {f.attr for f in called if isinstance(f, ast.Attribute)}


EXAMPLE = """
CODES = ("A", "B")
class World:
    def apply(self, finding):
        repair(finding)
    def found(self, code):
        return code
@pytest.mark.parametrize("code", CODES)
def test_it(world, code):
    world.apply(world.found(code))
def test_that_only_looks(world):
    world.found("C")
"""


def test_a_test_repairs_also_by_a_method_and_has_its_codes_in_a_constant() -> None:
    module = Module(ast.parse(EXAMPLE))
    assert module.reached("test_it") == {"test_it", "CODES", "apply", "found"}
    assert module.reached("test_that_only_looks") == {"test_that_only_looks", "found"}
    assert _texts(module.parts["CODES"]) == {"A", "B"}
    assert _calls(module.parts["apply"]) == {"repair"}
