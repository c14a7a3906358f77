"""Servers of Serving that hold models: they speak gRPC by the real library, and keep their files as upstream's do."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fatecloud.probing.grpc.wire import field, fields

Name = tuple[str, str]
"""Table and namespace."""
_SERVICE = "/com.webank.ai.fate.api.mlmodel.manager.ModelService/"


class Server:
    """A server of Serving 2.

    Args:
        data: its data directory.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = 0
        self.loaded: dict[Name, dict[str, Any]] = {}
        self.bound: dict[str, Name] = {}
        self.refuses: dict[str, str] = {}
        """Method -> why it is refused."""
        self.forgets = False
        """Whether it says that it has bound a service id, and has not."""
        (data / ".fate").mkdir(parents=True)

    def answer(self, method: str, message: bytes) -> bytes:
        if method in self.refuses:
            return field(1, 110) + field(2, self.refuses[method])
        found = fields(message)
        return bytes(getattr(self, method)(found))

    def file(self, name: Name) -> Path:
        return self.data / ".fate" / f"model_{name[0]}_{name[1]}_cache"

    def queryModel(self, _: dict[int, list[Any]]) -> bytes:  # noqa: N802 - upstream's names
        return b"".join(field(3, self._listed(name, content)) for name, content in self.loaded.items())

    def _listed(self, name: Name, content: dict[str, Any]) -> bytes:
        services = [service for service, bound in self.bound.items() if bound == name]
        head = field(1, name[0]) + field(2, name[1])
        return head + b"".join(field(3, service) for service in services) + field(4, json.dumps(content))

    def publishLoad(self, found: dict[int, list[Any]]) -> bytes:  # noqa: N802
        model = json.loads(self._content(found))
        role, party = (fields(found[1][0])[number][0].decode() for number in (1, 2))
        # In an order of its own, as upstream's maps have one.
        text = json.dumps(dict(sorted(model.items(), reverse=True)), separators=(",", ":"))
        self.file(self._name(found)).write_text(text)
        self.loaded[self._name(found)] = {"role": role, "partId": party}
        return field(4, "{}")

    def _content(self, found: dict[int, list[Any]]) -> bytes:
        assert found[7] == [b"CACHE"]
        return Path(found[8][0].decode()).read_bytes()

    def _name(self, found: dict[int, list[Any]]) -> Name:
        return found[5][0].decode(), found[6][0].decode()

    def publishBind(self, found: dict[int, list[Any]]) -> bytes:  # noqa: N802
        name = self._name(found)
        if name not in self.loaded:
            return field(1, 104) + field(2, f"model {name[0]}_{name[1]} is not exist ")
        if not self.forgets:
            self.bound[found[4][0].decode()] = name
        return field(4, "{}")

    def unload(self, found: dict[int, list[Any]]) -> bytes:
        name = found[1][0].decode(), found[2][0].decode()
        self.file(name).unlink()
        del self.loaded[name]
        self.bound = {service: bound for service, bound in self.bound.items() if bound != name}
        return b""


class OldServer(Server):
    """A server of Serving 1: it has no list, fetches models from a flow, and keeps the requests that it got."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.flow = ""
        """Host and port."""
        self.requests: list[bytes] = []

    def answer(self, method: str, message: bytes) -> bytes:
        if method in self.refuses:
            return field(1, 110) + field(2, self.refuses[method])
        answer = super().answer(method, message)
        store = (
            self.data / ".fate" / ("publishLoadStore.cache" if method == "publishLoad" else "publishOnlineStore.cache")
        )
        self.requests.append(message)
        line = f"$1$ML${len(self.requests)}={base64.b64encode(message).decode()}:{1000 + len(self.requests)}\n"
        with store.open("a") as file:
            file.write(line)
        return answer

    def _content(self, found: dict[int, list[Any]]) -> bytes:
        name, namespace = self._name(found)
        body = json.dumps({"name": name, "namespace": namespace}).encode()
        call = urllib.request.Request(f"http://{self.flow}/v1/model/transfer", body)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(call, timeout=10) as answer:
            said = json.loads(answer.read())
        assert said["retcode"] == 0, said
        return json.dumps(said["data"]).encode()


@contextmanager
def running(*servers: Server) -> Iterator[None]:
    """The servers, each at a port of its own."""
    grpc = pytest.importorskip("grpc")
    started = []

    def listening(server: Server) -> Any:
        class Handler(grpc.GenericRpcHandler):  # type: ignore[misc,name-defined]
            def service(self, details: Any) -> Any:
                method = details.method.removeprefix(_SERVICE)
                return grpc.unary_unary_rpc_method_handler(lambda message, _: server.answer(method, message))

        made = grpc.server(ThreadPoolExecutor(2), handlers=[Handler()])
        server.port = made.add_insecure_port("127.0.0.1:0")
        made.start()
        return made

    try:
        started = [listening(server) for server in servers]
        yield
    finally:
        for one in started:
            one.stop(0).wait()
