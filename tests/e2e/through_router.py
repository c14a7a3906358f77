"""What the second party's node sends to the first one's router and ports, as a partner or a stranger would."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rolling import Rolling
from two_parties import PARTIES, A, B, home

# Run by the interpreter of the partner's own flow, which has gRPC.
_COMMANDS = """
import grpc, json, sys
where, own, party, role, *requests = json.load(sys.stdin)
def number(n):
    out = b""
    while True:
        out, n = out + bytes([n & 127 | (128 if n > 127 else 0)]), n >> 7
        if not n:
            return out
def part(key, data):
    return number(key << 3 | 2) + number(len(data)) + data
def topic(name, role="fateflow"):
    return part(2, name.encode()) + part(3, role.encode())
channel = grpc.insecure_channel(where)
call = channel.unary_unary(
    "/com.webank.ai.eggroll.api.networking.proxy.DataTransferService/unaryCall",
    request_serializer=lambda data: data,
    response_deserializer=lambda data: data,
)
answers = []
for verb, key, value in requests:
    headers = json.dumps({"dest-party-id": party, "service": "fateflow"}).encode()
    task = part(1, part(2, part(1, b"headers") + part(2, headers)))
    ends = part(2, topic(own)) + part(3, topic(party, role))
    head = task + ends + part(4, part(1, key.encode())) + part(5, verb.encode())
    packet = part(1, head) + part(2, part(1, key.encode()) + part(2, value.encode()))
    try:
        answers.append(call(packet, timeout=20).decode(errors="replace"))
    except grpc.RpcError as error:
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
"""Verb, page and body."""


def asked(rolling: Rolling, interpreter: str, script: str, value: Any) -> Any:
    rolling.nodes.write(B, "/root/script.py", script.encode())
    rolling.nodes.write(B, "/root/value.json", json.dumps(value).encode())
    return json.loads(rolling.nodes.check(B, ["sh", "-c", f"{interpreter} /root/script.py < /root/value.json"]))


def commands(rolling: Rolling, port: int, requests: Mapping[str, Request]) -> dict[str, dict[str, Any]]:
    """What the first party's flow answers to the partner through its router, by the names of the requests."""
    sent = {name: (verb, page, json.dumps(body)) for name, (verb, page, body) in requests.items()}
    answers = packets(rolling, port, sent)
    return {name: json.loads(answer[answer.index('{"') :]) for name, answer in answers.items()}


def packets(
    rolling: Rolling, port: int, sent: Mapping[str, tuple[str, str, str]], role: str = "fateflow"
) -> dict[str, str]:
    """The bytes that come back for packets to the first party, as text.

    Args:
        rolling: the two parties.
        port: of the first one's router.
        sent: operator, key and value of each packet, by its name.
        role: whom they are for: flow, or `default` for the router itself.
    """
    python = f"{home(rolling.program)}/{rolling.slug(PARTIES[B], 'flow')}/venv/bin/python"
    where = f"{rolling.nodes.addresses[A]}:{port}"
    answers = asked(rolling, python, _COMMANDS, [where, PARTIES[B], PARTIES[A], role, *sent.values()])
    return dict(zip(sent, answers, strict=True))


def reached(rolling: Rolling, *ports: int, source: str = "") -> list[str]:
    """What happens to connections from the partner's node to ports of the first party's."""
    found: list[str] = asked(rolling, "python3", _CONNECT, [rolling.nodes.addresses[A], source, *ports])
    return found


@contextmanager
def address_of_a_stranger(rolling: Rolling) -> Iterator[str]:
    """An address of the partner's node that no inventory names."""
    address = f"{rolling.nodes.addresses[B].rpartition('.')[0]}.213"
    rolling.nodes.check(B, ["ip", "address", "add", f"{address}/24", "dev", "eth0"])
    try:
        yield address
    finally:
        rolling.nodes.check(B, ["ip", "address", "del", f"{address}/24", "dev", "eth0"])
