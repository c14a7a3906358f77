"""Runs on the node of a server of Serving 1: see `serving_server.moving`.

It takes models from a flow alone. So this program is the flow, at the address that the server's settings have, for as
long as one model is loaded.
"""

from __future__ import annotations

import json
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from fatecloud.components.serving_server.listing import CARRIED
from fatecloud.components.serving_server.moving import SECONDS, main
from fatecloud.components.serving_server.publishing import publish_load
from fatecloud.components.serving_server.v1.record import models
from fatecloud.probing.dialing import address_of, readable

WRITTEN = 10.0
"""Seconds in which it has written down what it loaded."""
_QUESTION = 1 << 16
"""Bytes of what it asks for a model with."""


def listed(question: dict[str, Any]) -> dict[str, Any]:
    """What it has on its record, which says `ok` only where that is false."""
    return {"ok": True, **models(question["data"], CARRIED)}


def load(question: dict[str, Any], octets: bytes, path: Path) -> dict[str, Any]:
    """Answer for a flow while it loads the model."""
    del path
    where = question["flow"]
    if not where:
        return {"ok": False, "kind": "flow", "error": "it has no address of a flow, and takes models from one alone"}
    socketserver.TCPServer.allow_reuse_address = True
    try:
        flow = socketserver.TCPServer(address_of(where), _handler(question, octets))
    except OSError as error:
        return {
            "ok": False,
            "kind": "flow",
            "error": readable(f"cannot answer for a flow at {where}: {error.strerror}"),
        }
    with flow:
        thread = threading.Thread(target=flow.serve_forever, daemon=True)
        thread.start()
        try:
            # Without a path: it does not know of one.
            done = publish_load(question["host"], question["port"], question["own"], question["partners"], "")
        finally:
            flow.shutdown()
    return _written(question) if done["ok"] else done


def _written(question: dict[str, Any]) -> dict[str, Any]:
    until, name = time.monotonic() + WRITTEN, (question["own"]["table"], question["own"]["namespace"])
    while time.monotonic() < until:
        if name in [(one["table"], one["namespace"]) for one in listed(question).get("models", [])]:
            return {"ok": True}
        time.sleep(0.2)
    return {"ok": False, "kind": "record", "error": "it has not written down that it loaded the model"}


def _handler(question: dict[str, Any], octets: bytes) -> Any:
    name = {"name": question["own"]["table"], "namespace": question["own"]["namespace"]}

    class Flow(BaseHTTPRequestHandler):
        """Has one model."""

        timeout = SECONDS

        def do_POST(self) -> None:
            """Give it to who asks for it by its name."""
            try:
                length = min(_QUESTION, int(self.headers.get("Content-Length", 0)))
                asked = json.loads(self.rfile.read(length).decode())
                known = {key: asked.get(key) for key in name} == name
            except (ValueError, AttributeError, RecursionError):
                known = False
            # The server of Serving 1 wants a code in any case.
            body = b'{"retcode":0,"data":' + octets + b"}" if known else b'{"retcode":100,"retmsg":"no such model"}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Standard error is for failures of this program."""

    return Flow


if __name__ == "__main__":
    main(listed, load)
