"""The collector as it is shipped, run on this machine; and its parts on planted files and answers."""

from __future__ import annotations

import ast
import errno
import hashlib
import io
import itertools
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import threading
import time
import xmlrpc.client
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fatecloud.collect import shipment
from fatecloud.collect.drift import PARTS as COMPARISON
from fatecloud.collect.logs import PARTS as LOG_READER
from fatecloud.collect.node import (
    accounts,
    confinement,
    hashes,
    listing,
    log_ends,
    main,
    opening,
    packages,
    privileges,
    probes,
    processes,
    reading,
    register,
    services,
    sockets,
    store,
    supervision,
    system,
)
from fatecloud.collect.node.reading import Ended, Unreadable
from fatecloud.components.script import script_text
from fatecloud.model.layout import for_collector

LAID = {"layout": for_collector("/nowhere")}
NODE = Path(shipment.__file__).parent / "node"


def ship(spec: dict[str, Any], path: str | None = None, base: str = "/nowhere") -> subprocess.CompletedProcess[bytes]:
    """Start the collector as a node does."""
    environment = {"PATH": path if path is not None else os.environ["PATH"]}
    command = ["/bin/sh", *shipment.command(base)[1:]]
    return subprocess.run(
        command, input=shipment.stdin(spec), capture_output=True, env=environment, timeout=60, check=False
    )


def document(spec: dict[str, Any]) -> dict[str, Any]:
    done = ship(spec)
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("path", sorted(NODE.glob("*.py")), ids=lambda path: path.name)
def test_it_is_python_3_6_and_imports_only_the_standard_library(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 6))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [str(node.module)]
        assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names
        assert not isinstance(node, ast.NamedExpr | ast.Match)
        assert not (isinstance(node, ast.ImportFrom) and node.module == "__future__")


def test_every_part_is_shipped() -> None:
    shipped = {*shipment.PARTS, *LOG_READER, *COMPARISON, "limited"}
    assert {f"{part}.py" for part in shipped} | {"__init__.py"} == {path.name for path in NODE.glob("*.py")}


def test_the_whole_document_comes_from_one_exec_and_nothing_is_left_behind(tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.write_bytes(b"hello")
    planted.chmod(0o640)
    before = sorted(tmp_path.rglob("*"))
    spec = {
        "layout": for_collector(str(tmp_path)),
        "files": [str(planted), str(tmp_path / "gone")],
        "paths": [str(tmp_path / "not" / "yet")],
        "users": ["root", "no-such-user-here"],
        "sysctl": ["kernel.ostype", "no.such.thing"],
        "tools": ["sh", "no-such-tool"],
    }
    seen = document(spec)
    assert seen["version"] == 1
    assert set(seen["facts"]) == (set(main.OF_THE_NODE) | set(main.OF_THE_SPEC)) - main.ON_REQUEST - main.NAMED
    facts = {name: entry["value"] for name, entry in seen["facts"].items() if "value" in entry}
    assert facts["files"][str(planted)]["sha256"] == hashlib.sha256(b"hello").hexdigest()
    assert facts["files"][str(planted)]["mode"] == "0640"
    assert facts["files"][str(tmp_path / "gone")] is None
    disk = facts["disk"][str(tmp_path / "not" / "yet")]
    assert (disk["exists"], disk["writable"]) == (False, True)
    assert disk["total"] >= disk["available"] > 0
    assert facts["users"]["root"]["uid"] == 0
    assert facts["users"]["no-such-user-here"] is None
    assert facts["sysctl"] == {"kernel.ostype": "Linux", "no.such.thing": None}
    assert facts["tools"]["no-such-tool"] is None
    assert facts["manifest"] is None
    assert abs(facts["clock"]["epoch"] - time.time()) < 60
    assert seen["begun"] <= seen["finished"]
    assert sorted(tmp_path.rglob("*")) == before


def test_only_what_is_wanted_is_read() -> None:
    assert set(document({**LAID, "want": ["clock", "os"]})["facts"]) == {"clock", "os"}


def test_an_interpreter_of_another_kind_compiles_what_was_shipped_and_says_the_same() -> None:
    tell = "import json, sys; print(json.dumps({'from': sys._getframe().f_code.co_filename}))"
    asked = [{"id": "a", "argv": PYTHON_PROBE}, {"id": "b", "argv": PYTHON_PROBE, "stdin": tell}]
    done = [answered(shipped) for shipped in both_ways({**LAID, "want": ["identity", "weather"], "probes": asked})]
    seen = [json.loads(one.stdout.splitlines()[-1]) for one in done]
    assert seen[0]["facts"] == seen[1]["facts"]
    assert "error" in seen[0]["facts"]["weather"]
    assert [one["probes"]["b"]["data"]["from"] for one in seen] == ["<b>", "<b>"]
    assert seen[0]["probes"]["a"]["error"] == seen[1]["probes"]["a"]["error"] == "exit 0: it printed nothing"


def test_an_error_of_the_collector_names_its_file_and_line_however_it_was_shipped() -> None:
    lines = (NODE / "main.py").read_text().splitlines()
    place = 1 + next(number for number, line in enumerate(lines) if 'spec.get("deadline"' in line)
    for shipped in both_ways({**LAID, "deadline": "soon"}):
        assert f'File "collector/main.py", line {place}, in collect' in answered(shipped).stderr.decode()


def both_ways(spec: Mapping[str, Any]) -> list[bytes]:
    """What is sent, for an interpreter that takes the compiled form, and for one that takes the source."""
    numbers, _, rest = shipment.stdin(spec).partition(b"\n")
    magic, *sizes = numbers.split()
    return [b" ".join([bytecode, *sizes]) + b"\n" + rest for bytecode in (magic, b"0")]


def answered(shipped: bytes) -> subprocess.CompletedProcess[bytes]:
    argv = ["/bin/sh", *shipment.command("/nowhere")[1:]]
    return subprocess.run(argv, input=shipped, capture_output=True, timeout=60, check=False)


def test_a_script_says_what_went_wrong() -> None:
    fails = {"id": "fails", "argv": PYTHON_PROBE, "stdin": "def f():\n    raise KeyError('nothing')\nf()\n"}
    wrong = {"id": "wrong", "argv": PYTHON_PROBE, "stdin": "x = (\n"}
    found = document({**LAID, "want": ["clock"], "probes": [fails, wrong]})["probes"]
    assert found["fails"]["error"] == "exit 1: KeyError: 'nothing'"
    assert found["wrong"]["error"].startswith("exit 1: SyntaxError: ")


def test_what_is_shipped_compiled_names_no_file_of_this_machine() -> None:
    numbers, _, rest = shipment.stdin({}).partition(b"\n")
    code = zlib.decompress(rest[: int(numbers.split()[1])])
    assert str(NODE.parent.parent.parent).encode() not in code
    assert b"reading" in code


def test_a_fact_that_does_not_exist_is_an_error_of_its_own() -> None:
    facts = document({**LAID, "want": ["clock", "weather"]})["facts"]
    assert "error" in facts["weather"]
    assert "value" in facts["clock"]


def test_a_damaged_manifest_is_an_error_and_costs_no_other_fact(tmp_path: Path) -> None:
    (tmp_path / ".fatecloud").mkdir()
    (tmp_path / ".fatecloud" / "manifest.json").write_text("{")
    facts = document(
        {"layout": for_collector(str(tmp_path)), "want": ["manifest", "files", "lease"], "files": ["/etc/passwd"]}
    )["facts"]
    assert "damaged" in facts["manifest"]["error"]
    assert facts["files"]["value"]["/etc/passwd"]["sha256"]
    assert facts["lease"] == {"value": None}


def test_the_register_is_read_with_bounds_and_from_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, folder = tmp_path / "fate", tmp_path / "clusters.d"
    (base / ".fatecloud").mkdir(parents=True)
    (base / ".fatecloud" / "manifest.json").write_text("{}")
    folder.mkdir()
    good = {"id": "c" * 16, "cluster": "demo", "node": "a1", "base": str(base)}
    (folder / "a.json").write_text(json.dumps(good))
    (folder / "b.json").write_text(json.dumps({**good, "base": "/gone", "more": 1}))
    (folder / "c.json").write_text(json.dumps({**good, "base": 7}))
    (folder / "d.json").write_text("{" * 9999)
    (folder / "e.json").symlink_to(folder / "a.json")
    (folder / "f.txt").write_text(json.dumps(good))
    spec = {"layout": LAID["layout"] | {"registers": [str(folder), "/nowhere"]}}
    assert register.register(spec) == [{**good, "there": True}, {**good, "base": "/gone", "there": False}]
    os.chown(folder / "a.json", 1, 1)
    assert [entry["base"] for entry in register.register(spec)] == ["/gone"]


def test_an_entry_that_goes_away_or_cannot_be_read_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"id": "c" * 16, "cluster": "demo", "node": "a1", "base": "/gone"}
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.json").write_text(json.dumps(good))
    (tmp_path / "d.json").write_text("[" * 4096)
    read = opening.text_in

    def text_in(path: str, largest: int, **more: Any) -> str:
        if path.endswith("a.json"):
            raise FileNotFoundError(path)
        if path.endswith("b.json"):
            raise OSError(errno.EIO, "input/output error")
        return read(path, largest, **more)

    spec = {"layout": LAID["layout"] | {"registers": [str(tmp_path), "/nowhere"]}}
    monkeypatch.setattr(register, "text_in", text_in)
    assert register.register(spec) == [{**good, "there": False}]


