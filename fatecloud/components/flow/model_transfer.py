"""Runs on the node of a flow 1: one part of a model, as a server of Serving would fetch it.

Standard output: one line of JSON with `ok`, `sha256` and `size`, or `kind` (`absent` where there is no such part) and
`error`; after it a piece of the model.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

from fatecloud.components.flow.v1.http_exchange import exchange
from fatecloud.probing.dialing import readable

PATH = "/v1/model/transfer"
LIMIT = 72 << 20
"""Bytes of an answer, of which the model may have 64 MiB."""
PIECE = 8 << 20
SECONDS = 60.0
_NOT_FOUND = 404
_LACKS = "No such file"
"""Among the words of a flow 1.4 that looks for a model which it does not have."""


def transferred(question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The part that was asked for by `name` and `namespace`, from `offset` on."""
    body = {"name": question["name"], "namespace": question["namespace"]}
    answer = exchange({"url": question["url"] + PATH, "body": body, "timeout": SECONDS}, LIMIT)
    if "error" in answer:
        return {"ok": False, "kind": "refused", "error": readable(answer["error"])}, b""
    said = answer["body"] if isinstance(answer["body"], dict) else {}
    code, words = said.get("retcode"), str(said.get("retmsg", ""))
    given = said.get("data")
    data = given if isinstance(given, dict) else {}
    if code == _NOT_FOUND or _LACKS in words or (code == 0 and not data):
        return {"ok": False, "kind": "absent", "error": "it has no such model"}, b""
    if code != 0 or not all(isinstance(value, str) for value in data.values()):
        return {"ok": False, "kind": "code", "error": readable(f"{PATH} gets {code}: {words}")}, b""
    octets = json.dumps(data, sort_keys=True, separators=(",", ":")).encode()
    at = question["offset"]
    head = {"ok": True, "sha256": hashlib.sha256(octets).hexdigest(), "size": len(octets)}
    return head, octets[at : at + PIECE]


if __name__ == "__main__":
    head, part = transferred(json.loads(sys.argv[1]))
    sys.stdout.write(json.dumps(head) + "\n")
    sys.stdout.flush()
    sys.stdout.buffer.write(part)
