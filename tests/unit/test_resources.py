"""What services take of their nodes: one set of rules for configuration, preflight and people."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fatecloud import catalogue
from fatecloud.checks.engine import judge
from fatecloud.cli.verbs import app
from fatecloud.collect.record import observed_to_json
from fatecloud.components.flow.preflight import cores
from fatecloud.components.nodemanager.preflight import eggs, jobs_memory
from fatecloud.components.sizing import EGG, work_of
from fatecloud.inventory import load
from fatecloud.model.check import CheckSpec
from fatecloud.model.cluster import Cluster
from fatecloud.model.desired import Desired
from fatecloud.model.machine import Machine
from fatecloud.model.observed import Fact, NodeFacts, Observed
from fatecloud.render.files import render_specs
from fatecloud.resolve.desired import resolve
from fatecloud.shipped import folder

GIB = 1 << 30
TEXT = (folder("inventories") / "eggroll.yml").read_text()


def inventory(tmp_path: Path, *, node: str = "", config: str = "", workers: str = "") -> Path:
    """The example with EggRoll, with more keys of node a1, settings of its party, and nodemanagers elsewhere."""
    text = TEXT.replace(
        "a1: {address: 192.0.2.11}", f"a1: {{address: 192.0.2.11{node}}}\n  w1: {{address: 192.0.2.12}}"
    )
    workers = workers or ", osx: a1, mysql: a1, clustermanager: a1, nodemanager: a1"
    text = text.replace("services: {flow: a1}", f"services: {{flow: a1{workers}}}\n    config: {{{config}}}")
    path = tmp_path / "inventory.yml"
    path.write_text(text)
    return path


def sized(cluster: Cluster, **machines: Machine) -> Desired:
    """What should be when nodes have said how large they are."""
    nodes = {name: replace(node, read=machines.get(name, Machine())) for name, node in cluster.nodes.items()}
    known = replace(cluster, nodes=nodes)
    return resolve(known, catalogue.releases_of(known))


def codes(wanted: Desired, *specs: CheckSpec, owner: str = "9999") -> list[str]:
    """What these checks raise at one party, with the cores that its nodes have."""
    nodes = {
        name: NodeFacts(name, {"cpu": Fact({"cores": node.machine.cores})}, {}, 0.1)
        for name, node in wanted.cluster.nodes.items()
    }
    found = judge(wanted, Observed(nodes, 0.0, 0.1), specs or (cores, eggs, jobs_memory)).findings
    return [finding.id for finding in found if finding.subject.owner == owner]


def rendered(wanted: Desired, key: str, ending: str) -> str:
    service = wanted.services[key]
    return next(f.text for f in render_specs(service.specs, key, folder("templates")) if f.path.endswith(ending))


@pytest.mark.parametrize(
    ("node", "config", "machine", "expected"),
    [
        ("", "", Machine(), (8, 4)),
        ("", "", Machine(cores=2), (8, 4)),
        ("", "", Machine(cores=16), (16, 4)),
        ("", "", Machine(memory=4 * GIB, cores=64), (8, 4)),
        ("", "", Machine(memory=64 * GIB, cores=64), (64, 4)),
        (", cores: 2", "", Machine(cores=16), (2, 1)),
        (", cores: 2", "flow: {jobs: {cores: 4}}", Machine(), (4, 4)),
        ("", "flow: {jobs: {cores: 1}}", Machine(cores=2), (8, 1)),
        ("", "nodemanager: {cores: 12}", Machine(cores=16), (12, 4)),
        ("", "flow: {computing: {cores: 3}}", Machine(cores=16), (3, 1)),
    ],
    ids=[
        "nothing-known",
        "a-small-node-takes-two-jobs-of-a-partner",
        "its-cores",
        "memory-for-few-eggs",
        "much-memory",
        "cores-that-the-operator-gives",
        "a-job-of-the-operators-is-not-refused",
        "small-jobs",
        "fewer-cores-for-jobs",
        "cores-for-all-jobs",
    ],
)
def test_the_nodemanagers_nodes_say_how_many_cores_jobs_have(
    tmp_path: Path, node: str, config: str, machine: Machine, expected: tuple[int, int]
) -> None:
    wanted = sized(load(inventory(tmp_path, node=node, config=config)), a1=machine)
    work = work_of(wanted.cluster, wanted.cluster.owners["9999"])
    assert (work.cores, work.job) == expected
    assert f"eggroll:\n    cores: {work.cores}\n" in rendered(wanted, "9999/flow@a1", "service_conf.yaml")
    assert f"job_cores: {work.job}\n" in rendered(wanted, "9999/flow@a1", "job_default_config.yaml")


def test_each_of_many_nodemanagers_has_an_egg_of_a_job_at_least(tmp_path: Path) -> None:
    wanted = sized(load(inventory(tmp_path, workers=", osx: a1, mysql: a1, clustermanager: a1, nodemanager: [a1, w1]")))
    work = work_of(wanted.cluster, wanted.cluster.owners["9999"])
    assert (work.eggs, work.taken) == (2, 4)
    few = replace(work, job=1)
    assert (few.eggs, few.taken, few.at_a_time) == (1, 2, 4)


def test_memory_is_the_sum_of_its_figures(tmp_path: Path) -> None:
    needs = sized(load(inventory(tmp_path)), a1=Machine(32 * GIB, 16)).services["9999/nodemanager@a1"].needs
    assert needs.heap == GIB
    assert needs.memory == GIB + GIB // 2 + GIB // 4 + 4 * EGG
    assert all(figure.why for figure in needs.figures)


HEALTHY = [
    ("", Machine(32 * GIB, 16)),
    ("flow: {computing: {cores: 16}, jobs: {cores: 8}}, nodemanager: {eggs: 8}", Machine(64 * GIB, 16)),
    ("clustermanager: {session: {eggs: 16}}, nodemanager: {cores: 16}", Machine(32 * GIB, 16)),
    ("flow: {jobs: {cores: 1}}", Machine(8 * GIB, 2)),
]


@pytest.mark.parametrize(("config", "machine"), HEALTHY)
def test_what_fits_raises_nothing(tmp_path: Path, config: str, machine: Machine) -> None:
    assert codes(sized(load(inventory(tmp_path, config=config)), a1=machine)) == []


FAULTY = [
    ("flow: {computing: {cores: 32}}", Machine(64 * GIB, 16), "PREFLIGHT_CORES@9999/flow@a1"),
    ("flow: {jobs: {cores: 20}}", Machine(64 * GIB, 16), "PREFLIGHT_CORES@9999/flow@a1"),
    ("nodemanager: {cores: 32}", Machine(64 * GIB, 16), "PREFLIGHT_EGGS@9999/nodemanager@a1"),
    ("nodemanager: {eggs: 3}", Machine(64 * GIB, 16), "PREFLIGHT_EGGS@9999/nodemanager@a1"),
    ("clustermanager: {session: {eggs: 17}}", Machine(64 * GIB, 16), "PREFLIGHT_EGGS@9999/nodemanager@a1"),
    ("flow: {computing: {cores: 64}}", Machine(32 * GIB, 64), "PREFLIGHT_JOBS_MEMORY@9999/nodemanager@a1"),
]


@pytest.mark.parametrize(("config", "machine", "code"), FAULTY)
def test_what_contradicts_raises_its_code_and_no_other(
    tmp_path: Path, config: str, machine: Machine, code: str
) -> None:
    assert codes(sized(load(inventory(tmp_path, config=config)), a1=machine)) == [code]


def test_a_job_over_more_nodemanagers_than_there_are_cores_for_jobs(tmp_path: Path) -> None:
    workers = ", osx: a1, mysql: a1, clustermanager: a1, nodemanager: [a1, w1]"
    path = inventory(tmp_path, workers=workers, config="flow: {computing: {cores: 1}}")
    machine = Machine(64 * GIB, 16)
    wanted = sized(load(path), a1=machine, w1=machine)
    assert codes(wanted) == ["PREFLIGHT_CORES@9999/flow@a1"]


def test_a_node_with_few_cores_among_large_ones_is_named(tmp_path: Path) -> None:
    workers = ", osx: a1, mysql: a1, clustermanager: a1, nodemanager: [a1, w1]"
    path = inventory(tmp_path, workers=workers, config="flow: {jobs: {cores: 16}}")
    wanted = sized(load(path), a1=Machine(64 * GIB, 32), w1=Machine(64 * GIB, 4))
    assert codes(wanted) == ["PREFLIGHT_EGGS@9999/nodemanager@w1"]


def test_cores_that_are_not_known_are_not_judged(tmp_path: Path) -> None:
    found = judge(sized(load(inventory(tmp_path))), Observed({"a1": NodeFacts("a1", {}, {}, 0.1)}, 0.0, 0.1), [cores])
    assert {finding.severity for finding in found.findings} <= {"unknown"}


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["inventory", "show", *words])


def shown(path: Path, *more: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run("-i", str(path), "--resources", "-o", "json", *more).stdout)
    return {one["node"]: one for one in document["items"]} | {"contradictions": document["contradictions"]}


def test_show_says_what_each_node_has_to_give_and_why(tmp_path: Path) -> None:
    path = inventory(tmp_path, node=", memory: 32GiB, cores: 16", config="osx: {jvm: {heap: 1GiB}}")
    document = shown(path)
    assert (document["a1"]["memory"], document["a1"]["memory_from"]) == (32 * GIB, "inventory")
    assert (document["b1"]["memory"], document["b1"]["fits"]) == (None, None)
    assert document["a1"]["fits"]
    assert document["a1"]["needed"] == sum(one["memory"] for one in document["a1"]["services"])
    osx = next(one for one in document["a1"]["services"] if one["service"] == "9999/osx@a1")
    heap, direct = osx["figures"][:2]
    assert (heap["value"], heap["set"], heap["setting"]) == (GIB, True, "jvm.heap")
    assert heap["why"].startswith("jvm.heap, set at inventory.yml:")
    assert (direct["set"], direct["why"]) == (False, "an eighth of the node's memory, from 512 to 8192 MiB")


def test_show_takes_the_sizes_of_nodes_from_saved_facts(tmp_path: Path) -> None:
    path = inventory(tmp_path)
    cluster = load(path)
    facts = {"memory": Fact({"total": 32 * GIB}), "cpu": Fact({"cores": 16}), "manifest": Fact(None)}
    observed = Observed({"a1": NodeFacts("a1", facts, {}, 0.1)}, 0.0, notes={"id": cluster.id})
    saved = tmp_path / "facts.json"
    saved.write_text(observed_to_json(observed))
    document = shown(path, "--facts", str(saved))
    assert (document["a1"]["cores"], document["a1"]["cores_from"]) == (16, "node")


def test_show_names_what_contradicts(tmp_path: Path) -> None:
    path = inventory(tmp_path, node=", memory: 32GiB, cores: 4", config="flow: {computing: {cores: 64}}")
    assert [one["code"] for one in shown(path)["contradictions"]] == ["PREFLIGHT_CORES", "PREFLIGHT_JOBS_MEMORY"]
    text = run("-i", str(path), "--resources").stdout
    assert "node a1: 32 GiB of memory (inventory), 4 cores (inventory)" in text
    assert "PREFLIGHT_CORES  9999/flow@a1" in text


@pytest.mark.parametrize("example", sorted(path.stem for path in folder("inventories").glob("*.yml")))
def test_every_architecture_has_figures_for_each_service(example: str, tmp_path: Path) -> None:
    path = tmp_path / "inventory.yml"
    path.write_text((folder("inventories") / f"{example}.yml").read_text())
    services = [service for node in list(shown(path).values())[:-1] for service in node["services"]]
    assert services
    assert all(service["memory"] and service["figures"] for service in services)


def test_facts_alone_are_a_usage_error(tmp_path: Path) -> None:
    path = inventory(tmp_path)
    done = run("-i", str(path), "--facts", "x.json")
    assert done.exit_code
    assert "only with --resources" in done.stderr
