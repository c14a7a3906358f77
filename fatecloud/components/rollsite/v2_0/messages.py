"""Runs on the node: questions to a rollsite of EggRoll 2.0, and through it to flows. They change nothing.

It knows no ping. A packet for which its table leads to itself goes round without end, until all of its threads are
taken; and one for which the table has nothing gets no answer. So it is first asked where a packet would go.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from fatecloud.components.flow.v1.version_question import METHOD
from fatecloud.components.rollsite.messages import FLOW, asked_flow, head, sent
from fatecloud.probing.dialing import readable
from fatecloud.probing.grpc.asking import asked
from fatecloud.probing.grpc.wire import field, fields

ROUTE = "/com.webank.ai.eggroll.api.networking.proxy.RouteService/query"
SECONDS = 3.0
TOPIC = "fatecloud"
_HELLO = "registerBroker"
"""It answers this one itself, whatever its table says."""
_NO_ROUTE = "no valid route for topic"


def health(host: str, port: int, own: str, party: str, *, seconds: float = SECONDS) -> dict[str, Any]:
    """Whether a rollsite answers, and knows where the flow of a party is.

    It does not say whose it is: with the right table it is the right one.

    Args:
        host: of a rollsite.
        port: of it.
        own: who asks.
        party: whose flow it has to know.
        seconds: time limit of each of two questions.
    """
    answer, packet = sent(host, port, head(own, party, FLOW, _HELLO, seconds, topic=TOPIC), seconds)
    if not answer["ok"]:
        return answer
    try:
        said = fields(fields(packet).get(2, [b""])[0]).get(2, [b""])[0]
    except (ValueError, TypeError) as error:
        return {"ok": False, "kind": "foreign", "error": f"its answer is not rollsite's: {readable(error)}"}
    if said != b"hello":
        return {"ok": False, "kind": "foreign", "error": "its answer to a greeting is not rollsite's"}
    way = route(host, port, party, seconds=seconds)
    return {"ok": True, "party": party} if way["ok"] else way


def flow(host: str, port: int, own: str, party: str, *, padding: int = 0, seconds: float) -> dict[str, Any]:
    """Whether a party's flow answers a request of another flow, which rollsite passes on. Arguments as for `health`."""
    way = route(host, port, party, seconds=min(seconds, SECONDS))
    if not way["ok"]:
        return way
    return asked_flow(host, port, head(own, party, FLOW, METHOD, seconds, topic=TOPIC), padding, seconds)


def route(host: str, port: int, party: str, *, seconds: float) -> dict[str, Any]:
    """Where a rollsite would send a command for a party, as `where`; kind `party` without an entry that leads away."""
    topic = field(1, TOPIC) + field(2, party) + field(3, FLOW)
    answer, message = asked(host, port, ROUTE, topic, timeout=seconds)
    if not answer["ok"]:
        if _NO_ROUTE in str(answer["error"]):
            return {"ok": False, "kind": "party", "error": f"its table of routes has no entry for party {party}"}
        return {**answer, "kind": "foreign"} if answer.get("status") == "UNIMPLEMENTED" else answer
    try:
        row = fields(message)
        there, number = bytes(row[1][0]).decode(), int(row[2][0])
    except (ValueError, KeyError, TypeError) as error:
        return {"ok": False, "kind": "foreign", "error": f"its answer is not rollsite's: {readable(error)}"}
    if number == port and (there == host or _is_loopback(there) or (_is_here(host) and _is_here(there))):
        return {"ok": False, "kind": "party", "error": f"its entry for party {party} leads to itself"}
    return {"ok": True, "where": readable(f"{there}:{number}")}


def _is_loopback(host: str) -> bool:
    """Whether it is an address, or the name, by which each machine knows itself."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_unspecified


def _is_here(host: str) -> bool:
    """Whether it is an address of this machine, or a name that leads to one: only such an address can be bound."""
    try:
        for family, kind, _, _, address in socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM):
            with socket.socket(family, kind) as trial:
                trial.bind(address)
    except (OSError, UnicodeError):
        return False
    return True