def test_machines_are_distinguished_by_boot_and_root(tmp_path: Path) -> None:
    facts = document({"layout": for_collector(str(tmp_path)), "want": ["identity", "register"]})["facts"]
    own = facts["identity"]["value"]
    assert own["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert own["root_inode"] == f"{Path('/').stat().st_dev}:{Path('/').stat().st_ino}"
    assert isinstance(facts["register"]["value"], list)


def ask(*asked: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Answers to some probes, by id."""
    answers: dict[str, dict[str, Any]] = {}
    numbered = [{"id": str(number), **probe} for number, probe in enumerate(asked)]
    for thread in probes.started({"probes": numbered, "asker": shipment.asker()}, answers):
        thread.join(30)
    return answers


def test_probes_give_their_object_or_say_why_not() -> None:
    asked: dict[str, dict[str, Any]] = {
        "good": {"argv": ["sh", "-c", "cat"], "stdin": '{"ok": true}'},
        "chatty": {"argv": ["sh", "-c", "echo loading; echo '{\"ok\": false}'; exit 1"]},
        "silent": {"argv": ["sh", "-c", "echo no route >&2; exit 3"]},
        "slow": {"argv": ["sh", "-c", "sleep 30 & sleep 30"], "timeout": 0.5},
        "absent": {"argv": ["/no/such/program"]},
        "stranger": {"argv": ["true"], "user": "no-such-user-here"},
    }
    begun = time.monotonic()
    found = document({**LAID, "want": ["clock"], "probes": [{"id": k, **v} for k, v in asked.items()]})
    assert time.monotonic() - begun < 20
    answers = found["probes"]
    assert (answers["good"]["data"], answers["good"]["error"], answers["good"]["exit"]) == ({"ok": True}, None, 0)
    assert (answers["chatty"]["data"], answers["chatty"]["exit"]) == ({"ok": False}, 1)
    assert answers["silent"]["error"] == "exit 3: no route"
    assert answers["slow"]["error"] == "timeout after 0.5 s"
    assert answers["slow"]["exit"] is None
    assert "cannot start" in answers["absent"]["error"]
    assert "no-such-user-here" in answers["stranger"]["error"]


def test_a_probe_at_its_deadline_takes_its_whole_group_along(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    (answer,) = ask({"argv": ["sh", "-c", f"sleep 60 & echo $! > {mark}; wait"], "timeout": 1.0}).values()
    assert answer["error"] == "timeout after 1 s"
    assert gone(int(mark.read_text()))


def gone(pid: int) -> bool:
    """Whether a process has ended, or does within some seconds."""
    until = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] not in "ZX":
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_the_deadline_holds_although_a_probe_does_not_come_back() -> None:
    begun = time.monotonic()
    slow = [{"id": "slow", "argv": ["sleep", "60"], "timeout": 60}]
    found = document({**LAID, "want": ["clock"], "deadline": 1, "probes": slow})
    assert time.monotonic() - begun < 15
    assert found["probes"]["slow"]["error"] == "not there within 1 s"
    assert "value" in found["facts"]["clock"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_probe_runs_as_the_user_that_it_is_asked_as() -> None:
    script = (
        "import os, json; print(json.dumps({'uid': os.getuid(), 'groups': os.getgroups(), 'home': os.environ['HOME']}))"
    )
    alone = {"argv": ["/usr/bin/python3", "-c", script], "user": "nobody", "timeout": 20}
    shared = {"argv": ["/usr/bin/python3", "-"], "stdin": script, "user": "nobody", "timeout": 20}
    for answer in ask(alone, shared).values():
        assert answer["data"] == {"uid": 65534, "groups": [65534], "home": "/nonexistent"}


PYTHON_PROBE = ["python3", "-I", "-B", "-S", "-", "word"]


def test_probes_of_one_interpreter_share_its_start_and_nothing_else(tmp_path: Path) -> None:
    tell = "import json, os, sys\nfound = {'parent': os.getppid(), 'said': sys.argv[1:], 'x': globals().get('x')}\n"
    tell += "print(json.dumps(found))"
    asked: dict[str, dict[str, Any]] = {
        "first": {"stdin": f"x = 1\n{tell}"},
        "second": {"stdin": tell},
        "broken": {"stdin": "raise KeyError('nothing')"},
        "ended": {"stdin": "import sys\nprint('{\"ok\": false}')\nsys.exit(3)"},
        "killed": {"stdin": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"},
        "slow": {
            "stdin": f"import subprocess\nsubprocess.run(['sh', '-c', 'sleep 60 & echo $! > {tmp_path}/pid; wait'])",
            "timeout": 2.0,
        },
        "wrong": {"stdin": "def"},
        "loud": {"stdin": "print('x' * 200000)\nprint('{\"ok\": true}')"},
        "endless": {"stdin": "while True: print('x' * 65536)"},
        "furious": {"stdin": "import sys\nwhile True: sys.stderr.write('x' * 65536)"},
        "too long": {"stdin": "print('x' * (1 << 18))\nprint('{\"ok\": true}')"},
        "no text": {"stdin": "import sys\nsys.stdout.buffer.write(b'\\0' * 250000)"},
        "deep": {"stdin": "print('{\"a\":' + '[' * 900 + ']' * 900 + '}')"},
        "deepest": {"stdin": "print('{\"a\":' + '[' * 90000 + ']' * 90000 + '}')"},
        "no number": {"stdin": "print('{\"a\": NaN}')"},
    }
    answers = ask(*({"argv": PYTHON_PROBE, "timeout": 60.0, **probe} for probe in asked.values()))
    found = dict(zip(asked, (answers[str(number)] for number in range(len(asked))), strict=True))
    assert found["first"]["data"]["said"] == ["word"]
    assert found["first"]["data"]["parent"] == found["second"]["data"]["parent"] != os.getpid()
    assert (found["first"]["data"]["x"], found["second"]["data"]["x"]) == (1, None)
    assert found["broken"]["error"] == "exit 1: KeyError: 'nothing'"
    assert (found["ended"]["data"], found["ended"]["exit"]) == ({"ok": False}, 3)
    assert found["killed"]["exit"] == -9
    assert found["slow"]["error"] == "timeout after 2 s"
    assert "SyntaxError" in found["wrong"]["error"]
    assert found["loud"]["data"] == {"ok": True}
    for name in ("endless", "furious", "too long"):
        assert found[name]["error"] == "it printed more than 256 KiB, and was ended"
    assert "most of that was not text" in found["no text"]["error"]
    for name in ("deep", "deepest", "no number"):
        assert (found[name]["exit"], found[name]["data"]) == (0, None)
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_check_loads_nothing_that_costs_a_node_more_than_it_gives(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"text")
    script = script_text("flow", "v2/probe_api.py").replace('if __name__ == "__main__":', "if False:")
    tell = f"{script}\nimport json, sys\nprint(json.dumps({{'loaded': sorted(sys.modules)}}))"
    probe = {"id": "tell", "argv": PYTHON_PROBE, "stdin": tell}
    found = document({**LAID, "want": ["files"], "files": [str(file)], "probes": [probe]})
    loaded = found["probes"]["tell"]["data"]["loaded"]
    assert not {"hashlib", "pathlib", "http.client", "logging"} & set(loaded)
    assert found["facts"]["files"]["value"][str(file)]["sha256"] == hashlib.sha256(b"text").hexdigest()


TELL = """
import json, os, sys
def tell(**more):
    line = {"id": "0", "exit": 0, "stdout": "{}", "stderr": "", "error": None, **more}
    with open("/proc/%d/fd/1" % os.getppid(), "w") as parent:
        parent.write(json.dumps(line) + "\\n")
"""


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own that has nothing to do with the collector."""
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_a_process_id_that_a_probes_process_names_is_never_signalled(bystander: subprocess.Popen[bytes]) -> None:
    named = f"tell(pid={bystander.pid})\nimport time\ntime.sleep(60)"
    forged = {"id": "0", "argv": PYTHON_PROBE, "stdin": TELL + named, "timeout": 60.0}
    document({**LAID, "want": ["clock"], "deadline": 2, "probes": [forged]})
    with pytest.raises(subprocess.TimeoutExpired):
        bystander.wait(0.5)


def test_the_deadline_ends_the_questions_of_a_shared_interpreter_and_what_they_started(tmp_path: Path) -> None:
    script = f"import subprocess\nsubprocess.run(['sh', '-c', 'sleep 60 & echo $! > {tmp_path}/pid; wait'])"
    slow = {"id": "0", "argv": PYTHON_PROBE, "stdin": script, "timeout": 60.0}
    found = document({**LAID, "want": ["clock"], "deadline": 2, "probes": [slow]})
    assert found["probes"]["0"]["error"] == "not there within 2 s"
    assert gone(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("tell(id='other')", "no question of ours"),
        ("tell()\ntell()", "no question of ours"),
        ("tell(exit='0')", "no question of ours"),
        ("tell(stdout=['x'])", "no question of ours"),
        ("os.write(os.open('/proc/%d/fd/1' % os.getppid(), os.O_WRONLY), b'[' * 100000 + b'\\n')", "not an answer"),
        ("with open('/proc/%d/fd/1' % os.getppid(), 'w') as out:\n  while True: out.write('x' * 65536)", "too much"),
        ("with open('/proc/%d/fd/2' % os.getppid(), 'w') as out:\n  while True: out.write('x' * 65536)", "too much"),
    ],
)
def test_what_a_probes_process_forges_is_bounded_and_costs_only_its_own(said: str, error: str) -> None:
    forged = {"id": "0", "argv": PYTHON_PROBE, "stdin": f"{TELL}{said}\nimport time\ntime.sleep(60)", "timeout": 50.0}
    waiting = {"id": "late", "argv": PYTHON_PROBE, "stdin": "import time\ntime.sleep(60)", "timeout": 50.0}
    other = {"id": "other", "argv": ["sh", "-c", "sleep 2; echo '{}'"]}
    found = document({**LAID, "want": ["clock"], "deadline": 30, "probes": [forged, waiting, other]})
    assert error in found["probes"]["late"]["error"]
    assert found["probes"]["other"]["data"] == {}


def test_an_answer_of_a_shared_interpreter_counts_although_another_hangs() -> None:
    hangs = {"id": "hangs", "argv": PYTHON_PROBE, "stdin": "import time; time.sleep(60)", "timeout": 60}
    quick = {"id": "quick", "argv": PYTHON_PROBE, "stdin": "print('{}')"}
    found = document({**LAID, "want": ["clock"], "deadline": 2, "probes": [hangs, quick]})["probes"]
    assert found["quick"]["data"] == {}
    assert found["hangs"]["error"] == "not there within 2 s"


def test_a_script_that_needs_libraries_is_asked_in_the_interpreter_that_it_names(tmp_path: Path) -> None:
    other = tmp_path / "python3.9"
    other.write_text(f'#!/bin/sh\nWHO=other exec {sys.executable} "$@"\n')
    other.chmod(0o755)
    tell = "import json, os; print(json.dumps({'who': os.environ.get('WHO')}))"
    asked = [
        {"argv": [str(other), "-I", "-B", "-S", "-"], "stdin": tell, "libraries": libraries} for libraries in (1, 0)
    ]
    answers = ask(*asked)
    assert [answers[str(number)]["data"]["who"] for number in range(2)] == ["other", None]


def test_an_interpreter_that_does_not_start_costs_its_own_probes() -> None:
    absent = {"argv": ["/no/such/python3", "-"], "libraries": True}
    good = {"argv": PYTHON_PROBE, "stdin": "print('{}')"}
    picky = {"argv": [sys.executable, "--no-such-option", "-"], "libraries": True}
    answers = ask(absent, good, picky)
    assert "cannot start" in answers["0"]["error"]
    assert answers["1"]["data"] == {}
    assert answers["2"]["error"].startswith("exit 2: ")


def test_a_probe_sees_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    ended = reading.spawn(["env"])
    assert "proxy" not in ended.stdout
    assert "LC_ALL=C.UTF-8" in ended.stdout


def test_without_an_interpreter_the_prologue_says_so(tmp_path: Path) -> None:
    prologue = shipment.command("/nowhere")[2].replace("/usr/", "/no-usr/")
    done = subprocess.run(
        ["/bin/sh", "-c", prologue, "x", "boot", "/nowhere"],
        capture_output=True,
        env={"PATH": str(tmp_path)},
        check=False,
    )
    assert done.returncode == shipment.NO_INTERPRETER
    assert b"no Python 3.6" in done.stderr


def test_the_prologue_passes_over_what_cannot_do_the_work(tmp_path: Path) -> None:
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 97\n")
    (tmp_path / "python3").chmod(0o755)
    done = ship({**LAID, "want": ["interpreter"]}, path=f"{tmp_path}:/usr/bin:/bin")
    found = json.loads(done.stdout.splitlines()[-1])["facts"]["interpreter"]["value"]
    assert not found["path"].startswith(str(tmp_path))


@pytest.mark.parametrize("owner", [0, 65534])
def test_the_prologue_finds_the_interpreter_of_the_nodes_own_store(tmp_path: Path, owner: int) -> None:
    if owner and os.geteuid() != 0:
        pytest.skip("giving files away takes root")
    shipped = tmp_path / "store" / "python" / "0123456789abcdef" / "bin"
    shipped.mkdir(parents=True)
    (shipped / "python3").symlink_to(sys.executable)
    if owner:
        os.chown(tmp_path / "store", owner, owner)
    command = list(shipment.command(str(tmp_path)))
    command[2] = command[2].replace("/usr/", "/no-usr/")
    done = subprocess.run(
        ["/bin/sh", *command[1:]],
        input=shipment.stdin({"layout": for_collector(str(tmp_path)), "want": ["interpreter"]}),
        capture_output=True,
        env={"PATH": "/nowhere"},
        check=False,
    )
    assert done.returncode == (shipment.NO_INTERPRETER if owner else 0), done.stderr
    assert owner or json.loads(done.stdout.splitlines()[-1])["facts"]["interpreter"]["value"]["version"]


def test_a_circle_of_parents_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {pid: processes.Process("x", pid, ["S", str(parent), *["0"] * 20]) for pid, parent in ((7, 8), (8, 7))}
    monkeypatch.setattr(processes, "table", lambda: rows)
    assert [process.pid for process in processes.tree(7)] == [7, 8]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to care")
@pytest.mark.parametrize(("owner", "mode", "found"), [(0, 0o755, True), (65534, 0o755, False), (0, 0o777, False)])
def test_root_runs_no_interpreter_below_a_directory_of_someone_else(
    tmp_path: Path, owner: int, mode: int, *, found: bool
) -> None:
    place = tmp_path / "place"
    shipped = place / "fate" / "store" / "python" / "0123456789abcdef" / "bin"
    shipped.mkdir(parents=True)
    (shipped / "python3").symlink_to("/bin/true")
    os.chown(place, owner, owner)
    place.chmod(mode)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("id", "ls"):
        (tools / name).symlink_to(str(shutil.which(name)))
    command = shipment.command(str(place / "fate"))
    prologue = command[2].replace("/usr/", "/no-usr/")
    done = subprocess.run(
        ["/bin/sh", "-c", prologue, *command[3:]], env={"PATH": str(tools)}, capture_output=True, check=False
    )
    assert done.returncode == (0 if found else shipment.NO_INTERPRETER), done.stderr


def test_the_interpreter_is_the_one_that_ansible_will_use(tmp_path: Path) -> None:
    own = {"path": sys.executable, "version": platform.python_version().rstrip("+")}
    assert system.interpreter({}) == system.interpreter({"python": sys.executable}) == own
    other = tmp_path / "python3"
    other.write_text("#!/bin/sh\necho 3.6.8\n")
    assert system.interpreter({"python": str(other)}) is None
    other.chmod(0o755)
    assert system.interpreter({"python": str(other)}) == {"path": str(other), "version": "3.6.8"}
    assert system.interpreter({"python": str(tmp_path / "none")}) is None


def test_a_listener_is_found_with_its_process() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as six,
    ):
        ports = {server.getsockname()[1]: "127.0.0.1", six.getsockname()[1]: "::1"}
        found = {row["port"]: row for row in document({**LAID, "want": ["listeners"]})["facts"]["listeners"]["value"]}
    for port, address in ports.items():
        assert (found[port]["address"], found[port]["pid"]) == (address, os.getpid())
        assert "python" in found[port]["cmdline"] or "pytest" in found[port]["cmdline"]


