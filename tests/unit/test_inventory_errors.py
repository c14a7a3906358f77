"""Each mistake that an operator can make: the place and the words of its error."""

from pathlib import Path

import pytest
from inventory_fakes import ALONE, GOOD, loaded

from fatecloud.errors import InventoryError

# name: (text that is in GOOD, what it becomes, line:column, words of the message)
MISTAKES: dict[str, tuple[str, str, str, str]] = {
    "apiVersion": (
        "fatecloud/v1",
        "fatecloud/v2",
        "1:13",
        "apiVersion is 'fatecloud/v2', expected fatecloud/v1; did you mean 'fatecloud/v1'?",
    ),
    "no apiVersion": ("apiVersion: fatecloud/v1\n", "", "1:1", "the file has no apiVersion, expected fatecloud/v1"),
    "cluster name": ("cluster: demo", "cluster: Demo_1", "2:10", "cluster is 'Demo_1', expected lower-case letters"),
    "cluster number": ("cluster: demo", "cluster: 12", "2:10", 'in quotes: "12"'),
    "cluster nothing": ("cluster: demo", "cluster:", "2:9", "cluster is nothing, expected lower-case letters"),
    "cluster list": ("cluster: demo", "cluster: [demo]", "2:10", "cluster is a list"),
    "cluster twice": (
        "cluster: demo",
        "cluster: demo\ncluster: two",
        "3:1",
        "duplicate key 'cluster', expected",
    ),
    "no id": ("id: c3f9a2b1d4e5f607\n", "", "1:1", "the file has no id, expected a new one, such as this line: id: "),
    "id too short": ("id: c3f9a2", "id: ", "25:5", "id is 'b1d4e5f607', expected 16 hexadecimal digits"),
    "id a number": (
        "c3f9a2b1d4e5f607",
        "1234567890123456",
        "25:5",
        "expected 16 hexadecimal digits, the first a letter",
    ),
    "release": (
        "fate-2.2.0",
        "fate-2.2.1",
        "3:1",
        "unknown release 'fate-2.2.1', expected fate-1.11.4, fate-1.4.5, fate-1.9.2, fate-2.1.0, fate-2.2.0, ",
    ),
    "architecture": (
        ": rabbitmq\n",
        ": rabitmq\n",
        "4:15",
        "expected standalone, eggroll or rabbitmq; did you mean 'rabbitmq'?",
    ),
    "unknown key": ("defaults:", "default:", "5:1", "unknown key 'default', expected apiVersion, cluster"),
    "unknown node key": ("{address: 10.0.0.11}", "{adress: 10.0.0.11}", "9:8", "did you mean 'address'?"),
    "no address": ("{address: 10.0.0.11}", "{cores: 3}", "9:3", "nodes.a1 has no address, expected a host name or IP"),
    "address": ("10.0.0.11}", "10.0.0.300}", "9:17", "address is '10.0.0.300', expected a host name or IP address"),
    "address words": ("10.0.0.11}", '"a b"}', "9:17", "address is 'a b', expected a host name or IP address"),
    "node name": ("  a1: {", "  a/1: {", "9:3", "the name 'a/1' cannot be used, expected letters, digits"),
    "node name of Ansible": ("  a1: {", "  all: {", "9:3", "the name 'all' cannot be used"),
    "node as list": ("{address: 10.0.0.11}", "[10.0.0.11]", "9:7", "a1 is a list, expected a mapping with address"),
    "no nodes": (
        "nodes:\n  a1: {address: 10.0.0.11}\n  a2: {address: 10.0.0.12, advertise: 192.168.7.12, cores: 32}\n",
        "nodes: {}\n",
        "8:8",
        "nodes is empty, expected at least one node: {address: ...}",
    ),
    "same machine": ("10.0.0.12,", "10.0.0.11,", "10:8", "a2 and a1 are the same machine: 10.0.0.11 port 2222"),
    "ssh port": ("port: 2222", "port: 70000", "6:26", "port is '70000', expected a whole number from 1 to 65535"),
    "ssh port octal": ("port: 2222", "port: 0022", "6:26", "port is '0022', expected a whole number"),
    "ssh key": ("port: 2222", "prot: 2222", "6:20", "unknown key 'prot', expected user, port, key, agent"),
    "ssh password": ("port: 2222", "password: hunter2", "6:30", "password is not a reference, expected {secret: NAME}"),
    "ssh password word": ("port: 2222", "password: {secert: x}", "6:31", "did you mean 'secret'?"),
    "ssh jump": ("port: 2222", "jump: 'a b'", "6:26", "jump is 'a b', expected [user@]host[:port]"),
    "ssh jump port": (
        "port: 2222",
        "jump: bastion:70000",
        "6:26",
        "jump is 'bastion:70000', expected [user@]host[:port]",
    ),
    "agent": ("port: 2222", "agent: maybe", "6:27", "agent is 'maybe', expected true or false"),
    "become": (
        "service_user: app",
        "become: rot",
        "7:11",
        "become is 'rot', expected root or none; did you mean 'root'?",
    ),
    "become later": (
        "service_user: app",
        "become: service",
        "7:11",
        "become: service is not supported yet, expected root",
    ),
    "packages later": (
        "service_user: app",
        "packages: store",
        "7:13",
        "packages: store is not supported yet, expected",
    ),
    "group without a user": (
        "service_user: app",
        "service_group: apps",
        "7:3",
        "service_group is 'apps', but each service of a1 has a user of its own, expected service_user too",
    ),
    "trust without a user": (
        "service_user: app",
        "service_user_trusted: true",
        "7:3",
        "there is no service_user to trust",
    ),
    "user is root": ("service_user: app", "service_user: root", "7:3", "root is root, expected another one"),
    "user is a login": ("service_user: app", "service_user: ops", "7:3", "ops is a login of this inventory, expected"),
    "group is root's": (
        "service_user: app",
        "service_user: app\n  service_group: docker",
        "8:3",
        "members of docker may become root",
    ),
    "service user": ("service_user: app", "service_user: 'a b'", "7:3", "expected a user or group name"),
    "base root": ("service_user: app", "paths: {base: /}", "7:17", "base is '/', expected an absolute path of our own"),
    "base system": (
        "service_user: app",
        "paths: {base: /etc/fate}",
        "7:17",
        "base is '/etc/fate', expected an absolute",
    ),
    "base crooked": ("service_user: app", "paths: {base: /srv/../etc}", "7:17", "base is '/srv/../etc', expected"),
    "base relative": ("service_user: app", "paths: {base: fate}", "7:17", "base is 'fate', expected an absolute path"),
    "base blank": ("service_user: app", "paths: {base: /srv/my fate}", "7:17", "base is '/srv/my fate', expected"),
    "base home": ("service_user: app", "paths: {base: ~/fate}", "7:11", "~ only works on a local node"),
    "cores": ("cores: 32", "cores: 0", "10:60", "cores is '0', expected a whole number from 1 to 4096"),
    "cores text": ("cores: 32", "cores: many", "10:60", "cores is 'many', expected a whole number"),
    "party id": ('  "9999":', "  ninety:", "12:3", "the name 'ninety' cannot be used, expected a party id: digits"),
    "party id unquoted": ('  "9999":', "  9999:", "12:3", 'the name 9999 is not quoted, expected "9999", a text'),
    "party twice": ("peers:", '  "9999": {}\npeers:', "23:3", "duplicate key '9999', expected each key once"),
    "unknown node": ("flow: a1", "flow: a3", "16:13", "flow is on the unknown node 'a3', expected a1 or a2"),
    "unknown component": (
        "mysql: a1",
        "mysq: a1",
        "17:7",
        "unknown key 'mysq', expected flow, mysql, nginx, rabbitmq or",
    ),
    "two databases": (
        "mysql: a1",
        "mysql: [a1, a2]",
        "17:14",
        "mysql is on 2 nodes, expected one node: a party has one",
    ),
    "node twice": ("mysql: a1", "worker: [a1, a1]\n      mysql: a1", "17:15", "worker names a node twice"),
    "no node": ("mysql: a1", "mysql: []", "17:14", "mysql is a list, expected a node, {node: ..., config: ...} or"),
    "node a number": (
        "mysql: a1",
        "mysql: 1",
        "17:14",
        "mysql is '1', expected a node, {node: ..., config: ...} or {external",
    ),
    "left out": (
        "      mysql: a1\n",
        "",
        "15:5",
        "services of party 9999 lack mysql, expected a node for each (a1 or a2): there is more than one",
    ),
    "external word": (
        "mysql: a1",
        "mysql: {external: {host: db, port: 3306, usr: fate, password: {secret: db}}}",
        "17:48",
        "unknown key 'usr', expected host, port, user or password; did you mean 'user'?",
    ),
    "external account": (
        "mysql: a1",
        'mysql: {external: {host: db, port: 3306, user: "fa\'te", password: {secret: db}}}',
        "17:54",
        'user is "fa\'te", expected an account',
    ),
    "external password": (
        "mysql: a1",
        "mysql: {external: {host: db, port: 3306, user: fate, password: hunter2}}",
        "17:70",
        "password is not a reference, expected {secret: NAME}, not the value",
    ),
    "token of an app": (
        'broker: "[fd00::7]:5672"',
        'broker: "[fd00::7]:5672", apps: {"9999": {id: x, token: hunter2}}',
        "24:105",
        "token is not a reference, expected {secret: NAME}, not the value",
    ),
    "external half": (
        "mysql: a1",
        "mysql: {external: {host: db}}",
        "17:15",
        "external has no password, expected {secret",
    ),
    "external wrong": (
        "flow: a1",
        "flow: {external: {}}",
        "16:13",
        "flow cannot be external, expected a node (mysql can be external)",
    ),
    "needs root": (
        "a1: {address: 10.0.0.11",
        "a1: {become: none, service_user: ops, address: 10.0.0.11",
        "17:7",
        "needs root",
    ),
    "systemd without root": (
        "service_user: app",
        "become: none\n  supervision: systemd",
        "8:3",
        "systemd on a1 needs root, expected become: root, or supervision: supervisor",
    ),
    "packages without root": (
        "service_user: app",
        "become: none\n  packages: repos",
        "8:3",
        "installing packages on a1 needs root",
    ),
    "user without root": (
        "service_user: app",
        "become: none\n  service_user: app",
        "8:3",
        "services run as ops, expected",
    ),
    "setting": ("{cores: 16}", "{cors: 16}", "22:21", "unknown key 'cors', expected cores; did you mean 'cores'?"),
    "setting range": (
        "{cores: 16}",
        "{cores: 1001}",
        "22:28",
        "cores is '1001', expected a whole number from 1 to 1000",
    ),
    "setting dotted": (
        "computing: {cores: 16}",
        "computing.cores: 16",
        "22:9",
        "unknown key 'computing.cores', expected",
    ),
    "setting flat": ("computing: {cores: 16}", "computing: 16", "22:20", "computing is '16', expected a mapping with"),
    "setting choice": ("computing: {cores: 16}", "log: {level: inf}", "22:22", "did you mean 'info'?"),
    "setting size": (
        "computing: {cores: 16}",
        "log: {keep: 5 apples}",
        "22:21",
        "keep is '5 apples', expected a size such as",
    ),
    "setting size small": (
        "computing: {cores: 16}",
        "log: {keep: 1000}",
        "22:21",
        "keep is '1000', expected a size such as 512MiB or 2GiB (from 1024 bytes)",
    ),
    "setting endpoint": (
        "computing: {cores: 16}",
        "upstream: host",
        "22:19",
        "upstream is 'host', expected host:port or",
    ),
    "setting bool": ("computing: {cores: 16}", "auth: 1", "22:15", "auth is '1', expected true or false"),
    "setting port": (
        "computing: {cores: 16}",
        "ports: {htp: 9381}",
        "22:17",
        "unknown key 'htp', expected http or grpc",
    ),
    "setting without a component": (
        "      flow:\n",
        "      worker: {}\n      flow:\n",
        "21:7",
        "party 9999 has no worker to set",
    ),
    "port twice": (
        "computing: {cores: 16}",
        "ports: {http: 3306}",
        "22:17",
        "port 3306 of a1 is wanted by 9999/flow (http) and 9999/mysql (sql), expected another one, for example",
    ),
    "public kind": (
        "      broker:",
        "      brokr:",
        "14:7",
        "unknown key 'brokr', expected broker or proxy; did you mean",
    ),
    "public endpoint": (
        "fate.us.example:5672",
        "fate.us.example",
        "14:15",
        "broker is 'fate.us.example', expected host:port",
    ),
    "public loopback": ("fate.us.example:5672", "127.0.0.1:5672", "14:7", "127.0.0.1:5672, which 10000 cannot reach"),
    "peer is party": ('  "10000": {', '  "9999": {', "24:3", "peer 9999 is also a party of this inventory"),
    "peer unquoted": ('  "10000": {', "  10000: {", "24:3", "the name 10000 is not quoted"),
    "peer without broker": (
        ', broker: "[fd00::7]:5672"',
        "",
        "24:3",
        "peer 10000 has no broker, expected broker: host:port",
    ),
    "peer endpoint": ("[fd00::7]:5672", "fd00::7:5672", "24:57", "expected host:port or [IPv6]:port"),
}


