"""What holds for every component: its files render, its scripts parse, and no secret leaves the files meant for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from component_world import INVENTORIES, desired, rendered
from modules import module

from fatecloud.collect import shipment
from fatecloud.collect.node import probes
from fatecloud.components.registry import all_components
from fatecloud.model.desired import DesiredFile
from fatecloud.model.service import NodeProbe
from fatecloud.render.placeholders import names
from fatecloud.vault.changes import needs

SERVICES = [(example, key) for example in INVENTORIES for key in sorted(desired(example).services)]
FILES = [
    pytest.param(example, file, id=f"{example}:{key}:{name}")
    for example, key in SERVICES
    for name, file in rendered(key, example).items()
]


def others_may(file: DesiredFile) -> int:
    return file.mode & 0o007


@pytest.mark.parametrize(("example", "file"), FILES)
def test_a_file_with_a_secret_is_closed_and_names_a_declared_one(example: str, file: DesiredFile) -> None:
    assert names(file.text) <= set(needs(desired(example).cluster).names)
    if names(file.text):
        assert not others_may(file)


@pytest.mark.parametrize(("example", "file"), FILES)
def test_a_script_is_one_that_its_program_can_read(example: str, file: DesiredFile, tmp_path: Path) -> None:
    if not file.text.startswith("#!"):
        return
    assert file.mode & 0o100
    script = tmp_path / "script"
    script.write_text(file.text)
    program = file.text.splitlines()[0].removeprefix("#!")
    only_read = {"/bin/sh": ["sh", "-n"], "/usr/bin/python3 -IB": [sys.executable, "-m", "py_compile"]}[program]
    done = subprocess.run([*only_read, script], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize(("example", "key"), SERVICES)
def test_no_secret_is_in_arguments_environment_or_probes(example: str, key: str) -> None:
    service = desired(example).services[key]
    outside = [service.process, [(p.argv, p.stdin) for p in service.probes], dict(service.facts)]
    assert names(repr(outside)) == set()
    json.dumps(dict(service.facts))


@pytest.mark.parametrize(("example", "key"), SERVICES)
def test_the_readiness_probe_and_the_objects_are_there(example: str, key: str) -> None:
    service = desired(example).services[key]
    assert service.readiness in {probe.name for probe in service.probes}
    if service.objects:
        paths = {spec.path: spec for spec in service.specs}
        assert paths[service.objects.script].mode & 0o100
        assert all(not paths[path].restarts for path in service.objects.digest_of)


def test_names_of_probes_start_with_their_component() -> None:
    """That of a service which others run is asked by those that use it, and one may ask a question of another one's."""
    probes: list[tuple[str, NodeProbe]] = [
        (desired(e).services[key].id.component, probe)
        for e, key in SERVICES
        for probe in desired(e).services[key].probes
    ]
    external = {component.name for component in all_components().values() if component.external}
    own = {probe.name for component, probe in probes if probe.name.partition(".")[0] == component}
    others = {probe.name for _, probe in probes if probe.name not in own}
    assert {name.partition(".")[0] for name in others} <= external


def test_who_asks_lends_its_own_interpreter_where_the_node_may_have_none() -> None:
    question = "import json, sys; print(json.dumps({'ok': True, 'python': sys.executable}))"
    answers: dict[str, dict[str, Any]] = {}
    probe = {"id": "asked", "argv": ["python3", "-I", "-"], "stdin": question}
    (thread,) = probes.started({"probes": [probe], "asker": shipment.asker()}, answers)
    thread.join(30)
    answer = answers["asked"]
    assert answer["data"] == {"ok": True, "python": sys.executable}


@pytest.mark.parametrize(("example", "key"), SERVICES)
def test_what_a_deploy_makes_itself_is_not_taken_for_data_of_a_service(example: str, key: str, tmp_path: Path) -> None:
    service = desired(example).services[key]
    for path in service.directories:
        if path.startswith(f"{service.data}/"):
            (tmp_path / path[len(service.data) + 1 :] / "lost+found").mkdir(parents=True)
    assert module("fatecloud_data").signs_of(str(tmp_path), list(service.signs)) == []


def test_each_component_that_keeps_data_says_by_what_they_are_known() -> None:
    assert all(bool(component.keeps) == bool(component.signs) for component in all_components().values())
