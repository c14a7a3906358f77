"""The database's files, and what its probe makes of a client's words."""

from __future__ import annotations

import configparser
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from component_world import MYSQL, rendered, service

from fatecloud.components.mysql import probe_admin
from fatecloud.render.placeholders import fill

HOME = "/data/projects/fate/demo-eeeeee-9999-mysql"
CLIENT = """#!/bin/sh
cat > "$0.question"
echo "$@" > "$0.argv"
printf '%s'
echo 'ERROR 1' >&2
exit %d
"""
ROWS = (
    "version\\t10.11\\nmax_connections\\t500\\nThreads_connected\\t3\\nschema\\tfate_flow\\naccount\\tfate\\n"
    "right\\t\\047fate\\047@\\047%%\\047\\tfate_flow\\tSELECT\\nright\\t\\047fat\\047@\\047%%\\047\\tfate_flow\\tDROP\\n"
    "held\\tdatabase\\tfate_flow\\nheld\\taccount\\tfate\\nheld\\tdatabase\\told\\n"
)


def test_the_server_reads_our_file_only_and_keeps_to_our_places() -> None:
    conf = configparser.ConfigParser(allow_no_value=True)
    conf.read_string(rendered(MYSQL)["conf/my.cnf"].text)
    server = conf["mysqld"]
    assert server["datadir"] == "/data/projects/fate/data/demo-eeeeee-9999-mysql/db"
    assert server["socket"] == f"{HOME}/run/mysqld.sock"
    assert (server["bind-address"], server["port"]) == ("127.0.0.1", "3306")
    assert server["innodb_buffer_pool_size"] == str(256 << 20)
    assert "skip-name-resolve" in server
    assert f"--defaults-file={HOME}/conf/my.cnf" in rendered(MYSQL)["bin/serve"].text


def test_the_data_directory_is_made_aside_and_the_server_needs_it() -> None:
    process = service(MYSQL).process
    assert (process.pre, process.argv) == (((f"{HOME}/bin/initialize",),), (f"{HOME}/bin/serve",))


@pytest.fixture
def initialize(tmp_path: Path) -> Callable[[], subprocess.CompletedProcess[str]]:
    """Runs the script with a MariaDB that makes two directories and a file, in a data directory below `tmp_path`."""
    programs = {
        "mariadbd": "echo 'mariadbd  Ver 10.11 MariaDB'",
        "mariadb-install-db": 'for w; do case "$w" in --datadir=*) d="${w#*=}"; esac; done\n'
        'mkdir -p "$d/mysql" "$d/sys"; echo "$d" > "$d/ibdata1"',
    }
    for name, body in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    script = rendered(MYSQL)["bin/initialize"].text
    script = script.replace(service(MYSQL).data, str(tmp_path)).replace("/usr/sbin", str(tmp_path))
    (tmp_path / "initialize").write_text(script)
    return lambda: subprocess.run(["sh", tmp_path / "initialize"], capture_output=True, text=True, check=False)


def test_a_new_database_appears_at_once_and_a_second_run_leaves_it(
    tmp_path: Path, initialize: Callable[[], subprocess.CompletedProcess[str]]
) -> None:
    assert initialize().returncode == 0
    made = (tmp_path / "db" / "ibdata1").read_text()
    assert made == f"{tmp_path}/db.new\n"
    assert (initialize().returncode, (tmp_path / "db" / "ibdata1").read_text()) == (0, made)


def test_a_fresh_mount_with_lost_and_found_alone_is_filled_where_it_is(
    tmp_path: Path, initialize: Callable[[], subprocess.CompletedProcess[str]]
) -> None:
    mount = tmp_path / "db"
    (mount / "lost+found").mkdir(parents=True)
    number = mount.stat().st_ino
    assert initialize().returncode == 0
    assert sorted(path.name for path in mount.iterdir()) == ["ibdata1", "lost+found", "mysql", "sys"]
    assert mount.stat().st_ino == number


