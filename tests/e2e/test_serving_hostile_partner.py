"""What a partner gets of a group of FATE-Serving: of its ports the proxy's outer one, and no word in models and routes.

Of real packages, as in `test_serving.py`. The group has a server on a node more, so that its inner ports are open to
that one. The partner is the node of the other group; a stranger is an address of it that no inventory names. Serving
believes everyone who reaches it, so packet filters keep the partner from the ports that are not for it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from program import Program
from raised import RAISED
from repairs import repair
from serving_groups import deploy, healthy, operator_of, pair
from two_parties import cluster_name, home, slug

from fatecloud.components.script import parts_of
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

PACKAGES = Path(os.environ.get("FATECLOUD_PACKAGES") or "none") / "serving"
ARCHIVES = sorted(PACKAGES.glob("*-2.1.6-*.zip"))
if not ARCHIVES:
    pytest.skip("FATECLOUD_PACKAGES names no directory with serving", allow_module_level=True)
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
RELEASE = "serving-2.1.6"
SERVICES = ("zookeeper", "redis", "serving-server", "serving-proxy", "serving-admin")
OWN, MORE, PARTNER = "n1", "n3", "n2"
SERVER, INNER, OUTER = 8000, 8879, 8869
PORTS = {"server": SERVER, "inner port": INNER, "HTTP": 8059, "admin": 8350, "ZooKeeper": 2181, "Redis": 6379}
FILTERED = ("redis", "serving-proxy", "serving-server", "zookeeper")
CODE = "/opt/asking"
_CONNECT = """
import json, socket, sys
host, source, *ports = json.loads(sys.argv[1])
found = []
for port in ports:
    try:
        socket.create_connection((host, port), 3, (source, 0) if source else None).close()
        found.append("open")
    except OSError as error:
        found.append(type(error).__name__)
print(json.dumps(found))
"""
_CALL = f"""
import json, sys
sys.path.insert(0, "{CODE}")
from fatecloud.probing.grpc.asking import asked
host, port, *calls = json.loads(sys.argv[1])
found = []
for method, message in calls:
    answer, body = asked(host, port, "/com.webank.ai.fate." + method, bytes.fromhex(message), timeout=15)
    found.append(answer.get("status") or answer.get("kind") or "answered")
print(json.dumps(found))
"""
ATTACKS = {
    f"{service}/{method}": ""
    for service, methods in {
        "serving.proxy.rpc.grpc.RouterTableService": (
            "queryRouter",
            "addRouter",
            "updateRouter",
            "deleteRouter",
            "saveRouter",
        ),
        "api.mlmodel.manager.ModelService": (
            "publishLoad",
            "publishBind",
            "publishOnline",
            "unload",
            "unbind",
            "queryModel",
        ),
        "api.networking.common.CommonService": ("listProps", "queryMetrics", "updateFlowRule", "queryJvmInfo"),
        "api.serving.InferenceService": ("inference", "batchInference"),
    }.items()
    for method in methods
}
"""What Serving's management takes without a password."""


@pytest.fixture(scope="module")
def sandbox(new_sandbox: Callable[..., Handed]) -> Handed:
    return new_sandbox("servtrust", 3, prepared=True, memory=4 << 30)


@pytest.fixture(scope="module")
def nodes(sandbox: Handed) -> Sandbox:
    return sandbox.sandbox


@pytest.fixture(scope="module")
def program(sandbox: Handed, tmp_path_factory: pytest.TempPathFactory) -> Program:
    return operator_of(sandbox, tmp_path_factory.mktemp("servtrust"), _groups, RELEASE, ARCHIVES)


def _groups(document: dict[str, Any]) -> None:
    document["groups"] = pair(RELEASE, {"guest": (OWN, 9999), "host": (PARTNER, 10000)}, SERVICES)
    document["groups"]["guest"]["services"]["serving-server"] = [OWN, MORE]


@pytest.fixture(scope="module", autouse=True)
def _running(program: Program, nodes: Sandbox) -> None:
    deploy(program)
    for name, text in parts_of("serving-proxy", "trial_route.py").items():
        nodes.write(PARTNER, f"{CODE}/{name.replace('.', '/')}.py", text.encode())


@pytest.fixture
def stranger(nodes: Sandbox) -> Iterator[str]:
    address = f"{nodes.addresses[PARTNER].rpartition('.')[0]}.213"
    nodes.check(PARTNER, ["ip", "address", "add", f"{address}/24", "dev", "eth0"])
    yield address
    nodes.check(PARTNER, ["ip", "address", "del", f"{address}/24", "dev", "eth0"])