HEAD = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "%4d: 0100007F:%04X 00000000:0000 %s 00000000:00000000 00:00000000 00000000     0        0 %d 1 0 100 0 0 10 0\n"


def a_table(listening: int, others: int) -> io.BytesIO:
    """As the kernel shows it: first those that listen."""
    rows = [ROW % (n, 1000 + n, "0A", n) for n in range(listening)]
    rows += [ROW % (n, 9, "01", n) for n in range(others)]
    return io.BytesIO(HEAD + "".join(rows).encode())


def test_listeners_are_found_among_any_number_of_other_sockets() -> None:
    table = a_table(3, 200_000)
    assert [row.port for row in sockets.rows_in(table)] == [1000, 1001, 1002]
    assert table.tell() < 2 << 20, "the rest of the table costs a node time and has nothing new"


def test_listeners_are_found_where_a_table_has_another_order() -> None:
    table = a_table(0, 1000)
    table.seek(0, io.SEEK_END)
    table.write((ROW % (1000, 80, "0A", 7)).encode())
    table.seek(0)
    (row,) = sockets.rows_in(table)
    assert (row.address, row.port, row.uid, row.inode) == ("127.0.0.1", 80, 0, "7")


def test_more_listeners_than_a_machine_needs_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_LISTENERS", 10)
    with pytest.raises(sockets.TooMany, match="more than 10 listening sockets"):
        sockets.rows_in(a_table(11, 0))


