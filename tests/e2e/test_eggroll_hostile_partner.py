"""What a partner gets of a party on EggRoll: of its ports OSX alone, and through OSX what the exposures of flow say.

OSX passes every command on to flow, whatever its page, so flow itself has to ask for a signature. The partner is node
n2; a stranger is an address of it that the inventory does not name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from raised import RAISED
from rolling import Rolling
from two_parties import PARTIES, A, B, edit, home

pytestmark = pytest.mark.e2e
OSX = 9370
INSIDE = {
    "flow": 9380,
    "flow's gRPC": 9360,
    "clustermanager": 4670,
    "nodemanager": 4671,
    "database": 3306,
}
SIGNED = range(5000, 5010)
"""Flow's codes for a request without a signature, or with a wrong one."""
# Run by the interpreter of the partner's own flow, which has gRPC.
_COMMANDS = """
import grpc, json, sys
where, own, party, *requests = json.load(sys.stdin)
def number(n):
    out = b""
    while True:
        out, n = out + bytes([n & 127 | (128 if n > 127 else 0)]), n >> 7
        if not n:
            return out
def part(key, data):
    return number(key << 3 | 2) + number(len(data)) + data
def topic(name):
    return part(2, name.encode()) + part(3, b"fateflow")
channel = grpc.insecure_channel(where)
call = channel.unary_unary(
    "/com.webank.ai.eggroll.api.networking.proxy.DataTransferService/unaryCall",
    request_serializer=lambda data: data,
    response_deserializer=lambda data: data,
)
answers = []
for verb, page, body in requests:
    headers = json.dumps({"dest-party-id": party, "service": "fateflow"}).encode()
    task = part(1, part(2, part(1, b"headers") + part(2, headers)))
    head = task + part(2, topic(own)) + part(3, topic(party)) + part(4, part(1, page.encode())) + part(5, verb.encode())
    packet = part(1, head) + part(2, part(1, page.encode()) + part(2, json.dumps(body).encode()))
    try:
        found = call(packet, timeout=20)
        answers.append(found[found.index(b'{"'):].decode(errors="replace"))
    except (grpc.RpcError, ValueError) as error:
        answers.append("no answer: %r" % error)
print(json.dumps(answers))
"""
_CONNECT = """
import json, socket, sys
host, source, *ports = json.load(sys.stdin)
found = []
for port in ports:
    try:
        socket.create_connection((host, port), 3, (source, 0) if source else None).close()
        found.append("open")
    except OSError as error:
        found.append(type(error).__name__)
print(json.dumps(found))
"""
Request = tuple[str, str, dict[str, Any]]


def asked(rolling: Rolling, interpreter: str, script: str, value: Any) -> Any:
    rolling.nodes.write(B, "/root/script.py", script.encode())
    rolling.nodes.write(B, "/root/value.json", json.dumps(value).encode())
    return json.loads(rolling.nodes.check(B, ["sh", "-c", f"{interpreter} /root/script.py < /root/value.json"]))


def commands(rolling: Rolling, requests: Mapping[str, Request]) -> dict[str, dict[str, Any]]:
    """What the first party's flow answers to the partner through OSX, by the names of the requests."""
    python = f"{home(rolling.program)}/{rolling.slug(PARTIES[B], 'flow')}/venv/bin/python"
    where = f"{rolling.nodes.addresses[A]}:{OSX}"
    answers = asked(rolling, python, _COMMANDS, [where, PARTIES[B], PARTIES[A], *requests.values()])
    return {name: json.loads(answer) for name, answer in zip(requests, answers, strict=True)}


def reached(rolling: Rolling, *ports: int, source: str = "") -> list[str]:
    """What happens to connections from the partner's node to ports of the first party's."""
    found: list[str] = asked(rolling, "python3", _CONNECT, [rolling.nodes.addresses[A], source, *ports])
    return found


def exploits(rolling: Rolling) -> dict[str, Request]:
    """What needs flow's own users, and no partner."""
    config = f"{home(rolling.program)}/{rolling.slug(PARTIES[A], 'flow')}/conf/service_conf.yaml"
    upload = {"file": config, "head": False, "partitions": 1, "meta": {}, "namespace": "stolen", "name": "conf"}
    return {
        "has flow read its own configuration into a table": ("POST", "/v2/data/component/upload", upload),
        "asks for tasks, whose parameters have passwords": ("GET", "/v2/job/task/query", {}),
        "asks for all jobs": ("GET", "/v2/job/query", {}),
        "registers a provider of its own": (
            "POST",
            "/v2/provider/register",
            {"name": "x", "device": "local", "version": "1", "metadata": {"path": "/tmp", "venv": ""}},
        ),
        "asks for every server": ("GET", "/v2/server/query/all", {}),
    }


@pytest.fixture
def stranger(rolling: Rolling) -> Iterator[str]:
    """An address of the partner's node that no inventory names."""
    address = f"{rolling.nodes.addresses[B].rpartition('.')[0]}.213"
    rolling.nodes.check(B, ["ip", "address", "add", f"{address}/24", "dev", "eth0"])
    yield address
    rolling.nodes.check(B, ["ip", "address", "del", f"{address}/24", "dev", "eth0"])


def test_of_a_partys_ports_osx_alone_answers_a_partner_and_no_port_a_stranger(rolling: Rolling, stranger: str) -> None:
    found = dict(zip(INSIDE, reached(rolling, *INSIDE.values()), strict=True))
    assert [name for name, answer in found.items() if answer == "open"] == []
    assert reached(rolling, OSX) == ["open"]
    assert reached(rolling, OSX, *INSIDE.values(), source=stranger).count("open") == 0


def test_what_a_partner_gets_of_flow_through_osx_is_what_the_exposure_says(rolling: Rolling) -> None:
    (page,) = commands(rolling, {"": ("GET", "/v2/server/fateflow", {})}).values()
    assert page["code"] == 0
    found = rolling.program.ok("check", "--exposures", "-o", "json").out
    (flow,) = (
        one
        for one in json.loads(found)["exposures"]
        if one["code"] == "EXPOSURE_FLOW_AUTH" and one["subject"]["owner"] == PARTIES[A]
    )
    assert "partners, at their addresses, can start jobs, read tables, logs and flow's configuration" in flow["symptom"]
    assert "authentication: {client: true}" in json.dumps(flow["remedy"])


@pytest.mark.patient
def test_with_signatures_a_partner_gets_nothing_of_flows_own_api(rolling: Rolling) -> None:
    program, before = rolling.program, rolling.program.inventory.read_text()
    signed = {"authentication": {"client": True}}
    try:
        edit(program, lambda document: document["parties"][PARTIES[A]]["config"]["flow"].update(signed))
        with RAISED.anything():
            program.ok("deploy", "--yes", "--no-verify", timeout=900)
        rolling.restored(180)
        answers = commands(rolling, exploits(rolling))
        assert {name: answer for name, answer in answers.items() if answer["code"] not in SIGNED} == {}
        assert program.ok("job", "list").status == 0
    finally:
        program.inventory.write_text(before)
        with RAISED.anything():
            program.ok("deploy", "--yes", "--no-verify", timeout=900)
    rolling.restored(180)
