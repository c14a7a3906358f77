"""Runs on the node of a server: loads the sample model into it, or removes it. As the server's own user.

It refuses where models are: a model of the operator's is never touched.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fatecloud.components.serving_server.messages import models
from fatecloud.components.serving_server.sample import SERVICE, VERSION, file_name, model, namespace
from fatecloud.probing.dialing import readable
from fatecloud.probing.grpc.asking import asked
from fatecloud.probing.grpc.wire import field, fields

SECONDS = 20.0
_SERVICE = "/com.webank.ai.fate.api.mlmodel.manager.ModelService/"


def load(host: str, port: int, data: str, role: str, guest: str, other: str) -> dict[str, Any]:
    """Load the part of one role, and for a guest bind it.

    Args:
        host: of the server.
        port: of its gRPC.
        data: directory that the server can read and this program write to.
        role: `guest` or `host`.
        guest: number of the party that asks.
        other: number of the party that answers it.
    """
    there = models(host, port, seconds=SECONDS)
    if not there["ok"]:
        return there
    names = [f"{one['table']} {one['namespace']}" for one in there["models"]]
    own = f"{VERSION} {namespace(role, guest if role == 'guest' else other, guest, other)}"
    if any(name != own for name in names):
        return {"ok": False, "kind": "models", "error": f"it has models: {', '.join(names)}"}
    party = guest if role == "guest" else other
    path = Path(data, file_name(role, party, guest, other))
    try:
        path.write_bytes(model(role, guest, other))
        done = _call("publishLoad", request(role, party, guest, other, str(path)), host, port)
    except OSError as error:
        return {"ok": False, "kind": "file", "error": f"{path}: {error.strerror}"}
    finally:
        if path.exists():
            path.unlink()
    if done["ok"] and role == "guest":
        return _call("publishBind", request(role, party, guest, other, ""), host, port)
    return done


def unload(host: str, port: int, role: str, guest: str, other: str) -> dict[str, Any]:
    """Remove it; one that is not there is as good."""
    party = guest if role == "guest" else other
    name = namespace(role, party, guest, other)
    there = models(host, port, seconds=SECONDS)
    if not there["ok"] or not any(one["namespace"] == name for one in there["models"]):
        return there
    if role == "guest":
        bound = field(1, SERVICE) + field(2, VERSION) + field(3, name)
        done = _call("unbind", bound, host, port)
        if not done["ok"]:
            return done
    return _call("unload", field(1, VERSION) + field(2, name), host, port)


def request(role: str, party: str, guest: str, other: str, path: str) -> bytes:
    """A `PublishRequest`; without a path, to bind."""
    parties = {"guest": guest, "host": other}
    roles = b"".join(field(2, field(1, one) + field(2, field(1, number))) for one, number in parties.items())
    known = b"".join(field(3, field(1, one) + field(2, _known(one, guest, other))) for one in parties)
    name = namespace(role, party, guest, other)
    local = field(1, field(1, role) + field(2, party))
    service = field(4, SERVICE) if role == "guest" else b""
    loading = field(7, "CACHE") + field(8, path) if path else b""
    return local + roles + known + service + field(5, VERSION) + field(6, name) + loading


def _known(role: str, guest: str, other: str) -> bytes:
    party = guest if role == "guest" else other
    where = field(1, VERSION) + field(2, namespace(role, party, guest, other))
    return field(1, field(1, party) + field(2, where))


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


if __name__ == "__main__":
    what, host, port, *more = sys.argv[1:]
    answer = load(host, int(port), *more) if what == "load" else unload(host, int(port), *more)
    sys.stdout.write(json.dumps(answer) + "\n")
