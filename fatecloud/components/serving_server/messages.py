"""Runs on the node: questions to Serving's servers and proxies over gRPC. They load, bind and change nothing.

Numbers of fields are those of `proto/` in FATE-Serving. Neither generation has reflection or gRPC's own health service.
"""

from __future__ import annotations

import json
import re
from typing import Any

from fatecloud.components.serving_server.listing import LONGEST, PROBED, bounded, model, part
from fatecloud.probing.dialing import readable
from fatecloud.probing.grpc.asking import asked
from fatecloud.probing.grpc.wire import field, fields

_API = "/com.webank.ai.fate.api."
QUERY_MODEL = f"{_API}mlmodel.manager.ModelService/queryModel"
INFERENCE = f"{_API}serving.InferenceService/inference"
UNARY = f"{_API}networking.proxy.DataTransferService/unaryCall"
PADDING = 4000
"""Bytes: three Ethernet packets. Proxies write each question to a log."""
MOST = 16 << 20
"""Bytes of a server's own list of models: some 60 KiB for each, so some 270 models. A longer one is not read."""
UNKNOWN = "fatecloud-asks"
"""A service id, table and namespace that no model has."""
ALL, BY_SERVICE = 0, 1
NO_HOST, NULL_MODEL, NOT_BOUND = 610, 104, 1104
_HOP = re.compile(r"grpc unaryCall error (\S+)")


def server(host: str, port: int, *, padding: int = 0, seconds: float) -> dict[str, Any]:
    """Whether a server answers: it looks for a service id that does not exist, which `padding` makes longer.

    Args:
        host: of the server.
        port: of its gRPC.
        padding: bytes.
        seconds: time limit.
    """
    message = field(1, UNKNOWN + "x" * padding) + field(6, BY_SERVICE)
    answer, body = asked(host, port, QUERY_MODEL, message, timeout=seconds)
    if not answer["ok"]:
        return _explained(answer)
    code, words = _status(body)
    return {"ok": True} if not code else {"ok": False, "kind": "code", "error": f"it answers {code}: {words}"}


