"""A flow 2 that holds models: it exports into a directory and believes paths in what it imports, as upstream's does."""

from __future__ import annotations

import email
import email.policy
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

Key = tuple[str, str, str, str, str]
"""Model, version, role, party, and `TASK/OUTPUT`."""


class Flow:
    """Its files, and what it does to them."""

    def __init__(self) -> None:
        self.files: dict[Key, bytes] = {}
        self.port = 0
        self.exports_also = ""
        """A path that its exports have beside the others."""
        self.asked: list[dict[str, str]] = []
        """Headers of each request."""

    def answer(self, path: str, headers: Any, body: bytes) -> dict[str, Any]:
        self.asked.append({name.lower(): value for name, value in headers.items()})
        if path == "/v2/model/import":
            return self._import(headers, body)
        asked = json.loads(body)
        whose = tuple(asked[name] for name in ("model_id", "model_version", "role", "party_id"))
        found = {key: octets for key, octets in self.files.items() if key[:4] == whose}
        if not found:
            return {"code": 2005, "message": f"No found output model: {asked}"}
        if path == "/v2/model/delete":
            self.files = {key: octets for key, octets in self.files.items() if key[:4] != whose}
            return {"code": 0, "message": "success", "data": {"count": True}}
        self._export(Path(asked["path"]), "_".join(whose), found)
        return {"code": 0, "message": "success"}

    def _export(self, place: Path, name: str, found: dict[Key, bytes]) -> None:
        place.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(place / f"{name}.zip", "w") as out:
            for key, octets in found.items():
                out.writestr("/".join(key), octets)
            if self.exports_also:
                out.writestr(self.exports_also, b"x")

    def _import(self, headers: Any, body: bytes) -> dict[str, Any]:
        head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
        form: dict[Any, bytes] = {}
        for part in email.message_from_bytes(head + body, policy=email.policy.HTTP).iter_parts():
            octets = part.get_payload(decode=True)
            assert isinstance(octets, bytes)
            form[part.get_param("name", header="content-disposition")] = octets
        model, version = form["model_id"].decode(), form["model_version"].decode()
        with zipfile.ZipFile(io.BytesIO(form["file"])) as given:
            for name in given.namelist():
                _, _, role, party, task, output = name.split("/")
                self.files[model, version, role, party, f"{task}/{output}"] = given.read(name)
        return {"code": 0, "message": "success"}


@contextmanager
def flowing(flow: Flow) -> Iterator[str]:
    """Its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            text = json.dumps(flow.answer(self.path, self.headers, body)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def here(argv: tuple[str, ...], stdin: bytes, seconds: float) -> bytes:
    """Runs a command of a node on this machine, with this Python."""
    assert shutil.which(sys.executable)
    done = subprocess.run([sys.executable, *argv[1:]], input=stdin, capture_output=True, timeout=seconds, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
