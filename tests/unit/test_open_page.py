"""`open`: which service's page, where a browser reaches it, and the way through a node to it."""

from __future__ import annotations

import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import small_cluster
from component_world import desired
from sessions import stand_in
from web_fakes import closed_port, serving

from fatecloud.errors import TransportError, UsageError
from fatecloud.model.service import PortUse
from fatecloud.transport.forwarding import forwarded
from fatecloud.transport.local import LocalTransport
from fatecloud.workflow.pages import opened, page_of

HERE, AWAY = "9999/board@a1", "10000/board@b1"
WORLD = desired("board")
TEXT = {"/": (200, "x" * 300_000)}


def read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - of this test
        body: bytes = answer.read()
    return body


@pytest.fixture
def node(tmp_path: Path) -> LocalTransport:
    return LocalTransport(small_cluster.node(tmp_path / "base"), lambda: None)


def test_the_one_service_with_a_page_is_meant() -> None:
    assert page_of(WORLD, [HERE, "9999/flow@a1"]).id.key == HERE
    with pytest.raises(UsageError, match="there are several: 9999/board@a1, 10000/board@b1"):
        page_of(WORLD, [HERE, AWAY])
    with pytest.raises(UsageError, match="none of these services has a page"):
        page_of(WORLD, ["9999/flow@a1"])


def test_a_browser_gets_large_pages_through_a_node_many_at_once(node: LocalTransport) -> None:
    with serving(TEXT) as port, forwarded(node, "127.0.0.1", port, 0) as forwarder:
        got: list[int] = []
        url = f"http://127.0.0.1:{forwarder.port}/"
        threads = [threading.Thread(target=lambda: got.append(len(read(url)))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert got == [300_000] * 8
        assert forwarder.lost is None
    with pytest.raises(OSError, match="refused"):
        read(url)


def test_the_services_own_number_is_used_here_where_it_is_free(node: LocalTransport) -> None:
    with serving(TEXT) as port, socket.create_server(("127.0.0.1", 0)) as taken:
        number = int(taken.getsockname()[1])
        with forwarded(node, "127.0.0.1", port, number) as forwarder:
            assert forwarder.port not in (0, number)
            assert len(read(f"http://127.0.0.1:{forwarder.port}/")) == 300_000
    with serving(TEXT) as port, forwarded(node, "127.0.0.1", port, number) as forwarder:
        assert forwarder.port == number


def test_a_service_that_is_down_is_named_at_once(node: LocalTransport) -> None:
    with pytest.raises(TransportError, match="refused"), forwarded(node, "127.0.0.1", closed_port(), 0):
        pass


def test_a_service_that_restarts_ends_no_way_and_a_lost_node_does(node: LocalTransport) -> None:
    class Breaking:
        code = ""

        @contextmanager
        def tunnel(self, host: str, port: int, *, timeout: float = 10) -> Iterator[Any]:
            if self.code:
                raise TransportError("a1", self.code, "no")
            with node.tunnel(host, port, timeout=timeout) as stream:
                yield stream

    transport: Any = Breaking()
    with serving(TEXT) as port, forwarded(transport, "127.0.0.1", port, 0) as forwarder:
        url = f"http://127.0.0.1:{forwarder.port}/"
        transport.code = "NODE_TUNNEL_REFUSED"
        with pytest.raises(OSError, match=r"closed|reset|Remote"):
            read(url)
        transport.code = ""
        assert len(read(url)) == 300_000
        transport.code = "NODE_UNREACHABLE"
        with pytest.raises(OSError, match=r"closed|reset|Remote"):
            read(url)
        assert forwarder.lost is not None


@pytest.mark.parametrize(("bind", "through"), [("127.0.0.1", "a1"), ("0.0.0.0", "")])  # noqa: S104 - never bound
def test_the_way_is_through_ssh_where_a_browser_reaches_nothing(node: LocalTransport, bind: str, through: str) -> None:
    with serving(TEXT) as port:
        # What is bound to all addresses is asked at the node's own, which in this world leads back here.
        service = replace(WORLD.services[HERE], ports=(PortUse("http", port, bind),))
        cluster = replace(
            WORLD.cluster,
            nodes={**WORLD.cluster.nodes, "a1": replace(WORLD.cluster.nodes["a1"], advertise="127.0.0.1")},
        )
        session: Any = stand_in(replace(WORLD, cluster=cluster), connect=lambda *_: node)
        with opened(session, service) as page:
            assert (page.through, page.page.account, page.page.secret) == (through, "fate", "9999.board.login")
            assert len(read(page.url)) == 300_000


def test_a_page_of_this_machine_needs_no_way() -> None:
    cluster = replace(
        WORLD.cluster, nodes={**WORLD.cluster.nodes, "a1": replace(WORLD.cluster.nodes["a1"], connection="local")}
    )
    session: Any = stand_in(replace(WORLD, cluster=cluster), connect=lambda *_: pytest.fail("connected"))
    with opened(session, WORLD.services[HERE]) as page:
        assert (page.url, page.through) == ("http://127.0.0.1:8080/", "")
