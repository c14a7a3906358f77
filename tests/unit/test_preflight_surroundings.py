"""The readings that only a deployment needs, taken on this machine."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from fatecloud.collect.node import surroundings


def test_the_own_addresses_hold_loopback() -> None:
    assert "127.0.0.1" in surroundings.addresses()


def test_directories_are_listed_and_absent_ones_differ_from_empty_ones(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "empty").mkdir()
    for number in range(12):
        (tmp_path / "full" / f"f{number:02}").touch()
    paths = [f"{tmp_path}/{name}" for name in ("full", "empty", "absent")]
    full, empty, absent = surroundings.directories({"directories": paths, "layout": {"ours": []}}).values()
    assert full is not None
    assert empty is not None
    assert (full["entries"], full["names"][0], len(full["names"])) == (12, "f00", 10)
    assert (empty["entries"], empty["names"]) == (0, [])
    assert absent is None


def test_proxies_are_reported_without_their_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://ana:planted@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setattr(surroundings, "output_of", lambda _: "C\nC.utf8\n")
    found = surroundings.environment()
    assert found["proxy"]["https_proxy"] == "http://***@proxy.example:3128"
    assert found["no_proxy"] == "localhost"
    assert found["locale_utf8"] is True


def test_endpoints_are_tried_and_the_kind_of_failure_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as closed:
        open_port, closed_port = server.getsockname()[1], closed.getsockname()[1]
        closed.close()
        asked = [{"host": "127.0.0.1", "port": open_port}, {"host": "127.0.0.1", "port": closed_port}]
        found = surroundings.connects({"connects": asked})
    assert found[f"127.0.0.1:{open_port}"]["ok"] is True
    assert found[f"127.0.0.1:{closed_port}"]["kind"] == "refused"
