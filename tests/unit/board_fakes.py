"""A FATEBoard on loopback: a page, a key, logins under that key, and what it says of flow, as the real one was seen."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
HOME = "<!DOCTYPE html><html><head><title>FateBoard</title></head></html>"
NO_PAGE = {"timestamp": "2026-11-29T12:00:00.000+00:00", "status": 404, "error": "Not Found", "path": "/"}
PLEASE_LOG_IN = {"code": 10015, "msg": "Please login first!"}


def said(data: Any = None, code: int = 0, message: str = "") -> dict[str, Any]:
    """An answer in its envelope."""
    return {"code": code, "msg": message, "data": data}


@dataclass
class FakeBoard:
    """What it takes and says; tests change it."""

    logins: dict[str, str] = field(default_factory=lambda: {"fate": "s3cret\\😀"})
    home: tuple[int, Any] = (200, HOME)
    key: Any = field(default_factory=lambda: said(PUBLIC))
    info: Any = field(default_factory=lambda: said({"flow-127.0.0.1-9380": {"version": "2.2.0"}}))
    jobs: Any = field(default_factory=lambda: said([]))
    sessions: set[str] = field(default_factory=set)
    begun: int = 0
    renews: int = 0
    """How many logins still meet a key that the board has renewed since it gave it."""

    def answer(self, path: str, cookie: str, body: bytes) -> tuple[int, Any, str]:
        """Status, content and a cookie to set."""
        if path == "/":
            return (*self.home, "")
        if path == "/user/getKey":
            return 200, self.key, ""
        if path == "/user/login":
            return self._login(json.loads(body))
        if path == "/user/logout":
            self.sessions.discard(cookie)
            return 200, said(message="OK"), ""
        if path in ("/v1/server/fateflow/info", "/job/query/status"):
            known = self.info if "info" in path else self.jobs
            return 200, known if cookie in self.sessions else PLEASE_LOG_IN, ""
        return 404, NO_PAGE, ""

    def _login(self, given: dict[str, str]) -> tuple[int, Any, str]:
        password = KEY.decrypt(b64decode(given["password"]), PKCS1v15()).decode()
        if self.logins.get(given["username"]) == password and self.renews:
            self.renews -= 1
            return 200, said(data=False, message="OK"), ""
        if self.logins.get(given["username"]) != password:
            return 200, said(data=False, message="OK"), ""
        self.begun += 1
        session = f"JSESSIONID={self.begun:032X}"
        self.sessions.add(session)
        return 200, said(data=True, message="OK"), session

    @contextmanager
    def at(self) -> Iterator[int]:
        """Its port."""
        board = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, content, cookie = board.answer(self.path, self.headers.get("Cookie", ""), body)
                text = (content if isinstance(content, str) else json.dumps(content)).encode()
                self.send_response(status)
                if cookie:
                    self.send_header("Set-Cookie", f"{cookie}; Max-Age=14400; Path=/; HttpOnly")
                self.end_headers()
                self.wfile.write(text)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                """Nothing on standard error."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
