"""What a server of Serving 2 would bring back at a start, out of its record as Java wrote it, and what it brought back.

The records in `fixtures/serving` were written by upstream's classes of 2.1.6, for a guest's model and a host's that had
been asked for: such a model also has a name of its own for counts, `M_TABLE_NAMESPACE`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fatecloud.components.serving_server.v2 import probe_store
from fatecloud.components.serving_server.v2.serialized import entries

RECORDS = Path(__file__).parent / "fixtures" / "serving"
ID = "arbiter-10000#guest-9999#host-10000#model"
GUEST, HOST = ("202611291", f"guest#9999#{ID}"), ("202611292", f"host#10000#{ID}")
FIRST, SECOND = "_".join(GUEST), "_".join(HOST)
SERVICES = {GUEST: ["credit", "risk_guest#1#x"], HOST: []}
Change = Callable[[], None]
Kept = Callable[..., dict[str, Any]]
UNANSWERED = {"ok": False, "kind": "silent", "error": "connected, then no answer"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the records and the files of both models."""
    found = tmp_path / ".fate"
    shutil.copytree(RECORDS, found)
    for name in (FIRST, SECOND):
        (found / f"model_{name}_cache").write_text('{"a": "b"}')
    return found


@pytest.fixture
def kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """The answer, where the server has these models when it is asked for the first time, the second time, and so on."""

    def ask(*times: list[tuple[str, str]], before: Change = lambda: None) -> dict[str, Any]:
        left = list(times)

        def loaded(_host: str, _port: int, *, seconds: float) -> dict[str, Any]:
            del seconds
            before()
            now = left.pop(0) if len(left) > 1 else left[0]
            return {"ok": True, "models": [{"table": t, "namespace": n, "services": SERVICES[t, n]} for t, n in now]}

        monkeypatch.setattr(probe_store, "loaded", loaded)
        monkeypatch.setattr(probe_store, "PAUSE", 0)
        return probe_store.store(str(folder.parent), "h", 1)

    return ask


BOTH = [GUEST, HOST]
WELL = {"ok": True, "record": "", "recorded": 2, "lost": {}, "unkept": {}, "unbound": {}}


def test_a_model_that_was_asked_for_is_one_model_on_the_record(kept: Kept) -> None:
    assert kept(BOTH) == WELL


def test_a_model_on_the_record_that_is_not_loaded_is_lost(kept: Kept, folder: Path) -> None:
    (folder / f"model_{SECOND}_cache").write_text('{"a": ')
    assert kept([GUEST]) == {**WELL, "lost": {SECOND: "its content is not a model"}}
    assert kept([]) == {
        **WELL,
        "lost": {FIRST: "", SECOND: "its content is not a model"},
        "unbound": {"credit": "", "risk_guest#1#x": ""},
    }


@pytest.mark.parametrize("times", [([], BOTH), ([], [GUEST], BOTH), ([GUEST], [GUEST], BOTH)])
def test_a_model_that_comes_back_while_it_looks_is_not_lost(kept: Kept, times: tuple[Any, ...]) -> None:
    assert kept(*times) == WELL


def test_where_it_changes_all_the_time_nothing_is_said(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_store, "LOOKS", 2)
    assert kept([], [GUEST]) == WELL


def test_a_model_that_is_loaded_or_removed_while_it_looks_is_neither_lost_nor_unkept(kept: Kept, folder: Path) -> None:
    record = folder / probe_store.LOADED
    text = record.read_bytes()
    record.unlink()
    assert kept([], before=lambda: record.write_bytes(text) and None)["lost"] == {}
    record.unlink()
    assert kept(BOTH, before=lambda: record.write_bytes(text) and None)["unkept"] == {}
    assert kept([], before=lambda: record.unlink(missing_ok=True))["lost"] == {}


@pytest.mark.parametrize("content", [b"", b'{"a": ', b"\0" * 10])
def test_a_file_that_was_cut_or_overwritten_is_damaged(kept: Kept, folder: Path, content: bytes) -> None:
    (folder / f"model_{FIRST}_cache").write_bytes(content)
    assert kept(BOTH)["unkept"] == {FIRST: "its content is not a model"}


def test_a_file_that_is_gone_and_an_entry_that_is_gone_are_not_kept(kept: Kept, folder: Path) -> None:
    (folder / f"model_{FIRST}_cache").unlink()
    assert kept(BOTH)["unkept"] == {FIRST: "No such file or directory"}
    (folder / probe_store.LOADED).unlink()
    assert kept(BOTH)["unkept"] == dict.fromkeys((FIRST, SECOND), "it is not on the record")


def test_a_server_without_models_keeps_none(kept: Kept, folder: Path) -> None:
    shutil.rmtree(folder)
    assert kept([]) == {**WELL, "recorded": 0}


def test_a_damaged_record_is_wrong_where_there_are_models(kept: Kept, folder: Path) -> None:
    record = folder / probe_store.LOADED
    whole = record.read_bytes()
    for content in (b"\0\0\0\0", whole[:-40], whole[:100], (folder / probe_store.BOUND).read_bytes()):
        record.write_bytes(content)
        found = kept(BOTH)
        assert found["record"].startswith(f"{record} is damaged: ")
        assert (found["lost"], found["unkept"]) == ({}, {})
        assert kept([]) == {**WELL, "recorded": 0, "unbound": dict.fromkeys(SERVICES[GUEST], "")}


def test_a_record_that_is_written_while_it_looks_is_not_damaged(kept: Kept, folder: Path) -> None:
    record = folder / probe_store.LOADED
    whole = record.read_bytes()
    record.write_bytes(whole[:100])
    assert kept(BOTH, before=lambda: record.write_bytes(whole) and None) == WELL


def test_a_server_that_does_not_answer_says_nothing_of_its_models(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(probe_store, "loaded", lambda *_, **__: UNANSWERED)
    found = probe_store.store(str(folder.parent), "h", 1)
    assert found == {**UNANSWERED, "lost": {}, "unkept": {}, "unbound": {}}


def test_every_cut_and_every_changed_byte_of_a_record_is_read_or_refused(folder: Path) -> None:
    """With nothing but a ValueError, whatever a file has."""
    whole = (folder / probe_store.LOADED).read_bytes()
    refused = 0
    for at in range(0, len(whole), 3):
        for octets in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]):
            try:
                entries(octets)
            except ValueError:
                refused += 1
    assert refused > len(whole) // 3
    for octets in (b"\xac\xed\x00\x05" + b"\x73" * 100_000, b"\xac\xed\x00\x05\x71\x00\x7e\x00\x00"):
        with pytest.raises(ValueError, match="cut off"):
            entries(octets)
