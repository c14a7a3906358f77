"""The start script records and becomes what it should; units and supervisor programs say what they are given."""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fatecloud.model.service import FileSpec, Process
from fatecloud.render.files import render_specs
from fatecloud.resolve.supervise import _guard
from fatecloud.shipped import folder

AWKWARD = 'it\'s $HOME `id` "100%" \\ end'
SHOW = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]))"


def values(home: Path, **changes: Any) -> dict[str, Any]:
    return {
        "stamp": "fatecloud cluster=demo owner=9999 service=flow",
        "description": "FATE-Flow of party 9999",
        "slug": "demo-9999-flow",
        "unit": "fatecloud-demo-9999-flow.service",
        "home": str(home),
        "argv": [sys.executable, "-c", SHOW, AWKWARD],
        "environment": Process((), environment={"AWKWARD": AWKWARD}).environment_in(str(home)),
        "directory": str(home),
        "user": "app",
        "group": "apps",
        "nofile": 65535,
        "nproc": 4096,
        "stop_signal": "TERM",
        "stop_timeout": 60,
        "pre": [],
        "inputs": [],
        "console": f"{home}/console.log",
        "after": [],
        "sweep": "",
        "writable": [str(home)],
        "protections": [("NoNewPrivileges", "yes")],
        "exceptions": [("ProcSubset", "all", "It counts processors.")],
        "systemd": True,
        "root": True,
        "marked": False,
        "migrating": "",
        "mark": f"{home}/data/.fatecloud-data.json",
        "copy": f"{home}/copy.json",
        "guard": _guard(f"{home}/data", ("db/mysql", "mnesia/*"), f"{home}/data/objects.applied", root=False),
    } | changes


def text(template: str, given: dict[str, Any]) -> str:
    (file,) = render_specs((FileSpec("/x", f"service/{template}", given),), "9999/flow@a1", folder("templates"))
    return file.text


def start(home: Path, **changes: Any) -> subprocess.CompletedProcess[str]:
    script = home / "start"
    script.write_text(text("start.sh.j2", values(home, **changes)))
    environment = os.environ | {"https_proxy": "http://proxy:3128", "SECRET": "leaks"}
    return subprocess.run(["sh", script], capture_output=True, text=True, env=environment, check=False)


def test_the_process_gets_its_arguments_and_a_clean_environment(tmp_path: Path) -> None:
    done = start(tmp_path)
    argv, environment, directory = json.loads(done.stdout)
    assert argv == [AWKWARD]
    assert directory == str(tmp_path)
    assert environment.pop("AWKWARD") == AWKWARD
    assert environment.pop("PATH").startswith("/usr/local/sbin:")
    assert environment.pop("FATECLOUD_SERVICE") == "demo-9999-flow"
    assert (environment.pop("HOME"), environment.pop("LANG")) == (str(tmp_path), "C.UTF-8")
    assert set(environment) <= {"LC_CTYPE"}  # set by Python itself


def test_a_component_may_replace_a_default_of_the_environment(tmp_path: Path) -> None:
    _, environment, _ = json.loads(start(tmp_path, environment={"HOME": "/elsewhere"}).stdout)
    assert environment["HOME"] == "/elsewhere"


def test_the_record_holds_the_hash_of_every_input_in_order(tmp_path: Path) -> None:
    inputs = [tmp_path / "a b.conf", tmp_path / "start"]
    inputs[0].write_text("one")
    assert start(tmp_path, inputs=[str(path) for path in inputs]).returncode == 0
    expected = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}" for path in inputs]
    assert (tmp_path / "run" / "started").read_text().splitlines() == expected
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["pid", "started"]


def test_a_missing_input_starts_nothing_and_keeps_the_old_record(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "started").write_text("old")
    done = start(tmp_path, inputs=[str(tmp_path / "absent.conf")])
    assert done.returncode != 0
    assert done.stdout == ""
    assert "absent.conf" in done.stderr
    assert (tmp_path / "run" / "started").read_text() == "old"


def test_commands_before_the_start_run_in_order_and_stop_it_when_they_fail(tmp_path: Path) -> None:
    done = start(tmp_path, pre=[["echo", AWKWARD], ["echo", "two"], ["false"], ["echo", "three"]])
    assert done.returncode != 0
    assert done.stdout.splitlines() == [AWKWARD, "two"]
    assert not (tmp_path / "run").exists()


def test_the_unit_restarts_without_end_after_its_neighbours(tmp_path: Path) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(text("unit.service.j2", values(tmp_path, after=["fatecloud-demo-9999-mysql.service"])))
    assert unit["Unit"]["After"] == unit["Unit"]["Wants"] == "network-online.target fatecloud-demo-9999-mysql.service"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    service = unit["Service"]
    assert (service["Restart"], service["User"], service["Group"]) == ("always", "app", "apps")
    assert service["ExecStart"] == f'"{tmp_path}/bin/start"'
    assert service["ReadWritePaths"] == f'"-{tmp_path}"'
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_the_lines_of_a_component_follow_those_of_all_with_their_reason(tmp_path: Path) -> None:
    lines = text("unit.service.j2", values(tmp_path)).splitlines()
    own = lines.index("# It counts processors.")
    assert lines[own + 1] == "ProcSubset=all"
    assert lines.index("NoNewPrivileges=yes") < own