def test_a_mount_that_was_half_filled_when_the_power_went_is_filled_again(
    tmp_path: Path, initialize: Callable[[], subprocess.CompletedProcess[str]]
) -> None:
    mount = tmp_path / "db"
    (mount / "lost+found").mkdir(parents=True)
    (mount / ".fatecloud-new").mkdir()
    (mount / "half").touch()
    assert initialize().returncode == 0
    assert sorted(path.name for path in mount.iterdir()) == ["ibdata1", "lost+found", "mysql", "sys"]


def test_what_is_not_a_database_is_not_touched(
    tmp_path: Path, initialize: Callable[[], subprocess.CompletedProcess[str]]
) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "thesis.doc").touch()
    done = initialize()
    assert done.returncode == 1
    assert "is not empty and is not the data directory of a database" in done.stderr
    assert [path.name for path in (tmp_path / "db").iterdir()] == ["thesis.doc"]


def test_the_objects_quote_the_password_and_grant_this_schema_only() -> None:
    sql = fill(rendered(MYSQL)["conf/objects.sql"].text, {"9999.mysql.fate_flow": "it's \\ me"})
    assert "ALTER USER 'fate'@'%' IDENTIFIED BY 'it''s \\\\ me';" in sql
    assert r"INDEX, REFERENCES ON `fate\_flow`.* TO 'fate'@'%';" in sql
    assert rendered(MYSQL)["conf/objects.sql"].mode == 0o640


def test_the_record_of_applied_objects_is_beside_the_data_and_has_their_hash() -> None:
    objects = service(MYSQL).objects
    assert objects is not None
    assert objects.applied.startswith("/data/projects/fate/data/demo-eeeeee-9999-mysql/")
    assert f"sha256sum {objects.digest_of[0]} > {objects.applied}.new" in rendered(MYSQL)["bin/objects"].text


def client(folder: Path, monkeypatch: pytest.MonkeyPatch, rows: str, status: int) -> Path:
    program = folder / "mariadb"
    program.write_text(CLIENT % (rows, status))
    program.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda name, **_: str(program) if name == "mariadb" else None)
    return program


def test_the_probe_asks_through_the_socket_without_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = client(tmp_path, monkeypatch, ROWS, 0)
    answer = probe_admin.judge("/run/my.sock", "app", "fate_flow=fate", "gone=other", "board@fate_flow")
    assert answer == {
        "ok": True,
        "version": "10.11",
        "max_connections": 500,
        "threads_connected": 3,
        "databases": {
            "fate_flow": {"schema": True, "account": True, "rights": ["SELECT"]},
            "gone": {"schema": False, "account": False, "rights": []},
        },
        "joined": {"board": {"schema": True, "account": False, "rights": []}},
        "held": ["database fate_flow", "account fate", "database old"],
    }
    argv = Path(f"{program}.argv").read_text()
    assert "--no-defaults" in argv
    assert "--socket=/run/my.sock --user=app" in argv
    assert "schema_name in ('fate_flow', 'gone', 'fate_flow')" in Path(f"{program}.question").read_text()


def test_the_probe_reports_the_clients_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client(tmp_path, monkeypatch, "", 1)
    answer = probe_admin.judge("/run/my.sock", "app", "fate_flow=fate")
    assert answer == {"ok": False, "kind": "other", "error": "ERROR 1"}


def test_the_probe_reports_a_missing_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    assert probe_admin.judge("/run/my.sock", "app", "fate_flow=fate")["kind"] == "absent"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("ERROR 2002 (HY000): Can't connect to local server through socket '/x' (111)", "refused"),
        ("ERROR 1698 (28000): Access denied for user 'app'@'localhost'", "auth"),
        ("ERROR 1040 (08004): Too many connections", "full"),
        ("ERROR 1836 (HY000): Running in read-only mode", "other"),
    ],
)
def test_a_refusal_of_the_client_is_reported_with_its_kind(line: str, kind: str) -> None:
    assert probe_admin.kind_of(line) == kind
