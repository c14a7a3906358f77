"""Where services listen and are reached, and whose addresses their ports admit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fatecloud import catalogue
from fatecloud.errors import InventoryError
from fatecloud.inventory import load
from fatecloud.model.desired import Desired, DesiredFile, DesiredService
from fatecloud.render.files import render_specs
from fatecloud.resolve.desired import resolve
from fatecloud.shipped import folder

INVENTORY = """\
apiVersion: fatecloud/v1
cluster: demo
id: eeeeee0000000009
release: fate-2.2.0
architecture: rabbitmq
nodes:
  a1: {{address: {a1}{more}}}
  a2: {{address: 10.0.0.12, advertise: 192.168.7.12}}
parties:
  "9999":
    addresses: {ours}
    services: {{flow: a1, mysql: {mysql}, rabbitmq: a1, nginx: {nginx}}}
    config: {{{config}}}
peers:
  "10000": {{proxy: "192.0.2.7:9300", broker: "192.0.2.7:5672", addresses: {theirs}}}
"""


def wanted(place: Path, **values: str) -> Desired:
    usual = {"a1": "10.0.0.11", "more": "", "mysql": "a1", "nginx": "a1", "config": "", "ours": "", "theirs": ""}
    text = INVENTORY.format(**usual | values)
    text = "\n".join(line for line in text.splitlines() if line.strip() != "addresses:").replace(", addresses: }", "}")
    (place / "inventory.yml").write_text(text)
    cluster = load(place / "inventory.yml")
    return resolve(cluster, catalogue.releases_of(cluster))


def binds(desired: Desired) -> dict[str, list[str]]:
    """`component.port` -> the addresses that it listens on."""
    found: dict[str, list[str]] = {}
    for service in desired.services.values():
        for port in service.ports:
            found.setdefault(f"{service.id.component}.{port.name}", []).append(port.bind)
    return found


def test_on_one_node_only_what_other_parties_use_leaves_loopback(tmp_path: Path) -> None:
    found = binds(wanted(tmp_path))
    assert found.pop("nginx.http") == found.pop("rabbitmq.amqp") == ["0.0.0.0"]  # noqa: S104
    assert set(map(tuple, found.values())) == {("127.0.0.1",)}


def test_what_other_nodes_use_listens_on_the_address_that_they_use(tmp_path: Path) -> None:
    desired = wanted(tmp_path, mysql="a2", nginx="a2")
    found = binds(desired)
    assert found["mysql.mysql"] == ["192.168.7.12"]
    assert found["nginx.outbound"] == ["127.0.0.1", "192.168.7.12"]
    assert found["flow.http"] == found["flow.grpc"] == ["10.0.0.11"]
    assert found["rabbitmq.management"] == ["127.0.0.1"]
    ends = {edge.kind: str(edge.endpoint) for edge in desired.services["9999/flow@a1"].edges}
    assert ends == {
        "database": "192.168.7.12:3306",
        "broker": "127.0.0.1:5672" if found["rabbitmq.amqp"] == ["0.0.0.0"] else "",  # noqa: S104
        "proxy": "192.168.7.12:9301",
    }
    assert desired.services["9999/nginx@a2"].edges[0].endpoint.host == "10.0.0.11"


def test_the_operator_decides_where_a_component_listens(tmp_path: Path) -> None:
    desired = wanted(tmp_path, config='flow: {bind: "0.0.0.0"}, mysql: {bind: 10.0.0.11}')
    assert binds(desired)["flow.http"] == ["0.0.0.0"]  # noqa: S104
    flow = desired.services["9999/flow@a1"]
    assert (flow.facts["job_api"], flow.facts["job_api_away"]) == ("http://127.0.0.1:9380", "http://10.0.0.11:9380")
    assert {str(edge.endpoint) for edge in flow.edges if edge.kind == "database"} == {"10.0.0.11:3306"}


def test_a_nodes_bind_limits_what_leaves_it_and_opens_nothing_else(tmp_path: Path) -> None:
    found = binds(wanted(tmp_path, more=", bind: 10.9.9.9"))
    assert found["nginx.http"] == found["rabbitmq.amqp"] == ["10.9.9.9"]
    assert found["mysql.mysql"] == found["flow.http"] == found["rabbitmq.management"] == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"a1": "bank.example", "nginx": "a2"}, "7:8: 9999/flow@a1 is used from other nodes, and of a1 only a name"),
        (
            {"nginx": "a2", "config": "flow: {bind: 127.0.0.1}"},
            "12:21: 9999/flow@a1 listens on 127.0.0.1, and services on other nodes use it",
        ),
        (
            {"a1": "bank.example", "more": ", bind: 0.0.0.0", "nginx": "a2"},
            "10:3: 9999/nginx@a2 must know the address of a1, which has only a name",
        ),
        ({"ours": "10.0.0.0/8"}, "15:3: peer 10000 has no addresses, and those of 9999 are named"),
        (
            {"theirs": "[10.0.0.1/8]"},
            "14:76: addresses is '10.0.0.1/8', expected 10.0.0.0/8, whose bits after the length are 0",
        ),
        ({"theirs": '["fe80::1%x 0; } server { listen 1; }"]'}, "expected IP addresses and networks"),
        ({"theirs": '["fe80::1%eth0"]'}, "addresses is 'fe80::1%eth0', expected IP addresses and networks"),
        ({"theirs": "[300.1.1.1, 10.0.0.1]"}, "addresses is '300.1.1.1', expected IP addresses and networks"),
        ({"theirs": "[partner.example]"}, "addresses is 'partner.example', expected IP addresses and networks"),
        ({"theirs": "[]"}, "addresses is a list, expected IP addresses and networks"),
    ],
)
def test_what_no_one_could_reach_or_anyone_could_enter_is_refused(
    tmp_path: Path, values: dict[str, str], words: str
) -> None:
    with pytest.raises(InventoryError) as caught:
        wanted(tmp_path, **values)
    assert words in caught.value.message


def admitted(desired: Desired, key: str, variable: str) -> list[str]:
    """The networks that a proxy lets in, by its rendered configuration."""
    specs = [spec for spec in desired.services[key].specs if spec.template == "nginx/nginx.conf.j2"]
    (file,) = render_specs(tuple(specs), key, folder("templates"))
    found = re.search(rf"geo \${variable} \{{\s+default 1;(.*?)\}}", file.text, re.DOTALL)
    return re.findall(r"(\S+) 0;", found[1]) if found else []


def test_a_proxy_admits_the_named_parties_and_its_own_node(tmp_path: Path) -> None:
    named = wanted(tmp_path, theirs='[203.0.113.7, "fd00::/8"]')
    assert admitted(named, "9999/nginx@a1", "stranger") == [
        "127.0.0.0/8",
        "::1/128",
        "10.0.0.11/32",
        "203.0.113.7/32",
        "fd00::/8",
    ]
    assert admitted(wanted(tmp_path), "9999/nginx@a1", "stranger") == []


def test_only_the_nodes_of_the_own_flow_use_a_proxy_outwards(tmp_path: Path) -> None:
    apart = wanted(tmp_path, nginx="a2", ours="172.16.0.0/12", theirs="203.0.113.7")
    nodes = ["10.0.0.12/32", "192.168.7.12/32", "10.0.0.11/32"]
    assert admitted(apart, "9999/nginx@a2", "outsider") == ["127.0.0.0/8", "::1/128", *nodes, "172.16.0.0/12"]


def test_a_managed_party_is_admitted_by_the_addresses_of_its_nodes_or_by_those_it_names(tmp_path: Path) -> None:
    both = """\