def test_a_clock_that_is_set_ends_no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    leaps = itertools.count(time.time(), 3600)
    monkeypatch.setattr("time.time", lambda: next(leaps))
    facts = main.collect({**LAID, "want": ["memory", "cpu"], "deadline": 20})["facts"]
    assert not [fact for fact in facts.values() if "error" in fact]


def test_a_clock_that_is_set_ends_no_question() -> None:
    leaps = "import itertools, time\nleaps = itertools.count(0, 3600)\ntime.time = lambda: next(leaps)\n"
    question = {"id": "q", "script": "import time; time.sleep(0.2); print(1)", "arguments": [], "timeout": 20}
    done = subprocess.run(
        [sys.executable, "-c", leaps + shipment.asker()],
        input=json.dumps({"questions": [question]}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1])["stdout"] == "1\n"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0100007F", "127.0.0.1"),
        ("00000000", "0.0.0.0"),  # noqa: S104 - read, not bound
        ("00000000000000000000000000000000", "::"),
        ("0000000000000000FFFF00000100007F", "127.0.0.1"),
        ("00000000000000000000000001000000", "::1"),
    ],
)
@pytest.mark.skipif(sys.byteorder != "little", reason="the kernel writes addresses in the machine's byte order")
def test_kernel_addresses_are_read_and_mapped_ones_normalised(text: str, address: str) -> None:
    assert sockets.address_of(text) == address


