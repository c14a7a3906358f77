"""The rendered project is complete, readable, and has no secret in it."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_cluster import KEY, PYTHONS, desired, node

from fatecloud.errors import Refused
from fatecloud.model.desired import Desired
from fatecloud.model.identity import ServiceId
from fatecloud.model.node import Ssh
from fatecloud.model.passwords import Prompt, SecretRef
from fatecloud.model.runtime import PythonRuntime
from fatecloud.render.project import RunInfo, write_project
from fatecloud.render.turns import stage_turns, turns

RUN = RunInfo("r1", "me@here", "c1", pid=7)


class _Loader(yaml.SafeLoader):
    """Reads what Ansible would read."""


_Loader.add_constructor("!unsafe", lambda loader, found: str(loader.construct_scalar(found)))  # type: ignore[arg-type]


def read(path: Path) -> Any:
    return yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506 - a safe loader with one tag more


def write(wanted: Desired, directory: Path, **changes: Any) -> Path:
    plain: dict[str, Any] = {
        "ssh_config": "Host a1\n",
        "known_hosts": None,
        "store": lambda sha256: Path("/store") / sha256,
        "vault_text": "$ANSIBLE_VAULT;1.1;AES256\n00\n",
        "run": RUN,
    }
    write_project(wanted, directory, **(plain | changes))
    return directory


def test_files_are_readable_with_placeholders_and_all_of_it_is_private(tmp_path: Path) -> None:
    project = write(desired(node("/data/fate")), tmp_path / "project")
    conf = project / "files" / "a1" / "data" / "fate" / "tiny-c3f9a2-9999-flow" / "conf" / "site.json"
    assert "@@fatecloud:9999.web.password:json@@" in conf.read_text()
    assert (
        project / "files" / "a1" / "etc" / "systemd" / "system" / "fatecloud-tiny-c3f9a2-9999-flow.service"
    ).exists()
    assert project.stat().st_mode & 0o777 == 0o700
    for name in ("group_vars/all/vault.yml", "host_vars/a1.yml", "ansible.cfg", "ssh_config", "known_hosts"):
        assert (project / name).stat().st_mode & 0o777 == 0o600, name
    for name in (
        "site.yml",
        "roles/service",
        "library/fatecloud_files.py",
        "module_utils/fatecloud_placeholders.py",
        "module_utils/fatecloud_family.py",
        "module_utils/fatecloud_places.py",
    ):
        assert (project / name).exists(), name
    assert not list(project.rglob("__pycache__"))


def test_variables_say_everything_about_a_service(tmp_path: Path) -> None:
    project = write(desired(node("/data/fate", supervision="systemd", service_user="app")), tmp_path / "project")
    variables = read(project / "host_vars" / "a1.yml")
    (service,) = variables["fatecloud_services"]
    home = "/data/fate/tiny-c3f9a2-9999-flow"
    assert service["key"] == KEY
    assert service["unit"] == "fatecloud-tiny-c3f9a2-9999-flow.service"
    assert service["inputs"] == [
        f"{home}/bin/start",
        f"{home}/conf/site.json",
        "/etc/systemd/system/fatecloud-tiny-c3f9a2-9999-flow.service",
    ]
    assert service["readiness"]["user"] == "app"
    assert service["readiness"]["deadline"] == 20
    assert service["directories"][f"{home}/run"] == "0750"
    assert [f["mode"] for f in service["files"]] == ["0640", "0750", "0644"]
    assert variables["fatecloud_node"]["pythons"] == []
    group = read(project / "group_vars" / "all" / "vars.yml")
    assert group["fatecloud_stages"] == [["1.1.flow"]]
    assert service["turn"] == "1.1.flow"
    assert (group["fatecloud_run"], group["fatecloud_pid"], group["fatecloud_only"]) == ("r1", 7, [])


def test_what_looks_like_a_template_is_marked_unsafe(tmp_path: Path) -> None:
    wanted = desired(node("/data/fate"))
    service = wanted.services[KEY]
    probe = dataclasses.replace(service.probes[0], stdin="print({{1}})\n")
    services = {KEY: dataclasses.replace(service, probes=(probe,))}
    project = write(dataclasses.replace(wanted, services=services), tmp_path / "project")
    text = (project / "host_vars" / "a1.yml").read_text()
    assert "stdin: !unsafe |" in text
    assert read(project / "host_vars" / "a1.yml")["fatecloud_services"][0]["readiness"]["stdin"] == "print({{1}})\n"


def test_passwords_are_looked_up_in_the_vault_when_they_are_needed(tmp_path: Path) -> None:
    reached = node(
        "/data/fate",
        connection="ssh",
        ssh=Ssh("ops", password=SecretRef("nodes.ssh")),
        become="root",
        become_password=Prompt(),
    )
    variables = read(write(desired(reached), tmp_path / "project") / "host_vars" / "a1.yml")
    assert variables["ansible_password"] == "{{ fatecloud_secrets['nodes.ssh'] }}"
    assert variables["ansible_become_password"] == "{{ fatecloud_secrets['prompt.a1.become'] }}"
    assert (variables["ansible_host"], variables["ansible_user"], variables["ansible_become"]) == ("a1", "ops", True)


@pytest.mark.parametrize(("said", "used"), [({}, "/usr/bin/python3"), ({"python": "/own/py"}, "/own/py")])
def test_the_interpreter_is_always_explicit(tmp_path: Path, said: dict[str, str], used: str) -> None:
    project = write(desired(node("/data/fate", **said)), tmp_path / "project")
    assert read(project / "host_vars" / "a1.yml")["ansible_python_interpreter"] == used


def test_a_package_that_gets_own_files_is_copied_into_the_thin_environment(tmp_path: Path) -> None:
    wanted = desired(node("/data/fate"))
    site = "/data/fate/tiny-c3f9a2-9999-flow/venv/lib/python3.10/site-packages"
    extra = dataclasses.replace(wanted.files["a1"][0], path=f"{site}/fate_flow/settings.py")
    wanted = dataclasses.replace(
        wanted,
        services={KEY: dataclasses.replace(wanted.services[KEY], runtime=PythonRuntime("fate"))},
        files={"a1": (*wanted.files["a1"], extra)},
        pythons=PYTHONS,
    )
    variables = read(write(wanted, tmp_path / "project") / "host_vars" / "a1.yml")
    (service,) = variables["fatecloud_services"]
    assert service["own"] == ["fate_flow"]
    assert service["replaced"] == [f"{site}/fate_flow/settings.py"]
    assert "/data/fate/tiny-c3f9a2-9999-flow/venv/.complete" in service["inputs"]
    assert variables["fatecloud_node"]["artifacts"][0]["path"] == f"/store/{'b' * 64}"


def test_an_earlier_render_is_replaced_and_anything_else_left_alone(tmp_path: Path) -> None:
    project = write(desired(node("/data/fate")), tmp_path / "project")
    stale = project / "files" / "a1" / "stale"
    stale.write_text("old")
    write(desired(node("/data/fate")), project)
    assert not stale.exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("years of work")
    with pytest.raises(Refused, match="was not written by fatecloud"):
        write(desired(node("/data/fate")), other)
    assert (other / "thesis.tex").exists()


def test_nodes_share_turns_and_two_services_of_one_kind_on_a_node_do_not(tmp_path: Path) -> None:
    wanted = desired(node("/data/fate"))
    service = wanted.services[KEY]
    keys = ("10000/flow@a1", "9999/flow@a1", "9999/flow@a2", "9999/mysql@a2")
    services = {k: dataclasses.replace(service, id=ServiceId.parse("tiny", k)) for k in keys}
    several = dataclasses.replace(wanted, services=services, stages=(("9999/mysql@a2",), keys[:3]))
    assert turns(several) == dict(zip(keys, ("2.1.flow", "2.2.flow", "2.1.flow", "1.1.mysql"), strict=True))
    assert stage_turns(several) == [["1.1.mysql"], ["2.1.flow", "2.2.flow"]]


ENSEMBLE = tuple(f"9999/zookeeper@z{n}" for n in (1, 2, 3))
TWO = tuple(f"10000/zookeeper@z{n}" for n in (1, 2))


@pytest.mark.parametrize(
    ("running", "stages"),
    [
        ((), [["1.1.zookeeper", "1.2.zookeeper", "1.3.zookeeper", "1.4.zookeeper", "1.5.zookeeper", "1.1.flow"]]),
        (
            (*ENSEMBLE, *TWO),
            [["1.1.flow"], ["1.1.zookeeper", "1.3.zookeeper"], ["1.2.zookeeper", "1.4.zookeeper"], ["1.5.zookeeper"]],
        ),
        (
            (ENSEMBLE[0], ENSEMBLE[2], TWO[0]),
            [["1.2.zookeeper", "1.4.zookeeper", "1.1.flow"], ["1.1.zookeeper", "1.3.zookeeper"], ["1.5.zookeeper"]],
        ),
    ],
    ids=["none runs", "all run", "one of three is down"],
)
def test_instances_that_run_are_restarted_one_by_one(running: tuple[str, ...], stages: list[list[str]]) -> None:
    wanted = desired(node("/data/fate"))
    keys = (*TWO, *ENSEMBLE, "9999/flow@z1", "9999/flow@z2")
    services = {
        key: dataclasses.replace(
            wanted.services[KEY],
            id=ServiceId.parse("tiny", key),
            rolls="zookeeper" in key,
            readiness_deadline=60 if "zookeeper" in key else 10,
        )
        for key in keys
    }
    several = dataclasses.replace(wanted, services=services, stages=(keys,))
    assert stage_turns(several, running) == stages
    assert len({(services[key].id.node, turn) for key, turn in turns(several).items()}) == len(keys)


def test_what_may_take_longest_is_started_first() -> None:
    wanted = desired(node("/data/fate"))
    patience = {"9999/mysql@a1": 20, "9999/nginx@a1": 10, "9999/rabbitmq@a1": 60, "9999/rabbitmq@a2": 60}
    services = {
        key: dataclasses.replace(wanted.services[KEY], id=ServiceId.parse("tiny", key), readiness_deadline=seconds)
        for key, seconds in patience.items()
    }
    several = dataclasses.replace(wanted, services=services, stages=(tuple(patience),))
    assert stage_turns(several) == [["1.1.rabbitmq", "1.1.mysql", "1.1.nginx"]]


def test_the_socket_of_a_connection_has_room_in_a_path_and_belongs_to_one_cluster(tmp_path: Path) -> None:
    plain = desired(node("/data/fate"))
    found = set()
    for cluster_id in ("c" * 16, "d" * 16):
        wanted = dataclasses.replace(plain, cluster=dataclasses.replace(plain.cluster, id=cluster_id))
        text = (write(wanted, tmp_path / cluster_id) / "ansible.cfg").read_text()
        found.add(next(line for line in text.splitlines() if line.startswith("control_path")).partition(" = ")[2])
    assert len(found) == 2
    for pattern in found:
        # The runner's directory; %C is 40 characters long, and ssh adds 17 for a moment.
        path = pattern.replace("%(directory)s", "/tmp/fatecloud-12345678/cp").replace("%%C", "0" * 40) + "." + "0" * 16
        assert len(path) <= 107
