"""Runs on the node: what changes the models of a server, over gRPC. Only verbs do that, and no probe.

Numbers of fields are those of `proto/model_service.proto` in FATE-Serving. Serving 1 has no call that removes anything.
"""

from __future__ import annotations

from typing import Any

from fatecloud.probing.dialing import readable
from fatecloud.probing.grpc.asking import asked
from fatecloud.probing.grpc.wire import field, fields

SECONDS = 20.0
_SERVICE = "/com.webank.ai.fate.api.mlmodel.manager.ModelService/"


def publish_request(own: dict[str, Any], partners: list[dict[str, Any]], service: str = "", path: str = "") -> bytes:
    """A `PublishRequest`.

    Args:
        own: the part that is loaded or bound: `table`, `namespace`, `role` and `party`.
        partners: the other parties' parts.
        service: id to bind; empty for none.
        path: file to load from; empty for none.
    """
    message = field(1, field(1, own["role"]) + field(2, own["party"]))
    parts = [own, *partners]
    for role in dict.fromkeys(part["role"] for part in parts):
        those = [part for part in parts if part["role"] == role]
        message += field(2, field(1, role) + field(2, b"".join(field(1, part["party"]) for part in those)))
        message += field(3, field(1, role) + field(2, b"".join(field(1, _where(part)) for part in those)))
    message += field(4, service) if service else b""
    loading = field(7, "CACHE") + field(8, path) if path else b""
    # Serving 1 passes over what it does not know.
    return message + field(5, own["table"]) + field(6, own["namespace"]) + loading


def _where(part: dict[str, Any]) -> bytes:
    return field(1, part["party"]) + field(2, field(1, part["table"]) + field(2, part["namespace"]))


def publish_load(
    host: str, port: int, own: dict[str, Any], partners: list[dict[str, Any]], path: str
) -> dict[str, Any]:
    """Load a part from a file that the server can read; Serving 1 has no such way."""
    return _call("publishLoad", publish_request(own, partners, path=path), host, port)


def publish_bind(
    host: str, port: int, own: dict[str, Any], partners: list[dict[str, Any]], service: str
) -> dict[str, Any]:
    """Let a loaded model answer a service id, which leaves the one that answered it before."""
    return _call("publishBind", publish_request(own, partners, service), host, port)


def unbind(host: str, port: int, own: dict[str, Any], services: list[str]) -> dict[str, Any]:
    """Let a model answer service ids no more."""
    ids = b"".join(field(1, service) for service in services)
    return _call("unbind", ids + field(2, own["table"]) + field(3, own["namespace"]), host, port)


def remove(host: str, port: int, own: dict[str, Any]) -> dict[str, Any]:
    """Remove a model, with its file and with what is bound to it."""
    return _call("unload", field(1, own["table"]) + field(2, own["namespace"]), host, port)


def _call(method: str, message: bytes, host: str, port: int) -> dict[str, Any]:
    answer, body = asked(host, port, _SERVICE + method, message, timeout=SECONDS)
    if not answer["ok"]:
        return answer
    try:
        found = fields(body)
        code, words = int(found.get(1, [0])[0]), found.get(2, [b""])[0].decode("utf-8", "replace")
    except (ValueError, TypeError, AttributeError):
        return {"ok": False, "kind": "foreign", "error": f"the answer to {method} is not Serving's"}
    return {"ok": False, "kind": "code", "error": readable(f"{method} gets {code}: {words}")} if code else {"ok": True}
