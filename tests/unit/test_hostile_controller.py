"""A controller that lacks what programs take for granted: each ends in a line that says so, and a fitting status."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from artifact_world import seemingly_full
from check_world import the_desired
from sessions import stand_in

from fatecloud.errors import Refused, RunError
from fatecloud.model.event import Event
from fatecloud.runner import run
from fatecloud.runner.outcome import Outcome
from fatecloud.runner.scratch import clear_after, scratch_in, sockets_in
from fatecloud.workflow import ansible

PROGRAM = str(Path(sys.executable).with_name("fatecloud"))
NAMELESS = ["unshare", "--user", "--map-user=4711", "--map-group=4711"]
MOUNTING = ["unshare", "--mount"]


def possible(prefix: list[str]) -> bool:
    """Whether this machine lets us have such surroundings: user namespaces, mounts."""
    if shutil.which("unshare") is None:
        return False
    script = "mount -t tmpfs none /mnt" if prefix == MOUNTING else "true"
    return subprocess.run([*prefix, "sh", "-c", script], capture_output=True, check=False).returncode == 0


needs_namespace = pytest.mark.skipif(not possible(NAMELESS), reason="user namespaces are not allowed here")
needs_mount = pytest.mark.skipif(not possible(MOUNTING), reason="mounting takes root")


def act(prefix: list[str], words: str, place: Path, *, before: str = "", **environment: str) -> Any:
    """Run the program as a process, in surroundings that `prefix` and the shell commands `before` make."""
    command = f"{before}exec {shlex.join([PROGRAM, *words.split()])}"
    return subprocess.run(
        [*prefix, "sh", "-c", command],
        cwd=place,
        env={
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "FATECLOUD_STORE": str(place / "store"),
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with an inventory of two parties and its secrets, and a home."""
    (tmp_path / "home").mkdir()
    made = act([], "init --template two-party --user ops", tmp_path, HOME=str(tmp_path / "home"))
    assert made.returncode == 0, made.stderr
    seemingly_full(tmp_path / "store")
    return tmp_path


@needs_namespace
def test_a_user_id_without_a_name_can_render(place: Path) -> None:
    done = act(NAMELESS, "render -o out", place, HOME=str(place / "home"))
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert "uid-4711@" in (place / "out" / "group_vars" / "all" / "vars.yml").read_text()


@needs_namespace
@pytest.mark.parametrize("words", ["render -o out", "check", "quickstart --yes"])
def test_without_a_home_the_way_out_is_printed(place: Path, words: str) -> None:
    done = act(NAMELESS, words, place)
    assert done.returncode == 64, done.stderr
    assert done.stderr.splitlines() == [
        "fatecloud: user id 4711 has no home directory on this machine",
        "  next: set HOME to a directory that you may write to",
    ]


@needs_mount
@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ("inventory validate", 0, ""),
        ("explain NODE_TIMEOUT", 0, ""),
        ("check", 64, "Read-only file system"),
        ("render -o out", 64, "use another --state-dir"),
        ("quickstart --yes", 78, "Read-only file system"),
        ("render -o out --state-dir state", 0, ""),
    ],
)
def test_a_home_that_is_read_only(place: Path, words: str, status: int, says: str) -> None:
    home = place / "home"
    done = act(MOUNTING, words, place, before=f"mount -t tmpfs -o ro none {home} && ", HOME=str(home))
    assert done.returncode == status, done.stderr
    assert says in done.stderr
    assert "fatecloud: this is a defect" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2


@needs_mount
@pytest.mark.parametrize(("words", "status"), [("render -o out", 64), ("check", 64), ("start", 64), ("plan", 64)])
def test_a_full_state_disk(place: Path, words: str, status: int) -> None:
    state = place / "state"
    state.mkdir()
    # Not a single inode is left: the directory of the cluster cannot be made.
    full = f"mount -t tmpfs -o size=4k,nr_inodes=1 none {state} && "
    done = act(MOUNTING, f"{words} --state-dir {state}", place, before=full, HOME=str(place / "home"))
    assert done.returncode == status, done.stderr
    assert "No space left on device" in done.stderr
    assert "use another --state-dir" in done.stderr