SHOWN = """Id=a.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
MainPID=42
ExecMainStartTimestampMonotonic=5000000
NRestarts=2
Result=success
ExecMainStatus=0
NeedDaemonReload=no

Id=b.service
LoadState=not-found
ActiveState=inactive
SubState=dead
MainPID=0

Id=c.service
LoadState=loaded
ActiveState=activating
SubState=auto-restart
UnitFileState=disabled
MainPID=0
NRestarts=9
Result=exit-code
ExecMainStatus=1
NeedDaemonReload=yes

Id=d.service
LoadState=loaded
ActiveState=failed
SubState=failed
UnitFileState=enabled
MainPID=0
Result=signal
ExecMainStatus=9
"""


def test_units_are_read_from_systemctl_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "output_of", lambda _: SHOWN)
    found = supervision.units(["a.service", "b.service", "c.service", "d.service"])
    rows = [
        (s["state"], s["sub"], s["enabled"], s["pid"], s["restarts"], s["result"], s["exit"]) for s in found.values()
    ]
    assert rows == [
        ("running", "running", True, 42, 2, "success", 0),
        ("absent", "", False, None, None, "not-found", None),
        ("starting", "auto-restart", False, None, 9, "exit-code", 1),
        ("failed", "failed", True, None, None, "signal", 9),
    ]
    assert found["c.service"]["needs_reload"]
    boot = time.time() - time.clock_gettime(time.CLOCK_MONOTONIC)
    assert found["a.service"]["since"] == pytest.approx(boot + 5, abs=2)


def test_a_unit_that_was_removed_may_have_left_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "output_of", lambda _: SHOWN.replace("LoadState=loaded", "LoadState=not-found"))
    found = supervision.units(["a.service", "b.service", "c.service", "d.service"])
    assert {(state["state"], state["result"], state["enabled"]) for state in found.values()} == {
        ("absent", "not-found", False)
    }
    assert [state["pid"] for state in found.values()] == [42, None, None, None]


def test_services_that_only_the_manifest_knows_are_ours_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"unit": "a.service", "slug": "a", "supervision": "systemd", "home": str(tmp_path)}
    (tmp_path / ".fatecloud").mkdir()
    (tmp_path / ".fatecloud/manifest.json").write_text(json.dumps({"services": {"9998/a@n": entry}}))
    monkeypatch.setattr(supervision, "output_of", lambda _: SHOWN)
    monkeypatch.setattr(services, "_known", {})
    found = services.services({"layout": for_collector(str(tmp_path)), "services": []})
    assert {key: state["state"] for key, state in found.items()} == {"9998/a@n": "running"}


def test_a_foreign_unit_with_several_names_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    up = SHOWN.partition("\n\n")[0]
    off = "Id=off.service\nLoadState=loaded\nActiveState=inactive\nUnitFileState=enabled"
    monkeypatch.setattr(supervision, "output_of", lambda _: f"{up}\n\n{up}\n\n{off}\n\n{off}")
    monkeypatch.setattr(services, "_known", {"states": {}})
    monkeypatch.setattr(os.path, "isdir", lambda _: True)
    spec = {
        "layout": for_collector("/nowhere"),
        "foreign": {"units": ["a.service", "alias.service", "off.service", "other.service"]},
    }
    assert [entry["name"] for entry in services.foreign(spec)] == ["a.service", "off.service", "other.service"]