def test_a_unit_does_not_start_while_its_migration_is_not_finished(tmp_path: Path) -> None:
    unit = text("unit.service.j2", {**values(tmp_path), "migrating": "/data/50%/.fatecloud-migrating"})
    assert unit.index("ConditionPathExists=!/data/50%%/.fatecloud-migrating\n") < unit.index("[Service]")
    assert "ConditionPathExists" not in text("unit.service.j2", values(tmp_path))


@pytest.mark.parametrize("flagged", [True, False])
def test_under_supervisor_nothing_starts_while_its_migration_is_not_finished(tmp_path: Path, *, flagged: bool) -> None:
    flag = tmp_path / ".fatecloud-migrating"
    if flagged:
        flag.touch()
    script = tmp_path / "start"
    script.write_text(text("start.sh.j2", {**values(tmp_path), "systemd": False, "migrating": str(flag)}))
    done = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=False)
    assert ("its migration is not finished" in done.stderr) == flagged


def test_a_percent_sign_is_escaped_in_a_unit() -> None:
    unit = text("unit.service.j2", values(Path("/data/100%n")))
    assert "WorkingDirectory=/data/100%%n\n" in unit
    assert 'ExecStart="/data/100%%n/bin/start"\n' in unit


def test_supervisor_gets_the_whole_group_and_bounds_the_console() -> None:
    program = configparser.RawConfigParser()
    program.read_string(text("supervisor.conf.j2", values(Path("/data/100%n"))))
    section = program["program:demo-9999-flow"]
    assert section["user"] == "app"
    assert section["command"] == "/data/100%%n/bin/start"
    assert section["stdout_logfile"] == "/data/100%%n/console.log"
    assert (section["stopasgroup"], section["killasgroup"], section["autorestart"]) == ("true", "true", "true")
    assert int(section["startretries"]) > 10**9
    assert section["stdout_logfile_maxbytes"] == "20MB"


@pytest.mark.parametrize(
    ("mark", "copy", "starts"),
    [("one", "one", True), ("one", "two", False), (None, "one", False), ("one", None, False), (None, None, False)],
)
def test_under_supervisor_nothing_starts_without_the_mark_of_its_data(
    tmp_path: Path, mark: str | None, copy: str | None, *, starts: bool
) -> None:
    (tmp_path / "data").mkdir()
    for path, content in ((tmp_path / "data" / ".fatecloud-data.json", mark), (tmp_path / "copy.json", copy)):
        if content is not None:
            path.write_text(content)
    done = start(tmp_path, marked=True, systemd=False, pre=[["touch", str(tmp_path / "made")]])
    assert (done.returncode == 0, (tmp_path / "made").exists()) == (starts, starts)
    assert ("DATA_NOT_THERE" in done.stderr) is not starts


@pytest.mark.parametrize(
    ("made", "starts"),
    [
        ([], True),
        (["objects.applied"], False),
        (["objects.applied", "mnesia/lost+found", "db/other"], False),
        (["objects.applied", "mnesia/broker"], True),
        (["objects.applied", "db/mysql"], True),
    ],
)
def test_nothing_starts_without_data_that_were_on_a_disk_below_the_mark(
    tmp_path: Path, made: list[str], *, starts: bool
) -> None:
    for name in (".fatecloud-data.json", *made):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text("one")
    (tmp_path / "copy.json").write_text("one")
    done = start(tmp_path, marked=True, systemd=False)
    assert (done.returncode == 0, "DATA_NOT_THERE" in done.stderr) == (starts, not starts)


def test_a_link_is_not_a_mark(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "copy.json").write_text("one")
    (tmp_path / "data" / ".fatecloud-data.json").symlink_to(tmp_path / "copy.json")
    assert start(tmp_path, marked=True, systemd=False).returncode == 1


def test_with_root_the_unit_itself_looks_for_a_mark_of_root(tmp_path: Path) -> None:
    """Run as systemd would: the quoting is undone, and a mark of another user does not count."""
    guard = _guard(f"{tmp_path}/data", ("db/mysql",), f"{tmp_path}/data/applied", root=True)
    unit = text("unit.service.j2", values(tmp_path, marked=True, guard=guard))
    (line,) = [line for line in unit.splitlines() if line.startswith("ExecStartPre=")]
    words = shlex.split(line.removeprefix("ExecStartPre=").replace("$$", "$").replace("%%", "%"))
    assert words[:2] == ["/bin/sh", "-c"]
    mark = tmp_path / "data" / ".fatecloud-data.json"
    mark.parent.mkdir()
    for path in (mark, tmp_path / "copy.json"):
        path.write_text("one")
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == (0 if os.geteuid() == 0 else 1)
    if os.geteuid() == 0:
        (tmp_path / "data" / "applied").touch()
        assert subprocess.run(words, capture_output=True, check=False).returncode == 1
        (tmp_path / "data" / "db" / "mysql").mkdir(parents=True)
        assert subprocess.run(words, capture_output=True, check=False).returncode == 0
        os.chown(mark, 65534, 65534)
        assert subprocess.run(words, capture_output=True, check=False).returncode == 1
