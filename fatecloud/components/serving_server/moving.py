"""Runs on the node of a server, as its own user: what models it has, and carries them out of it and into it.

Standard input: for `load` the model in the form of `model_files.document`.
Standard output: one line of JSON with `ok`, or `kind` and `error`; after that of `content` come bytes of a model.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fatecloud.components.serving_server.model_files import MOST, digest, document, former, note, place_of
from fatecloud.components.serving_server.publishing import publish_bind, remove
from fatecloud.probing.dialing import readable

SECONDS = 30.0
PIECE = 8 << 20
"""Bytes of a model in one answer: half of what a command on a node may print."""


def main(
    models: Callable[[dict[str, Any]], dict[str, Any]], load: Callable[[dict[str, Any], bytes, Path], dict[str, Any]]
) -> None:
    """Answer the question that is the only argument.

    Args:
        models: what is loaded, see `messages.models`, with `listing.CARRIED` bytes of room.
        load: makes the server load a model: the question, its bytes, and a file with them.
    """
    question = json.loads(sys.argv[1])
    try:
        answer, octets = _answer(question, models, load)
    except OSError as error:
        answer, octets = {"ok": False, "kind": "file", "error": f"{error.filename}: {error.strerror}"}, b""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    sys.stdout.buffer.write(octets)


def _answer(
    question: dict[str, Any],
    models: Callable[[dict[str, Any]], dict[str, Any]],
    load: Callable[[dict[str, Any], bytes, Path], dict[str, Any]],
) -> tuple[dict[str, Any], bytes]:
    what = question["what"]
    if what == "content":
        return _content(question)
    if what in ("former", "note"):
        return _noted(question), b""
    if what == "held":
        return _held(question, _whole(models(question))), b""
    if what == "load":
        return _load(question, sys.stdin.buffer.read(MOST + 1), load), b""
    if what == "bind":
        return _bind(question, _whole(models(question))), b""
    return remove(question["host"], question["port"], question["own"]), b""


def _whole(found: dict[str, Any]) -> dict[str, Any]:
    """A list that was cut is none: a model that is not on it would count as one that is not there."""
    if found["ok"] and found["left_out"]:
        return {"ok": False, "kind": "long", "error": f"{found['left_out']} of its models do not fit into an answer"}
    return found


def _place(question: dict[str, Any]) -> Path:
    return place_of(question["data"], question["own"]["table"], question["own"]["namespace"])


def _noted(question: dict[str, Any]) -> dict[str, Any]:
    """What a service id led to before; or let that be something else."""
    data, service = question["data"], question["service"]
    if question["what"] == "former":
        return {"ok": True, "former": former(data).get(service)}
    note(data, service, question["name"])
    return {"ok": True}


def _held(question: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """The models of one party, each with the digest of what is on the disk."""
    if not found["ok"]:
        return found
    held = []
    for one in (model for model in found["models"] if model["party"] == question["party"]):
        try:
            octets = document(place_of(question["data"], one["table"], one["namespace"]))
        except (OSError, ValueError, RecursionError) as error:
            held.append({**one, "error": readable(f"its file cannot be used: {error}")})
        else:
            held.append({**one, "sha256": digest(octets), "size": len(octets)})
    return {"ok": True, "models": held}


def _content(question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        octets = document(_place(question))
    except (ValueError, RecursionError) as error:
        return {"ok": False, "kind": "file", "error": readable(f"{_place(question)}: {error}")}, b""
    at = question["offset"]
    return {"ok": True, "sha256": digest(octets), "size": len(octets)}, octets[at : at + PIECE]


def _load(
    question: dict[str, Any], octets: bytes, load: Callable[[dict[str, Any], bytes, Path], dict[str, Any]]
) -> dict[str, Any]:
    if digest(octets) != question["sha256"]:
        return {"ok": False, "kind": "file", "error": "it did not arrive whole"}
    path = Path(question["data"], f"fatecloud-model-{os.getpid()}")
    try:
        path.write_bytes(octets)
        done = load(question, octets, path)
    finally:
        if path.exists():
            path.unlink()
    if not done["ok"]:
        return done
    # Success says that it read a model, and not which: it may have asked a flow.
    try:
        got = digest(document(_place(question)))
    except (OSError, ValueError, RecursionError) as error:
        return {"ok": False, "kind": "file", "error": readable(f"it says that it has the model: {error}")}
    if got != question["sha256"]:
        return {"ok": False, "kind": "other", "error": "it has loaded another model of this name"}
    return {"ok": True}


def _bind(question: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    if not found["ok"]:
        return found
    service, own = question["service"], (question["own"]["table"], question["own"]["namespace"])
    led = [(one["table"], one["namespace"]) for one in found["models"] if service in one["services"]]
    # Before it leads elsewhere: a run that is killed in between leaves a note that still leads back.
    if own not in led:
        note(question["data"], service, list(led[0]) if led else None)
    return publish_bind(question["host"], question["port"], question["own"], question["partners"], service)
