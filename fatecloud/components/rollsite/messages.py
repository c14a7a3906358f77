"""Runs on the node: questions to rollsite, and through it to flows, over gRPC. They change nothing."""

from __future__ import annotations

import re
from typing import Any

from fatecloud.components.flow.v1.version_question import METHOD, PATH, body, judged
from fatecloud.probing.dialing import readable
from fatecloud.probing.grpc.asking import asked
from fatecloud.probing.grpc.wire import field, fields

UNARY = "/com.webank.ai.eggroll.api.networking.proxy.DataTransferService/unaryCall"
PING_SECONDS = 4.0
"""Rollsite itself waits for a second before it answers a ping; the first one after its start took more than two."""
NO_ROUTE = "party"
"""Kind of an answer: a rollsite on the way has no entry for the party, or none for the role of its flow."""
_DEFAULT, FLOW = "default", "fateflow"
_MESSAGE = re.compile(r"location msg=(.*?)\s*stack info=", re.DOTALL)
_HOPS = re.compile(r"exception trans path:\s*(.+?)\s*$", re.DOTALL)
_NO_ROUTE = re.compile(r"The routing table not have current (?:party|role)=|operation [A-Z]+ not supported")
"""The second: without an entry for a flow's role it takes that for all others, and so the packet for its own."""
_BACK = "on the way back"
_FAILED_AT = re.compile(_BACK + r" [^(]*\((\w+)\)")


def health(
    host: str, port: int, own: str, party: str, *, seconds: float = PING_SECONDS, tls: Any = None
) -> dict[str, Any]:
    """Whether a ping for a party ends at its rollsite: the one that finds its own address in its table for the party.

    Args:
        host: of a rollsite, which sends the ping on if it is for another party.
        port: of it.
        own: who asks.
        party: for whom the ping is.
        seconds: time limit.
        tls: see `call.unary`.
    """
    answer, packet = sent(host, port, head(own, party, _DEFAULT, "ping", seconds), seconds, tls)
    if not answer["ok"]:
        return answer
    try:
        operator = fields(fields(packet).get(1, [b""])[0]).get(5, [b""])[0]
    except (ValueError, TypeError) as error:
        return {"ok": False, "kind": "foreign", "error": f"its answer is not rollsite's: {readable(error)}"}
    if operator != b"pong":
        return {"ok": False, "kind": "foreign", "error": "its answer to a ping is not rollsite's"}
    return {"ok": True, "party": party}


def flow(
    host: str, port: int, own: str, party: str, *, padding: int = 0, seconds: float, tls: Any = None
) -> dict[str, Any]:
    """Whether a party's flow answers a request of another flow, which rollsite passes on. Arguments as for `health`."""
    return asked_flow(host, port, head(own, party, FLOW, METHOD, seconds), padding, seconds, tls)


def asked_flow(host: str, port: int, start: bytes, padding: int, seconds: float, tls: Any = None) -> dict[str, Any]:
    """Whether a flow answers the question for its version; `start` is the head of a packet."""
    message = start + field(2, field(1, PATH) + field(2, body(padding)))
    answer, packet = sent(host, port, message, seconds, tls)
    if not answer["ok"]:
        return answer
    try:
        said = fields(fields(packet).get(2, [b""])[0]).get(2, [b""])[0]
    except (ValueError, TypeError) as error:
        return {"ok": False, "kind": "foreign", "error": f"its answer is not a flow's: {readable(error)}"}
    return judged(said if isinstance(said, bytes) else b"")


def head(own: str, party: str, role: str, operator: str, seconds: float, *, topic: str = "") -> bytes:
    """The head of a packet; a body may follow it. Rollsite 2.0 wants a name of its topic."""
    named = field(1, topic) if topic else b""
    topics = [named + field(2, name) + field(3, to) for name, to in ((own, FLOW), (party, role))]
    limit = field(1, int(seconds * 1000))
    # Without a task: flow would keep a directory of logs for it.
    return field(1, field(2, topics[0]) + field(3, topics[1]) + field(5, operator) + field(8, limit))


def sent(host: str, port: int, message: bytes, seconds: float, tls: Any = None) -> tuple[dict[str, Any], bytes]:
    """A packet, and the one that comes back."""
    # Without a time limit, a rollsite that finds itself in its table under another name would call itself for ever.
    answer, packet = asked(host, port, UNARY, message, timeout=seconds, words=in_short, tls=tls)
    if _NO_ROUTE.search(str(answer.get("error", ""))):
        return {**answer, "kind": NO_ROUTE}, b""
    if answer.get("status") == "UNIMPLEMENTED":
        return {**answer, "kind": "foreign"}, b""
    return answer, packet


def in_short(message: str) -> str:
    """Rollsite's words about an error, without the trace of its stack: what, and the way back from where it failed."""
    what, hops = _MESSAGE.search(message), _HOPS.search(message)
    if what is None:
        return message
    return f"{what[1].strip()}, {_BACK} {hops[1]}" if hops else what[1].strip()


def failed_at(error: str) -> str:
    """The party whose rollsite says an error, by the way back in its words; empty where they have none."""
    found = _FAILED_AT.search(error)
    return found.group(1) if found else ""