def reached(nodes: Sandbox, node: str, *ports: int, source: str = "") -> list[str]:
    """What happens to connections from a node to ports of the group's node."""
    asked = json.dumps([nodes.addresses[OWN], source, *ports])
    found: list[str] = json.loads(nodes.check(node, ["python3", "-c", _CONNECT, asked]))
    return found


def tables(program: Program, nodes: Sandbox) -> set[str]:
    """Our tables of nftables on the group's node, as the components that they are for."""
    listed = nodes.check(OWN, ["nft", "list", "tables"]).split()
    head = f"fatecloud-{slug(program, 'guest', '')}"
    return {word.removeprefix(head) for word in listed if word.startswith("fatecloud-")}


def test_of_the_ports_of_serving_the_outer_one_alone_answers_a_partner(nodes: Sandbox, stranger: str) -> None:
    found = dict(zip(PORTS, reached(nodes, PARTNER, *PORTS.values()), strict=True))
    assert [name for name, answer in found.items() if answer == "open"] == []
    assert reached(nodes, PARTNER, OUTER) == ["open"]
    assert reached(nodes, PARTNER, OUTER, *PORTS.values(), source=stranger).count("open") == 0
    # The server on the other node asks proxy, ZooKeeper and Redis, and not the server beside them.
    assert reached(nodes, MORE, INNER, 2181, 6379, SERVER) == ["open", "open", "open", found["server"]]


def test_a_partner_changes_neither_models_nor_routes(program: Program, nodes: Sandbox) -> None:
    table = f"{home(program)}/{slug(program, 'guest', 'serving-proxy')}/trees/serving-proxy/conf/route_table.json"
    before = nodes.check(OWN, ["cat", table])
    calls = [f"{nodes.addresses[OWN]}", OUTER, *ATTACKS.items()]
    answers = json.loads(nodes.check(PARTNER, ["python3", "-c", _CALL, json.dumps(calls)]))
    assert dict(zip(ATTACKS, answers, strict=True)) == dict.fromkeys(ATTACKS, "UNIMPLEMENTED")
    assert nodes.check(OWN, ["cat", table]) == before
    exposures = json.loads(program.ok("check", "--exposures", "-o", "json").out)["exposures"]
    opened = [one for one in exposures if one["code"] == "EXPOSURE_SERVING_OPEN"]
    assert {one["severity"] for one in opened} == {"exposure"}
    assert not any("the other parties" in one["symptom"] for one in opened)


def test_a_filter_that_someone_flushed_is_named_and_comes_back(program: Program, nodes: Sandbox) -> None:
    healthy(program, 600)
    name = f"fatecloud-{slug(program, 'guest', 'serving-proxy')}"
    pid = nodes.check(OWN, ["systemctl", "show", "-P", "MainPID", f"{name}.service"])
    nodes.check(OWN, ["nft", "delete", "table", "inet", name])
    assert reached(nodes, PARTNER, INNER) == ["open"], "the unit lets the partner in"
    with RAISED.expecting("PACKET_FILTER_NOT_IN_FORCE"):
        report = program.report()
        assert {one["code"] for one in report["findings"]} == {"PACKET_FILTER_NOT_IN_FORCE"}
        assert "load its packet filter" in program.ok("plan").out
        (found,) = report["findings"]
        assert repair(program, nodes, found)
        healthy(program, 600)
    assert reached(nodes, PARTNER, INNER) != ["open"]
    assert nodes.check(OWN, ["systemctl", "show", "-P", "MainPID", f"{name}.service"]) == pid


def test_filters_come_with_a_boot_and_go_with_their_services(program: Program, nodes: Sandbox) -> None:
    assert tables(program, nodes) == set(FILTERED)
    nodes.restart(OWN)
    with RAISED.anything():
        healthy(program, 600)
    assert tables(program, nodes) == set(FILTERED)
    assert reached(nodes, PARTNER, INNER) != ["open"]
    with RAISED.anything():
        program.ok("stop", "guest/serving-proxy", "--yes")
        assert tables(program, nodes) == set(FILTERED) - {"serving-proxy"}
        program.ok("start", "guest/serving-proxy")
    healthy(program, 600)
    assert tables(program, nodes) == set(FILTERED)


def test_nothing_of_them_is_left_after_destroy(program: Program, nodes: Sandbox) -> None:
    nodes.check(OWN, ["nft", "add", "table", "inet", "others"])
    program.ok("destroy", "--cluster-name", cluster_name(program), timeout=900)
    assert nodes.check(OWN, ["nft", "list", "tables", "inet"]).split() == ["table", "inet", "others"]
