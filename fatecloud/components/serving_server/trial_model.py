"""Runs on the node of a server: loads the sample model into it, or removes it. As the server's own user.

It refuses where models are: a model of the operator's is never touched. What an earlier test left counts as none,
unless someone bound it to a service id of theirs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fatecloud.components.serving_server.messages import models
from fatecloud.components.serving_server.publishing import SECONDS, publish_bind, publish_load, remove, unbind
from fatecloud.components.serving_server.sample import SERVICE, VERSION, file_name, model, namespace


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
    own, partner = parts(role, guest, other)
    names = [f"{one['table']} {one['namespace']}" for one in there["models"]]
    bound = {service for one in there["models"] for service in one["services"]}
    if {*names} - {f"{own['table']} {own['namespace']}"} or bound - {SERVICE}:
        return {"ok": False, "kind": "models", "error": f"it has models: {', '.join(names)}"}
    path = Path(data, file_name(role, own["party"], guest, other))
    try:
        path.write_bytes(model(role, guest, other))
        done = publish_load(host, port, own, [partner], str(path))
    except OSError as error:
        return {"ok": False, "kind": "file", "error": f"{path}: {error.strerror}"}
    finally:
        if path.exists():
            path.unlink()
    if done["ok"] and role == "guest":
        return publish_bind(host, port, own, [partner], SERVICE)
    return done


def unload(host: str, port: int, role: str, guest: str, other: str) -> dict[str, Any]:
    """Remove it; one that is not there is as good."""
    own, _ = parts(role, guest, other)
    there = models(host, port, seconds=SECONDS)
    if not there["ok"] or not any(one["namespace"] == own["namespace"] for one in there["models"]):
        return there
    if role == "guest":
        done = unbind(host, port, own, [SERVICE])
        if not done["ok"]:
            return done
    return remove(host, port, own)


def parts(role: str, guest: str, other: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The sample's part of one role, and the other one's."""
    found = {
        one: {"table": VERSION, "namespace": namespace(one, party, guest, other), "role": one, "party": party}
        for one, party in (("guest", guest), ("host", other))
    }
    return found[role], found["host" if role == "guest" else "guest"]


if __name__ == "__main__":
    what, host, port, *more = sys.argv[1:]
    answer = load(host, int(port), *more) if what == "load" else unload(host, int(port), *more)
    sys.stdout.write(json.dumps(answer) + "\n")