@needs_mount
def test_a_run_on_a_full_state_disk_ends_before_it_begins(place: Path) -> None:
    state = place / "state"
    state.mkdir()
    script = (
        "import sys; from pathlib import Path; from fatecloud.errors import RunError; "
        "from fatecloud.state.runs import RunLog\n"
        f"try: RunLog(Path({str(state)!r}), 'deploy', (), str)\n"
        "except RunError as error: print(error.message, error.remedy, sep='; ')"
    )
    full = f"mount -t tmpfs -o size=4k none {state} && head -c 4096 /dev/zero >{state}/big; "
    done = subprocess.run(
        [*MOUNTING, "sh", "-c", f"{full}exec {shlex.join([sys.executable, '-c', script])}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cannot be written" in done.stdout, done.stderr
    assert "make room, or use another --state-dir" in done.stdout


def test_without_a_terminal_nothing_is_asked(place: Path) -> None:
    done = act([], "secrets init --set 9999.mysql.fate_flow", place, HOME=str(place / "home"))
    assert done.returncode not in (0, None)
    assert 1 <= len(done.stderr.splitlines()) <= 2, done.stderr
    assert "fatecloud: this is a defect" not in done.stderr


def test_sockets_of_ssh_have_a_short_path_with_any_tmpdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("a" * 60)
    deep.mkdir()
    monkeypatch.setenv("TMPDIR", str(deep))
    monkeypatch.setattr("tempfile.tempdir", None)
    artifacts = tmp_path / "r0" / "ansible"
    artifacts.mkdir(parents=True)
    with scratch_in(artifacts) as scratch, sockets_in(artifacts) as sockets:
        assert scratch.parent == deep
        # The name of a socket of ours, and what ssh adds to it while it makes it.
        assert len(os.fsencode(sockets)) + len("/123456-") + 40 + 17 <= 107
        assert sockets.stat().st_mode & 0o777 == 0o700
        again = run._environment(tmp_path, scratch, sockets, {"ANSIBLE_CALLBACK_PLUGINS": "x"})
        assert again["ANSIBLE_SSH_CONTROL_PATH_DIR"] == str(sockets)
    assert not sockets.exists()
    assert not scratch.exists()


def test_sockets_that_a_killed_run_left_are_removed(tmp_path: Path) -> None:
    artifacts = tmp_path / "r0" / "ansible"
    artifacts.mkdir(parents=True)
    with sockets_in(artifacts) as sockets:
        clear_after(artifacts)
        assert not sockets.exists()


def test_where_no_socket_can_be_it_says_where_it_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fatecloud.runner.scratch._SHORT", (str(tmp_path / "none"),))
    with pytest.raises(RunError, match="sockets of ssh") as caught, sockets_in(tmp_path / "ansible"):
        pass
    assert str(tmp_path / "none") in caught.value.remedy


class Playing:
    """A run whose plays end as the test wants."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leased: dict[str, str]) -> None:
        self.said: list[Event] = []
        nodes = {name: SimpleNamespace(connection="ssh") for name in ("a1", "a2")}
        session = stand_in(the_desired(), cluster=SimpleNamespace(nodes=nodes), state=tmp_path)
        log: Any = SimpleNamespace(project=tmp_path / "project", directory=tmp_path, id="r1")
        monkeypatch.setattr(ansible, "project", lambda *_: None)
        monkeypatch.setattr(ansible, "run_info", lambda *_: None)

        def play(_project: Path, playbook: str, *, on_event: Any, **_: Any) -> Outcome:
            if playbook == "lease.yml":
                for node, detail in leased.items():
                    on_event(Event("changed", "Take the lease", node=node, detail=detail))
            return Outcome("failed", 1, (), {"a1": "cannot bind", "a2": "cannot bind"}, {})

        monkeypatch.setattr(ansible, "run_playbook", play)
        self.run = ansible.AnsibleRun(session, log, self.said.append, threading.Event(), ())

    def fail(self) -> list[str]:
        with pytest.raises(RunError):
            self.run.play("lease.yml")
        self.run.release()
        return [event.text for event in self.said if event.kind == "note"]


def test_a_lease_that_was_never_taken_is_not_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Playing(tmp_path, monkeypatch, {}).fail() == []


def test_a_lease_that_is_kept_is_named_with_its_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    playing = Playing(tmp_path, monkeypatch, {"a2": '{"taken_from": null}'})
    assert playing.fail() == ["could not release the lock on a2; the next run takes it over"]


def test_without_an_entry_in_the_user_database_no_ssh_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ansible, "has_entry", lambda: False)
    with pytest.raises(Refused, match="ssh needs one") as caught:
        Playing(tmp_path, monkeypatch, {})
    assert "/etc/passwd" in caught.value.remedy


def test_no_program_comes_from_the_working_directory(tmp_path: Path) -> None:
    script = (
        "import os, sys; sys.argv = ['fatecloud', 'version']; from fatecloud.cli.main import main\n"
        "try: main()\nexcept SystemExit: print(os.environ['PATH'], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PATH": f".:/usr/bin::bin:/bin:{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == f"/usr/bin:/bin:{tmp_path}\n"
