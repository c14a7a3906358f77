"""Files that are not an inventory: one clear line each, fast, for all kinds of bytes."""

import os
import time
from pathlib import Path

import pytest
from inventory_fakes import COMPONENTS, GOOD, loaded
from inventory_sources import SERVING

from fatecloud.errors import InventoryError
from fatecloud.inventory.loader import load
from fatecloud.inventory.show import show

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)

FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "1:1: the file is empty, expected an inventory"),
    "only white space": (b"\n  \n", "1:1: the file is empty"),
    "only a comment": (b"# nothing\n", "1:1: the file has no content"),
    "a scalar": (b"hello\n", "1:1: the file contains 'hello', expected a mapping"),
    "a list": (b"- a\n- b\n", "1:1: the file contains a list, expected a mapping"),
    "UTF-16": (GOOD.encode("utf-16"), "1:1: the file is UTF-16 text, expected UTF-8"),
    "Latin-1": (b"apiVersion: fatecloud/v1\ncluster: d\xe9mo\n", "2:11: byte 0xe9 is not UTF-8"),
    "binary": (b"\x7fELF\x02\x01\x01\x00\x00", "1:1: character U+007F is not printable"),
    "a NUL": (b"cluster: de\x00mo\n", "1:12: character U+0000 is not printable"),
    "a tab": (b"nodes:\n\ta1: {}\n", "2:1: a tab character, expected spaces"),
    "no YAML": (b"nodes: [a, b\nparties: {}\n", "2:8: not YAML: while parsing a flow sequence"),
    "two documents": (b"cluster: a\n---\ncluster: b\n", "2:1: a second document begins here"),
    "a bomb": (BOMB.encode(), "more than 20000 values (aliases counted)"),
    "an alias of itself": (b"a: &a [*a]\n", "1:8: the alias *a is inside its own anchor"),
    "an alias of nothing": (b"a: *b\n", "1:4: the alias *b has no anchor before it"),
    "too deep": (b"a: " + b"[" * 500, "nested deeper than 32 levels"),
    "far too deep": (b"a: " + b"[" * 100_000, " nest"),
    "too deep in blocks": (b"- " * 100_000 + b"x", "nested deeper than 32 levels"),
    "too many values": (b"a: [" + b"x," * 200_000 + b"]", "more than 20000 values"),
    "too large": (b"#" * (9 * 1024 * 1024), "1:1: the file is larger than 8 MiB"),
    "a tag": (
        b"cluster: !!python/object/apply:os.system [id]\n",
        "1:10: the tag tag:yaml.org,2002:python/object/apply",
    ),
    "a list as a key": (b"? [a, b]\n: c\n", "1:3: a list or mapping as a key"),
    "a merge key": (b"a: &a {b: c}\nd: {<<: *a}\n", "2:5: the merge key << is not allowed, expected `defaults`"),
    "a directive": (b"%YAML 9.9\n---\na: b\n", "not YAML: "),
}


@pytest.mark.parametrize(("content", "expected"), FILES.values(), ids=FILES.keys())
def test_anything_but_an_inventory_gets_one_line_and_quickly(tmp_path: Path, content: bytes, expected: str) -> None:
    file = tmp_path / "inventory.yml"
    file.write_bytes(content)
    started = time.process_time()
    with pytest.raises(InventoryError) as caught:
        load(file, components=COMPONENTS)
    assert time.process_time() - started < 2
    assert caught.value.exit_status == 78
    first = caught.value.message.splitlines()[0]
    assert first.startswith(f"{file}:")
    assert expected in caught.value.message


@pytest.mark.parametrize(
    ("name", "expected"), [("", "is a directory"), ("absent.yml", "no such file"), ("pipe", "is not a regular file")]
)
def test_paths_that_are_not_files(tmp_path: Path, name: str, expected: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InventoryError) as caught:
        load(tmp_path / name, components=COMPONENTS)
    assert caught.value.message.startswith(str(tmp_path))
    assert expected in caught.value.message
    assert len(caught.value.message.splitlines()) == 1


def test_a_path_with_a_nul_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"cannot be read|no such file"):
        load(tmp_path / "a\0b", components=COMPONENTS)


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbf" + GOOD.encode(), GOOD.replace("\n", "\r\n").encode(), f"---\n{GOOD}...\n".encode()],
    ids=["byte order mark", "Windows line ends", "document marks"],
)
def test_harmless_forms_are_accepted(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "inventory.yml"
    file.write_bytes(content)
    plain = loaded(tmp_path, GOOD)
    file.write_bytes(content)
    assert load(file, components=COMPONENTS).parties == plain.parties


def test_positions_are_right_behind_windows_line_ends_and_wide_characters(tmp_path: Path) -> None:
    text = "\N{BYTE ORDER MARK}" + GOOD.replace("cluster: demo", 'cluster: "dämö"').replace("\n", "\r\n")
    with pytest.raises(InventoryError, match=r"inventory\.yml:2:10: cluster is 'dämö'"):
        loaded(tmp_path, text)


def test_anchors_serve_small_repetitions(tmp_path: Path) -> None:
    text = GOOD.replace("{user: ops, port: 2222}", "&ssh {user: ops, port: 2222}")
    text = text.replace("{address: 10.0.0.11}", "{address: 10.0.0.11, ssh: *ssh}")
    assert loaded(tmp_path, text).nodes["a1"].ssh.port == 2222


@pytest.mark.parametrize("written", ["1e-06", "1E-6", "1.0e-6", "0.000001"])
def test_a_number_is_one_in_any_version_of_yaml(tmp_path: Path, written: str) -> None:
    file = tmp_path / "inventory.yml"
    file.write_text(SERVING.replace("tolerance: 0.001", f"tolerance: {written}"), encoding="utf-8")
    cluster = load(file)
    assert cluster.groups["online"].config["serving-proxy"]["shadow.tolerance"] == 0.000001
    assert "tolerance: 1.0e-06 " in show(cluster, full=False)
