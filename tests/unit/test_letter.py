"""The letter to other departments: complete and no wider than what services do, from the inventory alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fatecloud import catalogue, inventory
from fatecloud.cli.options import Output
from fatecloud.cli.preflight import preflight
from fatecloud.errors import UsageError
from fatecloud.model.desired import Desired
from fatecloud.model.letter import Letter
from fatecloud.report.letter import letter_text
from fatecloud.resolve.desired import resolve
from fatecloud.resolve.letter import letter_of

ROOT = Path(__file__).parents[2]
EXAMPLES = [*sorted((ROOT / "inventories").glob("*.yml")), ROOT / "tests/golden/external-database.yml"]
SPREAD = """\
apiVersion: fatecloud/v1
cluster: bank
id: eeeeeeeeeeeeeeee
release: fate-2.2.0
architecture: rabbitmq
defaults:
  ssh: {user: ops, port: 2222, jump: "me@bastion.example:2200"}
  become_password: prompt
  check: {user: monitor}
nodes:
  a1: {address: 192.0.2.11}
  a2: {address: 192.0.2.12}
parties:
  "9999":
    services: {flow: a1, mysql: a2, rabbitmq: a1, nginx: a1}
peers:
  "10000": {proxy: "p.example:9300", broker: "p.example:5672", addresses: [203.0.113.0/24]}
"""


def desired_of(file: Path) -> Desired:
    cluster = inventory.load(file)
    return resolve(cluster, catalogue.releases_of(cluster))


@pytest.fixture
def spread(tmp_path: Path) -> Letter:
    file = tmp_path / "inventory.yml"
    file.write_text(SPREAD)
    return letter_of(desired_of(file))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_each_connection_of_a_service_has_a_route(file: Path) -> None:
    desired = desired_of(file)
    open_to = {(one.source, one.target_address, one.port) for one in letter_of(desired).routes}
    for service in desired.services.values():
        for edge in service.edges:
            target = desired.services.get(edge.target)
            if edge.direct and (target is None or target.id.node != service.id.node):
                assert (service.id.node, edge.endpoint.host, edge.endpoint.port) in open_to


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_no_port_is_asked_for_that_listens_on_loopback_alone(file: Path) -> None:
    desired = desired_of(file)
    for route in letter_of(desired).routes:
        ports = [port for service in desired.services.values() for port in service.ports if port.number == route.port]
        here = [port for port in ports if route.way != "operate"]
        assert not here or any(port.bind != "127.0.0.1" for port in here), route


def test_a_jump_host_and_its_port_stand_between_the_controller_and_the_nodes(spread: Letter) -> None:
    found = [(r.source, r.target, r.target_address, r.port) for r in spread.routes if r.way == "operate"]
    assert found == [
        ("the controller", "jump host", "bastion.example", 2200),
        ("jump host", "a1", "192.0.2.11", 2222),
        ("jump host", "a2", "192.0.2.12", 2222),
    ]


def test_a_partner_comes_from_its_addresses_and_a_port_that_nothing_uses_stays_closed(spread: Letter) -> None:
    entering = {(r.source_address, r.target, r.port) for r in spread.routes if r.way == "in"}
    assert entering == {("203.0.113.0/24", "a1", 9300), ("203.0.113.0/24", "a1", 5672)}
    assert 9360 not in {route.port for route in spread.routes}
    assert spread.unknown == ()


def test_sudo_is_asked_for_where_a_login_needs_it(spread: Letter) -> None:
    lines = {login.user: login.sudoers for login in spread.logins if login.node == "a1"}
    assert lines["ops"] == "ops ALL=(ALL) ALL"
    assert lines["monitor"].startswith("monitor ALL=(root) NOPASSWD: sha256:")
    text = letter_text(spread)
    assert "    # on a1, a2\n    ops ALL=(ALL) ALL\n" in text


def test_the_names_that_must_resolve_are_listed(spread: Letter) -> None:
    assert spread.names == ("bastion.example", "p.example")


def test_an_external_database_is_a_matter_of_its_department() -> None:
    text = letter_text(letter_of(desired_of(EXAMPLES[-1])))
    part = text[text.index("## For the database department") : text.index("## For the security department")]
    assert "external:mysql at db.bank.example:3307: database fate_9999" in part
    assert "account: app" in part
    assert "used from: 192.0.2.11" in part
    assert "the secret `db.bank`" in part


def test_disk_is_known_though_the_store_holds_nothing() -> None:
    letter = letter_of(desired_of(ROOT / "inventories/two-party.yml"))
    for machine in letter.machines:
        rooms = {room.purpose: room.size for room in machine.directories}
        # As measured: 2.1 GB of environment and 1 GB of artifacts.
        assert 2.5e9 < rooms["programs of the release"] < 4e9


def test_the_verb_needs_neither_store_nor_vault_nor_node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "inventory.yml"
    file.write_text(SPREAD)
    files = {"inventory": file, "store": tmp_path / "none", "state_dir": tmp_path / "state"}
    assert preflight(letter=True, **files) == 0  # type: ignore[arg-type]
    assert capsys.readouterr().out.startswith("# What the cluster bank needs\n")
    assert preflight(letter=True, output=Output.json, **files) == 0  # type: ignore[arg-type]
    assert json.loads(capsys.readouterr().out)["kind"] == "RequirementsLetter"


@pytest.mark.parametrize("more", [{"fix": True}, {"limit": ["a1"]}, {"selectors": ["@a1"]}])
def test_the_letter_is_about_the_whole_inventory(more: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        preflight(letter=True, **more)  # type: ignore[arg-type]
