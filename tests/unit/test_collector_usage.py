"""How much room services take, as the collector weighs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fatecloud.collect.node import usage
from fatecloud.collect.shapes import misshapen

KIB = 1 << 10


def service(**places: Path) -> dict[str, object]:
    return {"key": "9999/flow@a1", "places": {kind: str(path) for kind, path in places.items()}}


def fill(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))


def test_entries_whose_names_differ_in_digits_only_are_one(tmp_path: Path) -> None:
    for job in ("202611290107009063300", "202611290110007665390"):
        fill(tmp_path / "logs" / job / "guest" / "ERROR", 64 * KIB)
    fill(tmp_path / "logs" / "fate_flow" / "stat.log", 8 * KIB)
    fill(tmp_path / "logs" / "console.log", 4 * KIB)
    fill(tmp_path / "elsewhere" / "large", 1 << 20)
    (tmp_path / "logs" / "link").symlink_to(tmp_path / "elsewhere")
    found = usage.usage({"services": [service(logs=tmp_path / "logs", data=tmp_path / "none")]})
    place = found["9999/flow@a1"]["logs"]
    assert found["9999/flow@a1"]["data"] is None
    assert {name: entry["count"] for name, entry in place["entries"].items()} == {
        "N": 2,
        "fate_flow": 1,
        "console.log": 1,
        "link": 1,
    }
    assert place["entries"]["N"]["bytes"] >= 128 * KIB
    assert place["entries"]["link"]["bytes"] < 64 * KIB
    assert 140 * KIB <= place["bytes"] < 1 << 20
    assert next(iter(place["entries"])) == "N"
    assert not misshapen("usage", found)


def test_names_and_their_number_are_bounded(tmp_path: Path) -> None:
    for number in range(30):
        fill(tmp_path / (chr(ord("a") + number % 26) * (90 + number)), KIB)
    fill(tmp_path / "two\nlines", KIB)
    place = usage.usage({"services": [service(data=tmp_path)]})["9999/flow@a1"]["data"]
    assert len(place["entries"]) == 8
    assert max(map(len, place["entries"])) <= 80


def test_a_directory_that_takes_too_long_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "_WORDS", ["sh", "-c", "sleep 60"])
    monkeypatch.setattr(usage, "_SECONDS", 0.2)
    spec = {"services": [service(data=tmp_path, logs=tmp_path)]}
    assert usage.usage(spec) == {"9999/flow@a1": {"data": None, "logs": None}}