@pytest.mark.parametrize(("old", "new", "place", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_reported_with_its_place(tmp_path: Path, old: str, new: str, place: str, words: str) -> None:
    assert old in GOOD
    with pytest.raises(InventoryError) as caught:
        loaded(tmp_path, GOOD.replace(old, new, 1))
    lines = caught.value.message.splitlines()
    hits = [line for line in lines if line.startswith(f"{tmp_path / 'inventory.yml'}:{place}: ") and words in line]
    assert hits, caught.value.message
    assert caught.value.exit_status == 78


def test_a_password_in_the_file_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(InventoryError) as caught:
        loaded(tmp_path, GOOD.replace("port: 2222", "password: hunter2"))
    assert "hunter2" not in caught.value.message


def test_all_problems_are_reported_at_once_and_in_order(tmp_path: Path) -> None:
    text = GOOD.replace("cluster: demo", "cluster: X").replace("cores: 32", "cores: x").replace("flow: a1", "flow: a9")
    with pytest.raises(InventoryError) as caught:
        loaded(tmp_path, text)
    places = [line.split(":")[1:3] for line in caught.value.message.splitlines()]
    assert places == [["2", "10"], ["10", "60"], ["16", "13"]]


def test_thousands_of_problems_are_cut_short(tmp_path: Path) -> None:
    with pytest.raises(InventoryError) as caught:
        loaded(tmp_path, GOOD + "".join(f"z{n}: 1\n" for n in range(3000)))
    assert len(caught.value.message.splitlines()) == 201
    assert caught.value.message.endswith("... and 2800 more")


def test_two_parties_on_one_node_have_different_ports(tmp_path: Path) -> None:
    text = ALONE + '  "10000": {}\n'
    with pytest.raises(InventoryError) as caught:
        loaded(tmp_path, text)
    first, second = caught.value.message.splitlines()
    assert ":10:3: port 9360 of here is wanted by 9999/flow (grpc) and 10000/flow (grpc), expected another one" in first
    assert 'parties: {"10000": {config: {flow: {ports: {http: 9390}}}}}' in second
    fixed = text.replace('"10000": {}', '"10000": {config: {flow: {ports: {http: 9390, grpc: 9370}}}}')
    assert loaded(tmp_path, fixed).parties["10000"].config["flow"]["ports.http"] == 9390


def test_an_architecture_without_links_has_no_peers_and_no_brokers(tmp_path: Path) -> None:
    text = ALONE.replace("{}", "{services: {nginx: here}}") + 'peers:\n  "10000": {proxy: "a:1"}\n'
    with pytest.raises(InventoryError) as caught:
        loaded(tmp_path, text)
    assert "9:23: nginx is not part of the architecture standalone, expected flow" in caught.value.message
    assert "11:3: the architecture standalone does not connect parties, expected no peers" in caught.value.message


def test_a_public_endpoint_without_a_service_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r":9:21: party 9999 has no service with a public proxy"):
        loaded(tmp_path, ALONE.replace('"9999": {}', '"9999": {public: {proxy: "a:1"}}'))


def test_one_mistake_is_one_problem(tmp_path: Path) -> None:
    for old, new in (("nginx: a2", "nginx: a9"), ("flow: a1", "flow: a9"), ("a2: {address", "a2: {adress")):
        text = GOOD.replace('broker: "fate.us', 'proxy: "a:1"\n      broker: "fate.us').replace(old, new)
        with pytest.raises(InventoryError) as caught:
            loaded(tmp_path, text)
        problems = [line for line in caught.value.message.splitlines() if "has no address" not in line]
        assert len(problems) == 1, caught.value.message


def test_a_local_node_among_others_needs_an_address_for_them(tmp_path: Path) -> None:
    text = GOOD.replace("{address: 10.0.0.11}", "{address: local, become: root}")
    with pytest.raises(InventoryError, match=r":9:3: no other node can reach a1 at 127\.0\.0\.1, expected advertise"):
        loaded(tmp_path, text)
    assert loaded(tmp_path, text.replace("local,", "local, advertise: 10.0.0.11,")).nodes["a1"].outside == "0.0.0.0"  # noqa: S104


def test_names_with_line_breaks_and_terminal_codes_stay_one_line(tmp_path: Path) -> None:
    with pytest.raises(InventoryError) as caught:
        loaded(tmp_path, GOOD.replace("  a1: {address: 10.0.0.11}", r'  "a\n\e[2J": {cores: 1}'))
    assert r":9:3: nodes.a\n\x1b[2J has no address" in caught.value.message
    assert "\x1b" not in caught.value.message
