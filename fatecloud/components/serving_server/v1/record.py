"""Runs on the node: the models of a server of Serving 1, which keeps no list that it could be asked for.

It keeps the requests by which models were loaded and bound, and follows them at its start: see `ModelService` in
FATE-Serving 1.3. A line is `key=request:milliseconds`, with a `PublishRequest` in base64. The key leaves out the
service id, so that of several ids bound to one model the last one alone is kept.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from fatecloud.components.serving_server.listing import PROBED, bounded, model, part
from fatecloud.probing.dialing import readable
from fatecloud.probing.grpc.wire import fields

FILES = ("publishLoadStore.cache", "publishOnlineStore.cache")
"""Of requests to load, and of those to bind."""
MOST = 4 << 20
"""Bytes of a file: some 600 for each request."""


def models(data: str, most: int = PROBED) -> dict[str, Any]:
    """See `messages.models`; a server without the files has none.

    Args:
        data: the server's home.
        most: bytes of an answer.
    """
    try:
        loaded, bound = (_requests(Path(data, ".fate", name)) for name in FILES)
    except OSError as error:
        return {"ok": False, "kind": "file", "error": f"{error.filename}: {error.strerror}"}
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        return {"ok": False, "kind": "foreign", "error": f"its record of models is not Serving's: {readable(error)}"}
    # The newest request counts, and a service id belongs to the model that it was bound to last.
    newest = {_key(one): one for one in loaded}
    services = {one["service"]: _key(one) for one in bound if one["service"]}
    listed = [_listed(one, [s for s, key in services.items() if key == name]) for name, one in newest.items()]
    return bounded(listed, most)


def _listed(request: dict[str, Any], services: list[str]) -> dict[str, Any]:
    return model(request["own"], services, request["at"], request["partners"])


def _key(request: dict[str, Any]) -> tuple[str, str]:
    return request["own"]["table"], request["own"]["namespace"]


def _requests(path: Path) -> list[dict[str, Any]]:
    """In the order of their times. Raises OSError, and ValueError or another for a file of another form."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        text = file.read(MOST + 1).decode("latin-1")
    if len(text) > MOST:
        raise ValueError(f"{path} has more than {MOST} bytes")
    found = []
    for line in text.splitlines():
        _, equals, value = line.partition("=")
        if equals:
            request, _, milliseconds = value.partition(":")
            found.append({**_request(base64.b64decode(request)), "at": int(milliseconds or 0)})
    return sorted(found, key=lambda one: int(one["at"]))


def _request(message: bytes) -> dict[str, Any]:
    """A `PublishRequest`: whose it is, and the parts of all parties."""
    found = fields(message)
    local = fields(found[1][0])
    role, party = _text(local, 1), _text(local, 2)
    parts = [
        part(_text(fields(where), 1), _text(fields(where), 2), _text(entry, 1), number)
        for entry in map(fields, found.get(3, []))
        for number, where in _parties(entry)
    ]
    (own,) = [one for one in parts if (one["role"], one["party"]) == (role, party)]
    return {"own": own, "partners": [one for one in parts if one is not own], "service": _text(found, 4)}


def _parties(entry: dict[int, list[Any]]) -> list[tuple[str, bytes]]:
    """Party and where its part is, of one role: the entries of a map within a message within an entry of a map."""
    inner = [fields(one) for one in fields(entry[2][0]).get(1, [])]
    return [(_text(one, 1), one[2][0]) for one in inner]


def _text(message: dict[int, list[Any]], number: int) -> str:
    return readable(message.get(number, [b""])[0].decode("utf-8", "replace"))