def old_server(host: str, port: int, *, padding: int = 0, seconds: float) -> dict[str, Any]:
    """The same for Serving 1, which has no list of models: it is to score with a service id that does not exist."""
    question = {"serviceId": UNKNOWN, "featureData": {"padding": "x" * padding}, "sendToRemoteFeatureData": {"id": "0"}}
    answer, body = asked(host, port, INFERENCE, field(2, json.dumps(question)), timeout=seconds)
    if not answer["ok"]:
        return _explained(answer)
    try:
        code = int(json.loads(fields(body).get(2, [b""])[0])["retcode"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return {"ok": False, "kind": "foreign", "error": "its answer is not Serving's"}
    return {"ok": True} if code == NOT_BOUND else {"ok": False, "kind": "code", "error": f"it answers {code}"}


def models(host: str, port: int, *, seconds: float, most: int = PROBED) -> dict[str, Any]:
    """What is loaded in a server, see `loaded`; `left_out` is the number of models that are too many for an answer.

    Args:
        host: of a server of Serving 2.
        port: of its gRPC.
        seconds: time limit.
        most: bytes of the list.
    """
    found = loaded(host, port, seconds=seconds)
    return {"ok": True, **bounded(found["models"], most)} if found["ok"] else found


def loaded(host: str, port: int, *, seconds: float) -> dict[str, Any]:
    """All `models` that are loaded in a server.

    Each has `table`, `namespace`, `role` and `party`, `services` (the ids bound to it), `since` (when it was loaded, in
    seconds since the epoch) and `partners`, the parts of the other parties.

    Args:
        host: of the server.
        port: of its gRPC.
        seconds: time limit.
    """
    answer, body = asked(host, port, QUERY_MODEL, field(6, ALL), timeout=seconds, limit=MOST)
    if not answer["ok"]:
        return _explained(answer)
    code, words = _status(body)
    if code > 0:
        return {"ok": False, "kind": "code", "error": f"it answers {code}: {words}"}
    try:
        found = [fields(one) for one in fields(body).get(3, [])]
        listed = [_model(one) for one in found]
    except (ValueError, TypeError) as error:
        return {"ok": False, "kind": "foreign", "error": f"its list of models is not Serving's: {readable(error)}"}
    return {"ok": True, "models": listed}


def _model(message: dict[int, list[Any]]) -> dict[str, Any]:
    """A `ModelInfoEx`: its content is the server's own object, as JSON."""
    content = message.get(4, [b""])[0]
    try:
        said = json.loads(content)
    except (ValueError, TypeError, RecursionError):
        said = {}
    said = said if isinstance(said, dict) else {}
    others = said.get("federationModelMap")
    partners = [
        part(one.get("tableName"), one.get("namespace"), one.get("role"), one.get("partId"))
        for one in (others.values() if isinstance(others, dict) else ())
        if isinstance(one, dict)
    ]
    own = part(_text(message, 1), _text(message, 2), said.get("role"), said.get("partId"))
    return model(own, _texts(message, 3), said.get("timestamp"), partners)


def _explained(answer: dict[str, Any]) -> dict[str, Any]:
    """What a status means: the port opens before the services are there, and stays so without ZooKeeper."""
    if answer.get("status") == "UNIMPLEMENTED":
        return {**answer, "kind": "foreign", "error": f"not this generation's server: {answer['error']}"}
    if answer.get("status") == "INTERNAL":
        return {**answer, "kind": "starting", "error": "it has not registered its services yet"}
    return answer


def _status(body: bytes) -> tuple[int, str]:
    try:
        found = fields(body)
        return int(found.get(1, [0])[0]), readable(_text(found, 2))
    except (ValueError, TypeError):
        return -1, "not a list of models"


def proxy(host: str, port: int, *, padding: int = 0, seconds: float, tls: Any = None) -> dict[str, Any]:
    """Whether a proxy answers at one of its two ports: the packet names no party. For `tls` see `call.unary`."""
    answer, code, words = _unary(host, port, field(2, field(1, "padding") + field(2, "x" * padding)), seconds, tls)
    if not answer["ok"]:
        return answer
    # 500 is what the proxy of Serving 1.3 says.
    if code in (NO_HOST, 500):
        return {"ok": True}
    return {"ok": False, "kind": "foreign", "error": f"its answer is not that of Serving's proxy: {code} {words}"}


def party(
    host: str,
    port: int,
    own: str,
    other: str,
    *,
    old: bool = False,
    padding: int = 0,
    seconds: float,
    tls: Any = None,
) -> dict[str, Any]:
    """Whether a party's server answers through a proxy: it is asked for a model that it does not have.

    Args:
        host: of a proxy, which sends it on.
        port: of that proxy.
        own: party that asks.
        other: party that is asked.
        old: whether it is of Serving 1.
        padding: bytes.
        seconds: time limit.
        tls: see `call.unary`.
    """
    message = (old_packet if old else packet)(own, other, UNKNOWN, UNKNOWN, {"padding": "x" * padding})
    answer, code, words = _unary(host, port, message, seconds, tls)
    if not answer["ok"]:
        return answer
    if code == NULL_MODEL:
        return {"ok": True}
    hop = _HOP.search(words)
    kind = "hop" if hop else "route" if code == NO_HOST else "code"
    where = f"no answer from {hop.group(1)}" if hop else f"code {code}: {words}"
    return {"ok": False, "kind": kind, "error": where, "hop": hop.group(1) if hop else ""}


def packet(own: str, other: str, table: str, namespace: str, features: dict[str, Any]) -> bytes:
    """What a guest's server sends to a host's: a question for the host's part of a score."""
    topics = [field(1, "serving") + field(2, name) + field(3, role) for name, role in ((own, "guest"), (other, "host"))]
    task = field(1, UNKNOWN) + field(2, field(1, namespace) + field(2, table))
    head = field(1, task) + field(2, topics[0]) + field(3, topics[1]) + field(4, field(1, "federatedInference"))
    body = {
        "caseId": UNKNOWN,
        "seqNo": UNKNOWN,
        "featureIdMap": features,
        "hostTableName": table,
        "hostNamespace": namespace,
    }
    # Without a version, the proxies take it for a guest of Serving 1.
    return field(1, head + field(5, "216") + field(6, 216)) + field(2, field(2, json.dumps(body)))


def old_packet(own: str, other: str, table: str, namespace: str, features: dict[str, Any]) -> bytes:
    """The same as a guest's server of Serving 1 sends it."""
    topics = [field(1, "serving") + field(2, name) + field(3, role) for name, role in ((own, "guest"), (other, "host"))]
    task = field(1, UNKNOWN) + field(2, field(1, table) + field(2, namespace))
    head = field(1, task) + field(2, topics[0]) + field(3, topics[1]) + field(4, field(1, "federatedInference"))
    body = {
        "caseId": UNKNOWN,
        "seqNo": UNKNOWN,
        "local": {"role": "host", "partyId": other},
        "partnerLocal": {"role": "guest", "partyId": own},
        "partnerModelInfo": {"name": table, "namespace": namespace},
        "featureIdMap": features,
    }
    return field(1, head) + field(2, field(2, json.dumps(body)))


def _unary(host: str, port: int, message: bytes, seconds: float, tls: Any) -> tuple[dict[str, Any], int, str]:
    """The answer to a call, and the code and words of what is in its packet."""
    answer, body = asked(host, port, UNARY, message, timeout=seconds, tls=tls)
    if not answer["ok"]:
        return _explained(answer), 0, ""
    try:
        said = json.loads(fields(fields(body).get(2, [b""])[0]).get(2, [b""])[0])
        # The proxy of Serving 1 has other names for its own refusals.
        code = said["retcode"] if "retcode" in said else said["code"]
        return answer, int(code), readable(said.get("retmsg") or said.get("message") or "")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {"ok": False, "kind": "foreign", "error": "its answer is not Serving's"}, 0, ""


def _text(message: dict[int, list[Any]], number: int) -> str:
    return (_texts(message, number) or [""])[0]


def _texts(message: dict[int, list[Any]], number: int) -> list[str]:
    found = (value for value in message.get(number, []) if isinstance(value, bytes))
    return [readable(value.decode("utf-8", "replace"), LONGEST) for value in found]
