"""Runs on the node: asks a FATEBoard as a browser does, and logs out again.

A login that is refused is an answer like any other: code 0, with `false`. A session that no one ends takes memory of
FATEBoard for hours.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fatecloud.components.board.rsa import encrypted
from fatecloud.probing.dialing import readable, trouble
from fatecloud.probing.http_get import NoHttp, get, post_for_cookies

OK = 200
MOST = 4 << 20
KEY_SECONDS = 25.0
"""For its key, of a board that shows a page. It makes a new one every 300 s, and the first was seen to take 18 s."""


class Board:
    """One FATEBoard, with or without a login."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port, self._cookies = host, port, ""
        self._shown = False

    def page(self, path: str, seconds: float) -> tuple[int, bytes]:
        """Status and text of a page. Raises OSError, or NoHttp."""
        status, _, body = get(self._host, self._port, path, timeout=seconds, headers=self._headers(), limit=MOST)
        return status, body

    def call(self, path: str, seconds: float, body: object = None, verb: str = "POST") -> dict[str, Any]:
        """What it answers to a request of its own page: `code` and `data`; or `kind` and `error` in another form."""
        text = b"" if body is None else json.dumps(body).encode()
        try:
            if verb == "GET":
                status, answer = self.page(path, seconds)
            else:
                status, _, answer, cookies = post_for_cookies(
                    self._host, self._port, path, text, timeout=seconds, headers=self._headers(), limit=MOST
                )
                self._cookies = cookies or self._cookies
            envelope = json.loads(answer)
            found = {"code": int(envelope["code"]), "message": readable(envelope.get("msg", ""))}
        except OSError as error:
            return trouble(error, seconds, "silent")
        except (NoHttp, ValueError, KeyError, TypeError, RecursionError) as error:
            return {"ok": False, "kind": "foreign", "error": f"what answers is not FATEBoard: {readable(repr(error))}"}
        if status != OK:
            return {"ok": False, "kind": "status", "error": f"HTTP {status} to {path}"}
        return {**found, "data": envelope.get("data")}

    def key(self, seconds: float) -> dict[str, Any]:
        """The key for passwords, as `data`, or likewise. A board that hangs shows no page, and is found soon."""
        if not self._shown:
            try:
                self.page("/", seconds)
            except OSError as error:
                return trouble(error, seconds, "silent")
            except NoHttp as error:
                return {"ok": False, "kind": "foreign", "error": f"what answers is not FATEBoard: {readable(error)}"}
            self._shown = True
        found = self.call("/user/getKey", KEY_SECONDS)
        if "kind" in found or found["code"] == 0:
            return found
        return {"ok": False, "kind": "foreign", "error": f"it gives no key: {found['message']}"}

    def login(self, account: str, password: str, key: str, seconds: float) -> dict[str, Any]:
        """Whether it takes a login: `data` is true or false.

        Args:
            key: what `/user/getKey` gave.
        """
        try:
            word = b64encode(encrypted(password.encode(), key)).decode()
        except ValueError as error:
            return {"ok": False, "kind": "foreign", "error": f"its key is none: {readable(error)}"}
        return self.call("/user/login", seconds, {"username": account, "password": word})

    def logout(self, seconds: float) -> None:
        """End the session."""
        if self._cookies:
            self.call("/user/logout", seconds)
            self._cookies = ""

    def _headers(self) -> dict[str, str]:
        return {"Cookie": self._cookies} if self._cookies else {}


@contextmanager
def logged_in(board: Board, account: str, password: str, seconds: float) -> Iterator[dict[str, Any]]:
    """The answer to a login; the session ends with the block."""
    key = board.key(seconds)
    if "kind" in key:
        yield key
        return
    try:
        yield board.login(account, password, str(key["data"]), seconds)
    finally:
        board.logout(seconds)
