"""Files that are made to hurt, given to the real program, whose kernel allows it six seconds and 200 MiB."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st
from inventory_bounds import MEMORY, SECONDS, Tally, judge_problems
from inventory_mutations import examples, spoiled_files, spoiled_trees

from fatecloud.errors import InventoryError
from fatecloud.inventory.document import VALUE_LIMIT
from fatecloud.inventory.loader import load
from fatecloud.shipped import folder

PROGRAM = (sys.executable, "-c", "from fatecloud.cli.main import main; main()", "inventory", "validate", "-i")
BUSY = 3
"""How much longer the same work takes a processor whose core and caches other tests use, too."""
LIMITS = f"ulimit -t {BUSY * SECONDS:.0f} && ulimit -v {MEMORY >> 10} && exec"
MIB = 1 << 20
ALONE, SPREAD = (folder("inventories").joinpath(f"{name}.yml").read_text() for name in ("all-in-one", "multi-node"))
HEAD = SPREAD.partition("parties:")[0]


def many(count: int, line: str) -> str:
    return "".join(line.replace("N", str(number)) for number in range(1, count))


def nodes(count: int, line: str) -> str:
    return SPREAD.replace("parties:", f"{many(count, line)}\nparties:")


HOSTILE: dict[str, Callable[[], tuple[str | bytes, str]]] = {
    "aliases that double": lambda: (
        "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9 if n else 'x'}]\n" for n in range(12)),
        "aliases counted",
    ),
    "a long value by many names": lambda: (f'a: &a "{"x" * MIB}"\nb: [{"*a, " * VALUE_LIMIT}]\n', "aliases counted"),
    "a long value where names go": lambda: (
        ALONE + 'peers: {"8": &a ' + "x" * MIB + many(9000, ", '9N': *a") + "}\n",
        "standalone does not connect parties",
    ),
    "flow in flow": lambda: ("a: " + "[" * MIB, "nest"),
    "one endless word": lambda: ("x" * 7 * MIB, "expected a mapping"),
    "one endless tag": lambda: (f"cluster: !{'a' * 7 * MIB} x", "the tag !aaa"),
    "one endless key": lambda: (f"{'k' * 900}: 1\n? {'k' * 7 * MIB}\n: 2\n", "unknown key 'kkk"),
    "endless digits": lambda: (SPREAD.replace("cores: 32", f"cores: {'9' * MIB}"), "cores is '9999"),
    "endless base sixty": lambda: (SPREAD.replace("cores: 32", f"cores: 1{':59' * MIB}"), "cores is '1:59"),
    "endless host name": lambda: (SPREAD.replace("192.0.2.11", f"{'a.' * MIB}"), "address is 'a.a."),
    "unknown keys": lambda: (many(VALUE_LIMIT // 2, f"{'k' * 700}N: 1\n"), "... and "),
    "one key again and again": lambda: ("a: 1\n" * (VALUE_LIMIT // 2 - 9), "duplicate key"),
    "nodes without an address": lambda: (nodes(VALUE_LIMIT // 4 - 50, '  "!N": {adress: 1}\n'), "cannot be used"),
    "one service on all nodes": lambda: (
        nodes(VALUE_LIMIT // 5 - 50, "  nN: {address: nN}\n").replace(
            "flow: comp", f"flow: [{many(3000, 'mN, ')}]\n #"
        ),
        "or one of ",
    ),
    "all parties on one node": lambda: (
        HEAD + "parties:\n" + many(VALUE_LIMIT // 6 - 50, "  'N': {services: {flow: compute}}\n"),
        "is wanted by",
    ),
    "a compressed file": lambda: (b"\x1f\x8b\x08\x00" + bytes(range(256)) * 1000, "is not UTF-8"),
}


_VARYING = re.compile(r"`[^`\n]*`|such as this line: id: [0-9a-f]{16}")
"""Commands, which the program prints as they can be typed where it runs, and the random id that it suggests."""


def validated(file: Path, content: bytes) -> subprocess.CompletedProcess[str]:
    """What the program says of a file. One that goes over its limits is killed, or runs out of memory and says so."""
    file.write_bytes(content)
    shell = f"{LIMITS} {shlex.join((*PROGRAM, str(file)))}"
    done = subprocess.run(
        ["sh", "-c", shell], capture_output=True, text=True, encoding="utf-8", check=False, timeout=120
    )
    assert "Traceback" not in done.stderr
    assert len(done.stderr) < MIB
    if done.returncode == 78:
        message, remedy, rest = done.stderr.rpartition("\n  next: ")
        assert remedy, done.stderr
        assert len(rest.splitlines()) == 1
        judge_problems(file, content, message, Tally())
        assert done.stdout == ""
    else:
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"{file}: valid: ")
    return done


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_made_to_hurt_is_refused_in_time(tmp_path: Path, make: Callable[[], tuple[str | bytes, str]]) -> None:
    text, expected = make()
    done = validated(tmp_path / "inventory.yml", text if isinstance(text, bytes) else text.encode())
    assert done.returncode == 78
    assert expected in done.stderr


def test_a_thousand_nodes_do_no_harm(tmp_path: Path) -> None:
    text = nodes(1000, "  nN: {address: 'fd00::N', cores: 8}\n")
    done = validated(tmp_path / "inventory.yml", text.encode())
    assert "nodes: 1003" in done.stdout


@pytest.mark.timeout(0)
@examples(20, 300, phases=(Phase.explicit, Phase.generate))
@given(content=st.one_of(spoiled_files(), spoiled_trees()))
def test_the_program_says_what_the_loader_says(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "inventory.yml"
    done = validated(file, content)
    if done.returncode == 0:
        load(file)
        return
    with pytest.raises(InventoryError) as refusal:
        load(file)
    assert _VARYING.sub("", done.stderr).startswith(_VARYING.sub("", f"{refusal.value.message}\n"))


def test_a_user_without_a_name_gets_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs under a number."""
    file = tmp_path / "inventory.yml"
    file.write_text(ALONE)

    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 54321")

    monkeypatch.setattr("getpass.getuser", unknown)
    with pytest.raises(InventoryError, match=r"inventory\.yml:14:3: the user who runs fatecloud .* has no name"):
        load(file)