apiVersion: fatecloud/v1
cluster: demo
id: eeeeee0000000009
release: fate-2.2.0
architecture: rabbitmq
nodes: {a1: {address: 10.0.0.11}, b1: {address: 10.0.0.21}}
parties:
  "9999": {services: {flow: a1}}
  "10000": {services: {flow: b1}, addresses: 198.51.100.0/24}
"""
    (tmp_path / "inventory.yml").write_text(both)
    cluster = load(tmp_path / "inventory.yml")
    desired = resolve(cluster, catalogue.releases_of(cluster))
    assert admitted(desired, "9999/nginx@a1", "stranger")[2:] == ["10.0.0.11/32", "198.51.100.0/24"]
    assert admitted(desired, "10000/nginx@b1", "stranger")[2:] == ["10.0.0.21/32", "10.0.0.11/32"]


ALLOWED = ("127.0.0.0/8", "::1/128", "10.0.0.11/32", "203.0.113.7/32", "192.0.2.7/32")


@pytest.mark.parametrize(
    ("values", "networks"),
    [
        ({"theirs": "203.0.113.7"}, ALLOWED),
        ({"theirs": "203.0.113.7", "more": ", supervision: supervisor"}, ()),
        ({}, ()),
    ],
)
def test_a_broker_exchanges_packets_with_named_parties_alone(
    tmp_path: Path, values: dict[str, str], networks: tuple[str, ...]
) -> None:
    desired = wanted(tmp_path, **values)
    broker = desired.services["9999/rabbitmq@a1"]
    assert broker.process.networks == networks
    texts = [file.text for file in rendered(broker).values() if "IPAddress" in file.text]
    line = f"IPAddressDeny=any\nIPAddressAllow={' '.join(networks)}\n"
    assert [text.endswith(line) for text in texts] == ([True] if networks else [])


def rendered(service: DesiredService) -> dict[str, DesiredFile]:
    """Path -> file of a service."""
    return {file.path: file for file in render_specs(service.specs, service.id.key, folder("templates"))}


OTHER = '{"10000": {proxy: "192.0.2.7:9370", addresses: [192.0.2.7]}}'


@pytest.mark.parametrize(
    ("peers", "names"),
    [
        ('{"10000": {proxy: "192.0.2.7:9370", addresses: [192.0.2.0/24, 203.0.113.7]}}', {"networks.conf"}),
        ('{"10000": {proxy: "192.0.2.8:9370", addresses: [192.0.2.7]}}', {"networks.conf", "route_table.json"}),
        (
            OTHER.replace("}}", '}, "11000": {proxy: "192.0.2.9:9370", addresses: [192.0.2.9]}}'),
            {"networks.conf", "route_table.json"},
        ),
        ('{"10000": {proxy: "192.0.2.7:9370"}}', {"networks.conf"}),
    ],
    ids=["other addresses", "another endpoint", "a new partner", "no addresses"],
)
def test_osx_is_not_restarted_for_a_partner(tmp_path: Path, peers: str, names: set[str]) -> None:
    """It reads its table again, and systemd the list of networks: no file that is read at a start differs."""

    def files(peers: str) -> dict[str, DesiredFile]:
        head, _, rest = INVENTORY.partition("parties:")
        services = "{flow: a1, clustermanager: a1, nodemanager: a1, osx: a1, mysql: a1}"
        parties = f'parties:\n  "9999": {{services: {services}}}\npeers: {peers}\n'
        assert rest
        text = head.format(a1="10.0.0.11", more="").replace("rabbitmq", "eggroll") + parties
        (tmp_path / "inventory.yml").write_text(text)
        cluster = load(tmp_path / "inventory.yml")
        return rendered(resolve(cluster, catalogue.releases_of(cluster)).services["9999/osx@a1"])

    old, new = files(OTHER), files(peers)
    changed = {path for path in {*old, *new} if old.get(path) != new.get(path)}
    assert {Path(path).name for path in changed} == names
    assert not [path for path in changed for file in (old.get(path), new.get(path)) if file and file.restarts]