def test_a_unit_that_systemctl_is_silent_about_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "output_of", lambda _: SHOWN)
    with pytest.raises(reading.Unreadable, match=r"e\.service"):
        supervision.units(["a.service", "b.service", "c.service", "d.service", "e.service"])


ROWS = [
    {"name": "up", "statename": "RUNNING", "pid": 7, "start": 1000, "exitstatus": 0, "spawnerr": ""},
    {"name": "gone", "statename": "EXITED", "pid": 0, "start": 1000, "exitstatus": 0, "spawnerr": ""},
    {"name": "sick", "statename": "EXITED", "pid": 0, "start": 1000, "exitstatus": 1, "spawnerr": ""},
    {
        "name": "again",
        "statename": "BACKOFF",
        "pid": 0,
        "start": 1000,
        "exitstatus": 1,
        "spawnerr": "Exited too quickly",
    },
]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Path]:
    """A folder as supervisor's, with a socket that answers one question."""
    (tmp_path / "conf.d").mkdir()
    for name in ("up", "gone", "sick", "again"):
        (tmp_path / "conf.d" / f"{name}.conf").write_text(f"[program:{name}]\nautostart=true\n")
    (tmp_path / "conf.d" / "sick.conf").write_text("[program:sick]\nautostart = false\n")
    now, old = (time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - age)) for age in (5, 4000))
    (tmp_path / "supervisord.log").write_text(
        f"{old},001 INFO exited: again (exit status 1; not expected)\n"
        f"{now},001 INFO exited: again (exit status 1; not expected)\n"
        f"{now},002 INFO spawned: 'again' with pid 9\n"
        f"{now},900 WARN exited: again (terminated by SIGSEGV (core dumped); not expected)\n"
        f"{now},900 INFO exited: again (exit status 0; expected)\n"
        f"{now},901 INFO stopped: gone (exit status 0)\n"
    )
    body = xmlrpc.client.dumps((ROWS,), methodresponse=True).encode()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "supervisord.sock"))
        server.listen()

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                asked = b""
                while b"</methodCall>" not in asked:
                    asked += connection.recv(65536)
                head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
                connection.sendall(head.encode() + body)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield tmp_path
        thread.join(5)


def test_programs_are_asked_of_supervisor_over_its_socket(supervisor: Path) -> None:
    names = ("up", "gone", "sick", "again", "strange")
    found = supervision.programs(str(supervisor), dict.fromkeys(names, 0.0), dict.fromkeys(names, "/nonexistent"))
    assert {name: (s["state"], s["pid"], s["enabled"]) for name, s in found.items()} == {
        "up": ("running", 7, True),
        "gone": ("stopped", None, True),
        "sick": ("failed", None, False),
        "again": ("retrying", None, True),
        "strange": ("absent", None, False),
    }
    assert found["again"]["sub"] == "backoff"
    assert (found["again"]["restarts"], found["gone"]["restarts"]) == (4, 0)
    assert found["up"]["since"] == 1000


@pytest.mark.parametrize(("age", "restarts"), [(5000, 4), (60, 3), (1, 0)])
def test_supervisors_restarts_count_since_the_last_start_by_us(supervisor: Path, age: float, restarts: int) -> None:
    found = supervision.programs(str(supervisor), {"again": time.time() - age}, {"again": "/nonexistent"})
    assert found["again"]["restarts"] == restarts


def test_without_supervisor_its_programs_are_stopped_and_unknown_ones_absent(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "ours.conf").write_text("[program:ours]\n")
    found = supervision.programs(
        str(tmp_path), {"ours": 0, "other": 0}, dict.fromkeys(("ours", "other"), "/nonexistent")
    )
    assert {name: state["state"] for name, state in found.items()} == {"ours": "stopped", "other": "absent"}
    assert found["ours"]["result"] == "supervisord does not run"


def test_the_record_of_a_start_is_read(tmp_path: Path) -> None:
    record = tmp_path / "started"
    record.write_text(f"{'a' * 64}  /x/with blank\n{'b' * 64}  /y\nnoise\n")
    os.utime(record, (7, 7))
    assert hashes.digests_at_start(str(record)) == ({"/x/with blank": "a" * 64, "/y": "b" * 64}, 7)
    assert hashes.digests_at_start(str(tmp_path / "none")) is None


def test_the_end_of_a_log_gives_its_last_line_and_its_errors(tmp_path: Path) -> None:
    log = tmp_path / "fate.log"
    lines = ["[INFO] an error: in a message is none"] * 4000
    lines += [
        "[ERROR] first",
        "Traceback (most recent call last):",
        '  File "x", line 1',
        "ValueError: no",
        "[INFO] end",
    ]
    log.write_text("\n".join(lines) + "\nhalf a li")
    found = log_ends.logs({"services": [{"logs": [{"path": str(tmp_path / "*.log"), "levels": True}]}]})
    assert found[str(log)]["last_line"] == "[INFO] end"
    assert found[str(log)]["errors"] == ["[ERROR] first", "ValueError: no"]
    assert found[str(log)]["size"] == log.stat().st_size


def test_a_log_pattern_without_a_file_is_reported(tmp_path: Path) -> None:
    pattern = str(tmp_path / "*.log")
    assert log_ends.logs({"services": [{"logs": [{"path": pattern}, {"path": str(tmp_path / "x")}]}]}) == {
        pattern: None,
        str(tmp_path / "x"): None,
    }


POLICY = """\
front-server:
  Installed: (none)
  Candidate: 1:10.11.6-0+deb12u1
  Version table:
     1:10.11.6-0+deb12u1 500
N: Unable to locate package other
none-yet:
  Installed: (none)
  Candidate: (none)
stranger:
  Candidate: 9
"""


def test_what_an_installation_would_bring_is_what_the_node_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "exists", lambda _path: True)
    monkeypatch.setattr(packages, "spawn", lambda argv: Ended(0, POLICY if argv[1] == "policy" else "", "", None))
    asked = {"packages": ["front-server", "none-yet", "other"]}
    assert packages.offered(asked) == {"front-server": "1:10.11.6-0+deb12u1", "none-yet": None, "other": None}
    monkeypatch.setattr(os.path, "exists", lambda _path: False)
    assert packages.offered(asked) == {"front-server": None, "none-yet": None, "other": None}


