"""A command in a container, with an engine that sends what it says together with the headers of its answer."""

from __future__ import annotations

import json
import os
import select
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import docker
import pytest

from fatecloud.model.completed import Completed
from fatecloud.sandbox.execute import execute

AT_ONCE = 0.3
"""Seconds for which the engine waits for first words, to send them with its headers."""


class Engine(BaseHTTPRequestHandler):
    """As much of a Docker Engine as one command takes."""

    protocol_version = "HTTP/1.1"
    asked: dict[str, Any]
    status: int

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Nothing on the test's screen."""

    def do_GET(self) -> None:
        self._answer({"ExitCode": type(self).status})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/start"):
            self._run(type(self).asked)
        else:
            type(self).asked = json.loads(body)
            self._answer({"Id": "one"})

    def _answer(self, document: dict[str, Any]) -> None:
        text = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _run(self, asked: dict[str, Any]) -> None:
        pipes = (subprocess.PIPE, subprocess.PIPE, subprocess.PIPE)
        with subprocess.Popen(asked["Cmd"], stdin=pipes[0], stdout=pipes[1], stderr=pipes[2]) as process:
            assert process.stdin
            assert process.stdout
            assert process.stderr
            ends = {process.stdout.fileno(): 1, process.stderr.fileno(): 2}
            head = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
            self.connection.sendall(head + _frames(ends, AT_ONCE))
            process.stdin.write(self.connection.recv(100))
            process.stdin.close()
            while ends:
                self.connection.sendall(_frames(ends, 10))
        type(self).status = process.returncode
        self.close_connection = True


def _frames(ends: dict[int, int], seconds: float) -> bytes:
    """What comes out of a process next, as Docker wraps it; ends that are over are taken away."""
    frames = b""
    for end in select.select(list(ends), [], [], seconds)[0]:
        data = os.read(end, 1 << 16)
        frames += struct.pack(">BxxxL", ends[end], len(data)) + data if data else b""
        if not data:
            del ends[end]
    return frames


@pytest.fixture
def api() -> Iterator[docker.APIClient]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = docker.APIClient(base_url=f"http://127.0.0.1:{server.server_port}", version="1.41")
    yield client
    client.close()
    with suppress(OSError):
        server.shutdown()
    server.server_close()


def ran(api: docker.APIClient, *argv: str) -> Completed:
    return execute(api, "container", argv, user="root", timeout=20, environment={})


def test_the_first_words_of_a_command_are_not_lost(api: docker.APIClient) -> None:
    done = ran(api, "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.stdout, done.stderr, done.exit) == (b"out\n", b"err\n", 7)


def test_a_command_gets_no_input_and_may_say_much(api: docker.APIClient) -> None:
    assert ran(api, "cat").stdout == b""
    assert len(ran(api, "head", "-c", "300000", "/dev/zero").stdout) == 300_000
