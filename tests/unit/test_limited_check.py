"""A login for checks: what is installed for it, what it may ask, and how its node is reached."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from check_world import the_desired

from fatecloud.collect import shipment
from fatecloud.collect.gather import gather
from fatecloud.collect.node.limited import narrowed
from fatecloud.collect.spec import spec_for
from fatecloud.model.completed import Completed
from fatecloud.model.layout import for_collector
from fatecloud.model.node import CheckLogin, Node
from fatecloud.model.observed import Unreachable
from fatecloud.workflow.check import FACTS
from fatecloud.workflow.limited import as_checker, check_files, question

SPEC: dict[str, Any] = {
    "want": ["clock", "files", "manifest"],
    "probes": [{"id": "x", "timeout": 10}],
    "deadline": 20,
    "files": ["/a"],
}


def test_what_is_asked_can_only_leave_parts_out() -> None:
    assert narrowed(SPEC, {}) == {**SPEC, "probes": []}
    assert narrowed(SPEC, {"want": ["files", "users", "../x"], "probes": True, "deadline": 5}) == {
        **SPEC,
        "want": ["files"],
        "deadline": 5,
    }
    assert narrowed(SPEC, {"probes": ["x", "y"]})["probes"] == SPEC["probes"]
    assert narrowed(SPEC, {"probes": []})["probes"] == []


def test_a_loaded_node_may_be_asked_with_patience() -> None:
    assert narrowed(SPEC, {"probes": True, "patience": 1})["probes"] == SPEC["probes"]
    assert narrowed(SPEC, {"probes": True, "patience": 2})["probes"] == [{"id": "x", "timeout": 20, "patience": 2}]


@pytest.mark.parametrize(
    "asked",
    [
        [],
        "x",
        {"files": ["/etc/shadow"]},
        {"base": "/etc"},
        {"probes": True, "services": []},
        {"want": "files"},
        {"want": [7]},
        {"want": ["users"]},
        {"probes": 1},
        {"probes": [7]},
        {"deadline": 0},
        {"deadline": -1},
        {"deadline": 61},
        {"deadline": True},
        {"deadline": "5"},
        {"deadline": float("nan")},
        {"patience": 0},
        {"patience": 5},
        {"patience": True},
        {"patience": "2"},
    ],
)
def test_a_question_of_another_form_is_refused(asked: Any) -> None:
    with pytest.raises(ValueError, match="must"):
        narrowed(SPEC, asked)


def node_with_login() -> tuple[Any, Node]:
    desired = the_desired()
    node = replace(desired.node("a1"), check=CheckLogin("monitor", "/keys/monitor"))
    nodes = {**desired.cluster.nodes, "a1": node}
    return replace(desired, cluster=replace(desired.cluster, nodes=nodes)), node


def test_a_deploy_installs_the_program_and_what_it_may_read() -> None:
    desired, node = node_with_login()
    program, spec = check_files(desired, node)
    assert (program.path, program.mode, program.owner) == (
        "/usr/local/lib/fatecloud/demo-c3f9a2/check",
        0o755,
        "root",
    )
    assert (spec.path, spec.mode, spec.owner) == ("/data/fate/.fatecloud/check.json", 0o600, "root")
    assert set(FACTS) <= set(json.loads(spec.text)["want"])
    assert check_files(desired, desired.node("a2")) == ()
    changed, _ = node_with_login()
    assert check_files(replace(changed, files={}), node)[0].text == program.text


def test_the_node_is_asked_as_that_login_and_only_for_the_installed_program() -> None:
    desired, node = node_with_login()
    login = as_checker(node).ssh
    assert (login.user, login.key, login.password) == ("monitor", "/keys/monitor", None)
    whole = {"want": ["clock"], "probes": spec_for(desired, "a1")["probes"], "deadline": 3, "base": "/x"}
    argv, stdin, become = question(desired, node, whole)
    assert argv == ("/usr/bin/sudo", "-n", "--", "/usr/local/lib/fatecloud/demo-c3f9a2/check")
    assert (json.loads(stdin), become) == ({"want": ["clock"], "probes": True, "deadline": 3}, False)
    assert json.loads(question(desired, node, {**whole, "deadline": 90})[1])["deadline"] == 60
    patient = [{**probe, "patience": 2.0} for probe in whole["probes"]]
    assert json.loads(question(desired, node, {**whole, "probes": patient})[1])["patience"] == 2


def test_some_questions_are_named_and_all_of_them_are_not() -> None:
    """A program that an earlier version has installed knows all or none."""
    desired, node = node_with_login()
    engine = desired.services["9999/engine@a1"]
    more = replace(engine, probes=(*engine.probes, replace(engine.probes[0], name="engine.more")))
    desired = replace(desired, services={**desired.services, "9999/engine@a1": more})
    some = {"want": ["load"], "probes": spec_for(desired, "a1")["probes"][:1], "deadline": 3}
    none: dict[str, Any] = {**some, "probes": []}
    asked = [json.loads(question(desired, node, spec)[1])["probes"] for spec in (some, none)]
    assert asked == [["9999/engine@a1:engine.api"], []]


def run(program: Path, asked: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-IBS", str(program), *arguments],
        input=asked,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(program.parent), "PATH": os.environ["PATH"]},
    )


def test_the_installed_program_reads_what_its_spec_names_and_nothing_else(tmp_path: Path) -> None:
    place, program = tmp_path / "check.json", tmp_path / "check"
    spec = {
        "layout": for_collector(str(tmp_path)),
        "want": ["clock", "files"],
        "probes": [],
        "deadline": 20,
        "files": ["/etc/hostname"],
    }
    place.write_text(json.dumps({**spec, "asker": shipment.asker()}))
    program.write_text(shipment.program(str(place), sys.executable))
    done = run(program, '{"want": ["files"], "probes": true, "deadline": 10}')
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout.splitlines()[-1])["facts"]["files"]["value"]) == {"/etc/hostname"}
    for asked in ('{"files": ["/etc/shadow"]}', "[", "", "[" * 70000, '{"want": ["files"], "base": "/"}'):
        refused = run(program, asked)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "Traceback" not in refused.stderr
    assert run(program, "{}", "--anything").returncode == 1
    place.chmod(0o666)
    assert "can be written by everyone" in run(program, "{}").stderr


def test_a_sudo_that_refuses_the_program_is_reported_as_that() -> None:
    desired, _ = node_with_login()

    class Refusing:
        """A node whose sudoers has another sum."""

        def run(self, *_: Any, **__: Any) -> Completed:
            """As a transport does."""
            return Completed(1, b"", b"sudo: a password is required\n", 0.1)

    found = gather(desired, lambda _node, _seconds: Refusing(), nodes=("a1",), question=partial(question, desired))
    lost = found.nodes["a1"]
    assert isinstance(lost, Unreachable)
    assert lost.code == "SUDO_REFUSED"
    assert "/usr/local/lib/fatecloud/demo-c3f9a2/check" in str(lost.remedies[0])