def a_tree(top: Path, name: str) -> Path:
    """A tree of a store that was just unpacked."""
    tree = top / "store" / "tree" / name
    (tree / "lib").mkdir(parents=True)
    (tree / "lib" / "a.jar").write_text("jar")
    (tree / "README").symlink_to("lib/a.jar")
    digest = hashlib.sha256("".join(listing.entries(str(tree))).encode()).hexdigest()
    (tree / ".complete").write_text(f"its digest\n{digest}\n")
    return tree


def test_a_tree_that_is_not_what_was_unpacked_is_named(tmp_path: Path) -> None:
    for name in ("same", "edited", "lost", "added", "unmarked"):
        a_tree(tmp_path, name)
    trees = tmp_path / "store" / "tree"
    (trees / "edited" / "lib" / "a.jar").write_text("other")
    (trees / "lost" / "README").unlink()
    (trees / "added" / "lib" / "b.jar").touch()
    (trees / "unmarked" / ".complete").write_text("")
    found = store.store({"layout": for_collector(str(tmp_path))})
    assert found["made"]["tree"] == ["added", "edited", "lost", "same", "unmarked"]
    assert found["changed"] == ["added", "edited", "lost", "unmarked"]


def test_the_store_reports_only_complete_things(tmp_path: Path) -> None:
    for name in (
        "store/python/aaaa",
        "store/python/bbbb",
        "store/venv/cccc",
        "store/artifacts/s1",
        "store/artifacts/s2",
    ):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "store/python/aaaa/.complete").touch()
    (tmp_path / "store/artifacts/s1/x.whl").touch()
    (tmp_path / "store/artifacts/s2/x.whl.part").touch()
    found = store.store({"layout": for_collector(str(tmp_path)), "store": {"artifacts": ["s1", "s2", "s3"]}})
    assert found == {
        "artifacts": {"s1": True, "s2": False, "s3": False},
        "made": {"python": ["aaaa"], "venv": []},
        "changed": [],
        "homes": {},
    }


def test_a_file_that_we_may_not_read_is_not_taken_for_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(hashes, "opened", refuse)
    entry = hashes.file_entry(str(tmp_path / "x"))
    assert entry is not None
    assert (entry["sha256"], entry["error"]) == (None, "Permission denied")


def test_limits_come_from_the_special_line_before_the_general_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "# root soft nofile 1\n* soft nofile 100\nroot - nofile 300\n* hard nproc unlimited\nother soft nofile 9\n"
    monkeypatch.setattr(accounts, "text_of", lambda path: text if path.endswith("limits.conf") else "")
    monkeypatch.setattr(os, "access", lambda path, _: path.endswith("limits.conf"))
    found = accounts.limits({"users": ["root"]})["root"]
    assert (found["nofile_soft"], found["nofile_hard"], found["nproc_hard"]) == (300, 300, -1)


SUDO_SAYS = {
    "User app may run the following commands on n1:\n    (ALL : ALL) NOPASSWD: ALL\n    (root) /bin/x\n": [
        "(ALL : ALL) NOPASSWD: ALL",
        "(root) /bin/x",
    ],
    "User app is not allowed to run sudo on n1.\n": [],
}


@pytest.mark.parametrize("said", SUDO_SAYS)
@pytest.mark.parametrize("status", [0, 1])
def test_the_rights_of_a_user_are_its_groups_and_what_sudo_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, status: int
) -> None:
    monkeypatch.setattr(privileges, "SUDO", str(tmp_path))
    monkeypatch.setattr(privileges, "spawn", lambda _: Ended(status, said, "", None))
    found: Any = privileges.privileges({"privileges": ["root", "no-such-user-here"]})
    assert found["no-such-user-here"] is None
    assert found["root"] == {"uid": 0, "groups": found["root"]["groups"], "sudo": SUDO_SAYS[said]}
    assert "root" in found["root"]["groups"]


def test_what_sudo_does_not_say_is_not_taken_for_no_rights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(privileges, "SUDO", str(tmp_path))
    monkeypatch.setattr(privileges, "spawn", lambda _: Ended(1, "", "sudo: a password is required", None))
    with pytest.raises(Unreadable, match="a password is required"):
        privileges.privileges({"privileges": ["root"]})
    monkeypatch.setattr(privileges, "SUDO", str(tmp_path / "no-sudo"))
    found: Any = privileges.privileges({"privileges": ["root"]})
    assert found["root"]["sudo"] == []


def test_services_join_supervisor_process_and_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "started").write_text(f"{'a' * 64}  /x\n")
    state = dict(supervision._nothing(), state="running", pid=os.getpid())
    monkeypatch.setattr(services, "_states", lambda _: {"1/a@n": state})
    service = {"key": "1/a@n", "unit": "u", "supervision": "supervisor", "slug": "a", "home": str(tmp_path)}
    spec = {"layout": for_collector(str(tmp_path)), "services": [service]}
    found = services.services(spec)["1/a@n"]
    assert found["started"] == {"/x": "a" * 64}
    assert found["main"]["state"] in "SR"
    assert not found["main"]["frozen"]
    assert found["main"]["pid"] == os.getpid()
    assert found["main"]["threads"] >= 1
    assert found["main"]["fds"] > 0
    assert found["rss"] >= found["main"]["rss"] > 0
    assert os.getpid() in found["pids"]


def at_home(top: Path) -> dict[str, str]:
    """Where the service's files are, as the inventory says."""
    return {"ours": str(top / "home")}


