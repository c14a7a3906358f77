"""A server of gRPC in a process of its own, by the library that FATE's Python has; it prints its port.

Below `/test.Echo/`: `echo` returns the request; `large` answers with as many bytes as the request says; `fail` ends
with the status and the message in the request (`5:words`); `slow` sleeps for so many seconds; `metadata` answers with
what it was sent, and sends some itself.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc


def large(request: bytes, _: Any) -> bytes:
    return b"x" * int(request)


def fail(request: bytes, context: Any) -> bytes:
    number, _, words = request.decode().partition(":")
    code = next(code for code in grpc.StatusCode if code.value[0] == int(number))
    context.abort(code, words)
    return b""


def slow(request: bytes, _: Any) -> bytes:
    time.sleep(float(request))
    return request


def metadata(_: bytes, context: Any) -> bytes:
    context.send_initial_metadata((("first", "f" * 100),))
    context.set_trailing_metadata((("last", "l" * 100),))
    got = {name: value for name, value in context.invocation_metadata() if isinstance(value, str)}
    return json.dumps({**got, "left": context.time_remaining()}).encode()


METHODS = {"echo": lambda request, _: request, "large": large, "fail": fail, "slow": slow, "metadata": metadata}


class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
    def service(self, handler_call_details: Any) -> Any:
        method = METHODS.get(handler_call_details.method.removeprefix("/test.Echo/"))
        return grpc.unary_unary_rpc_method_handler(method) if method else None


def main(key: str = "", certificate: str = "", ca: str = "") -> None:
    """Print the port, and serve: over TLS with a key and a certificate, for clients of a CA where one is given."""
    server = grpc.server(ThreadPoolExecutor(4), handlers=[Handler()])
    if key:
        pair = (Path(key).read_bytes(), Path(certificate).read_bytes())
        trusted = Path(ca).read_bytes() if ca else None
        credentials = grpc.ssl_server_credentials([pair], trusted, require_client_auth=bool(ca))
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
