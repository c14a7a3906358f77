"""Runs on the node: questions to OSX, and through it to flows, over gRPC. They change nothing.

OSX writes an error with a stack trace for each `health`, although it answers: the question is for what the other one
leaves open.
"""

from __future__ import annotations

import json
from typing import Any

from fatecloud.components.flow.v2.task_question import OK, PATH, body_for, headers_for, judged
from fatecloud.probing.dialing import readable
from fatecloud.probing.grpc.asking import asked
from fatecloud.probing.grpc.wire import field, fields

INVOKE = "/org.ppc.ptp.PrivateTransferProtocol/invoke"
UNARY = "/com.webank.ai.eggroll.api.networking.proxy.DataTransferService/unaryCall"
_NO_ROUTE = "130"
_FLOW = "fateflow"
HEALTH_SECONDS = 3.0


def health(host: str, port: int, own: str, party: str, *, seconds: float = HEALTH_SECONDS) -> dict[str, Any]:
    """Which party's OSX answers a question that is for a party.

    Args:
        host: of an OSX.
        port: of an OSX.
        own: who asks.
        party: for whom the question is: `party` of the answer, if all is well.
        seconds: time limit.
    """
    headers = {
        "x-ptp-tech-provider-code": "FATE",
        "x-ptp-target-node-id": party,
        "x-ptp-source-node-id": own,
        "x-ptp-uri": "/healthcheck",
    }
    answer, body = asked(host, port, INVOKE, timeout=seconds, metadata=headers)
    if not answer["ok"]:
        return answer
    try:
        code, message = (_text(fields(body).get(number, [b""])[0]) for number in (3, 4))
    except (ValueError, AttributeError) as error:
        return {"ok": False, "kind": "foreign", "error": f"its answer is not OSX's: {readable(error)}"}
    # `PARTY_9999:` and the words of the OSX at the end of the route, or of the one that found no way on.
    name = message.partition(":")[0].replace("PARTY_", "", 1)
    if not code and name == party:
        return {"ok": True, "party": name}
    if code == _NO_ROUTE or (not code and name):
        known = "has no route to it" if code else "answers in its place"
        return {"ok": False, "kind": "party", "error": f"the OSX of party {name} {known}", "party": name}
    return {"ok": False, "kind": "status", "error": readable(f"{code} {message}")}


def flow(host: str, port: int, own: str, party: str, *, padding: int = 0, seconds: float) -> dict[str, Any]:
    """Whether a party's flow answers a command of another flow, which OSX passes on. Arguments as for `health`."""
    answer, body = commanded(host, port, own, party, headers_for(party), body_for(party, padding), seconds=seconds)
    return judged(OK, "", body) if answer["ok"] else answer


def commanded(
    host: str, port: int, own: str, party: str, headers: dict[str, str], command: bytes, *, seconds: float
) -> tuple[dict[str, Any], bytes]:
    """What a party's flow says to a command of another flow, which OSX passes on to it.

    Args:
        host: as for `health`, like the next three.
        port: of an OSX.
        own: who asks.
        party: whose flow is asked.
        headers: of the request that the flow makes of it.
        command: its body.
        seconds: time limit.
    """
    topic = {name: field(2, name) + field(3, _FLOW) for name in (own, party)}
    task = field(2, field(1, "headers") + field(2, json.dumps(headers)))
    header = b"".join(
        [
            field(1, task),
            field(2, topic[own]),
            field(3, topic[party]),
            field(4, field(1, PATH)),
            field(5, "POST"),
            field(8, field(1, int(seconds * 1000))),
        ]
    )
    message = field(1, header) + field(2, field(1, PATH) + field(2, command))
    answer, packet = asked(host, port, UNARY, message, timeout=seconds)
    if not answer["ok"]:
        return answer, b""
    try:
        body = fields(fields(packet).get(2, [b""])[0]).get(2, [b""])[0]
    except (ValueError, TypeError) as error:
        return {"ok": False, "kind": "foreign", "error": f"its answer is not a flow's: {readable(error)}"}, b""
    return answer, body if isinstance(body, bytes) else b""


def _text(octets: bytes) -> str:
    return readable(octets.decode("utf-8", "replace"))