@pytest.fixture
def stray(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A service's process, in its home, with the file that names it and without a supervisor."""
    home = tmp_path / "home"
    (home / "run").mkdir(parents=True)
    (tmp_path / "conf.d").mkdir(exist_ok=True)
    (tmp_path / "conf.d" / "ours.conf").write_text(f"[program:ours]\ndirectory={home}\n")
    with subprocess.Popen(["sleep", "60"], cwd=home) as process:
        (home / "run" / "pid").write_text(f"{process.pid}\n")
        yield process
        process.kill()


def test_a_service_that_lives_without_its_supervisor_is_not_taken_for_a_stopped_one(
    tmp_path: Path, stray: subprocess.Popen[bytes]
) -> None:
    found = supervision.programs(str(tmp_path), {"ours": 0}, at_home(tmp_path))["ours"]
    assert (found["state"], found["pid"], found["result"]) == ("unsupervised", stray.pid, "supervisord does not run")
    assert abs(time.time() - found["since"]) < 60
    stray.kill()
    stray.wait()
    assert supervision.programs(str(tmp_path), {"ours": 0}, at_home(tmp_path))["ours"]["state"] == "stopped"


def test_the_process_of_a_program_whose_file_was_removed_is_still_the_services(
    tmp_path: Path, stray: subprocess.Popen[bytes]
) -> None:
    (tmp_path / "conf.d" / "ours.conf").unlink()
    found = supervision.programs(str(tmp_path), {"ours": 0}, at_home(tmp_path))["ours"]
    assert (found["state"], found["pid"], found["enabled"]) == ("unsupervised", stray.pid, False)
    stray.kill()
    stray.wait()
    assert supervision.programs(str(tmp_path), {"ours": 0}, at_home(tmp_path))["ours"]["state"] == "absent"


def test_where_nothing_else_may_be_seen_a_service_has_its_number_since_it_wrote_it_down(
    tmp_path: Path, stray: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "readlink", denied)
    monkeypatch.setattr(supervision, "_is_others", lambda _pid: True)
    found = supervision.programs(str(tmp_path), {"ours": 0}, at_home(tmp_path))["ours"]
    assert (found["state"], found["pid"]) == ("unsupervised", stray.pid)
    os.utime(tmp_path / "home" / "run" / "pid", (1e9, 1e9))
    assert supervision.programs(str(tmp_path), {"ours": 0}, at_home(tmp_path))["ours"]["state"] == "stopped"


def denied(*_rest: object) -> None:
    """What root of a container without CAP_SYS_PTRACE gets."""
    raise PermissionError(13, "Permission denied")


def test_a_number_that_another_process_has_is_not_the_services(tmp_path: Path, stray: subprocess.Popen[bytes]) -> None:
    (tmp_path / "home" / "run" / "pid").write_text(f"{os.getpid()}\n")
    assert supervision.programs(str(tmp_path), {"ours": 0}, at_home(tmp_path))["ours"]["state"] == "stopped"


def test_a_supervisord_that_hangs_hides_no_service_that_runs(
    tmp_path: Path, stray: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "_SOCKET_SECONDS", 0.2)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "supervisord.sock"))
        server.listen()
        found = supervision.programs(str(tmp_path), {"ours": 0}, at_home(tmp_path))["ours"]
        assert (found["state"], found["pid"]) == ("unsupervised", stray.pid)
        assert "does not answer" in found["result"]
        stray.kill()
        stray.wait()
        with pytest.raises(reading.Unreadable, match="does not answer"):
            supervision.programs(str(tmp_path), {"ours": 0}, at_home(tmp_path))


def test_a_reading_that_is_too_large_or_no_json_costs_only_itself() -> None:
    deep: list[Any] = []
    for _ in range(100000):
        deep = [deep]
    entries: dict[str, dict[str, Any]] = {
        "good": {"value": 1},
        "large": {"value": "x" * (4 << 20)},
        "deep": {"value": deep},
    }
    answers = {"nan": {"exit": 0, "data": {"a": float("nan")}, "error": None, "seconds": 1.0}}
    found = json.loads("{" + main._written(entries) + "}")
    assert found["good"] == {"value": 1}
    assert "more than 4096 KiB" in found["large"]["error"]
    assert "cannot be written" in found["deep"]["error"]
    said = json.loads("{" + main._written(answers) + "}")["nan"]
    assert (said["exit"], said["data"], said["seconds"]) == (None, None, 1.0)


_OF_A_SERVICE = """\
900 899 0:70 / / ro,nosuid shared:1 - overlay overlay rw
901 900 0:77 / /sys rw shared:2 - sysfs sysfs rw
902 900 0:77 / /sys ro shared:2 - sysfs sysfs rw
903 900 0:150 / /proc rw shared:3 - proc proc rw,hidepid=invisible
904 900 0:70 /tmp/systemd-private-1/tmp /tmp rw shared:4 - overlay overlay rw
905 900 0:79 /systemd/inaccessible/dir /root ro,nosuid shared:5 - tmpfs tmpfs rw
906 900 0:30 / /dev rw shared:6 - devtmpfs devtmpfs rw
907 900 0:91 / /data/a\\040b rw
"""
_OF_OURS = """\
20 1 0:70 / / rw,relatime shared:1 - overlay overlay rw
21 20 0:77 / /sys rw shared:2 - sysfs sysfs rw
22 20 0:22 / /proc rw shared:3 - proc proc rw
23 20 0:30 / /dev rw shared:6 - devtmpfs devtmpfs rw
"""
_STATUS = "Name:\tx\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000400\nNoNewPrivs:\t1\nSeccomp:\t2\n"


def test_what_a_process_is_denied_is_read_from_its_mounts_and_status(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"/proc/7/status": _STATUS, "/proc/7/mountinfo": _OF_A_SERVICE, "/proc/self/mountinfo": _OF_OURS}
    monkeypatch.setattr(confinement, "text_of", lambda path, _limit: texts[path])
    assert confinement.confinement(7) == {
        "CapEff": 0,
        "CapBnd": 0x400,
        "NoNewPrivs": 1,
        "Seccomp": 2,
        "own": ["/", "/proc", "/tmp", "/root"],
        "read_only": ["/", "/sys", "/root"],
        "hidden": ["/root"],
    }


def test_a_process_that_we_may_not_look_at_is_not_one_that_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, _limit: int) -> str:
        raise Unreadable(path + ": Permission denied")

    monkeypatch.setattr(confinement, "text_of", refuse)
    assert confinement.confinement(os.getpid()) is None


def test_a_process_of_our_own_is_denied_nothing_of_ours_and_one_that_ended_shows_nothing() -> None:
    found = confinement.confinement(os.getpid())
    assert found is not None
    assert found["own"] == []
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    assert confinement.confinement(ended.pid) == {}


@pytest.mark.parametrize("refused", [False, True])
def test_it_runs_ahead_of_what_loads_the_node_where_it_may(monkeypatch: pytest.MonkeyPatch, *, refused: bool) -> None:
    raised = []

    def set_priority(which: int, who: int, value: int) -> None:
        raised.append((which, who, value < 0))
        if refused:
            raise PermissionError

    monkeypatch.setattr(os, "setpriority", set_priority)
    main.hurry()
    assert raised == [(os.PRIO_PROCESS, 0, True)]
