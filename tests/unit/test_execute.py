"""`exec`: the service's user, the service's environment, recorded, and never longer than its deadline."""

import io
import subprocess
import threading
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import small_cluster
from fake_transport import Call, FakeTransport
from sessions import stand_in

from fatecloud.cli.execute import write_output
from fatecloud.errors import TransportError
from fatecloud.model.completed import Completed
from fatecloud.model.event import Event
from fatecloud.state.history import events_of, past_runs
from fatecloud.state.runs import RunLog
from fatecloud.transport.local import LocalTransport
from fatecloud.workflow.ansible import ARTIFACTS
from fatecloud.workflow.execute import Executed, command_of, execute
from fatecloud.workflow.session import Session


def session_of(tmp_path: Path, transport: Any, **changes: Any) -> Session:
    where = small_cluster.node(tmp_path / "base", **changes)
    desired = small_cluster.desired(where)
    session: Session = stand_in(
        desired,
        options=SimpleNamespace(inventory=tmp_path / "inventory.yml"),
        state=tmp_path / "state",
        redact=lambda text: text.replace("hunter2", "***"),
        connect=lambda node: transport or LocalTransport(node, lambda: None),
    )
    return session


def run(session: Session, *words: str, deadline: float = 10) -> tuple[int, list[Executed]]:
    shown: list[Executed] = []
    services = tuple(session.desired.services.values())
    argv = ("fatecloud", "exec", "flow", "--", *words)
    notes: list[Event] = []
    status = execute(session, services, words, deadline=deadline, argv=argv, show=shown.append, events=notes.append)
    return status, shown


@pytest.fixture
def local(tmp_path: Path) -> Session:
    (tmp_path / "state").mkdir()
    session = session_of(tmp_path, None)
    for service in session.desired.services.values():
        Path(service.home).mkdir(parents=True)
    return session


def test_the_command_gets_the_services_environment_and_directory(
    local: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example")
    status, (done,) = run(local, "sh", "-c", "pwd; env")
    (service,) = local.desired.services.values()
    lines = done.out.splitlines()
    assert status == 0
    assert lines[0] == service.home
    assert f"HOME={service.home}" in lines
    assert not [line for line in lines if "proxy" in line]


def test_no_shell_reads_the_arguments(local: Session) -> None:
    assert run(local, "printf", "%s", "$HOME; a  b")[1][0].out == "$HOME; a  b"


def test_its_status_is_the_commands_and_its_secrets_are_redacted(local: Session) -> None:
    status, (done,) = run(local, "sh", "-c", "echo hunter2; exit 7")
    assert (status, done.out) == (7, "***\n")
    (past,) = past_runs(local.state)
    assert (past.verb, past.outcome) == ("exec", "failed")
    assert "exit 7" in next(iter(events_of(local.state, past.id))).event.text


def test_a_command_that_does_not_end_is_ended_on_the_node(local: Session) -> None:
    status, (done,) = run(local, "sh", "-c", "echo $$; exec sleep 1000", deadline=1)
    assert status == 124
    left = subprocess.run(["ps", "-p", done.out.strip()], capture_output=True, check=False)
    assert left.returncode == 1, "the command still runs"


def test_with_root_it_changes_to_the_services_user_first(tmp_path: Path) -> None:
    fake = FakeTransport("a1", lambda _: Completed(0, b"", b"", 0.1))
    (tmp_path / "state").mkdir()
    run(session_of(tmp_path, fake, become="root", service_user="app"), "id")
    (call,) = fake.calls
    assert isinstance(call, Call)
    assert call.become
    assert call.argv[:4] == ("runuser", "-u", "app", "--")
    assert fake.closed


def test_a_node_that_is_not_reached_is_shown_and_gives_3(tmp_path: Path) -> None:
    fake = FakeTransport("a1", lambda _: TransportError("a1", "NODE_UNREACHABLE", "no route"))
    (tmp_path / "state").mkdir()
    status, (done,) = run(session_of(tmp_path, fake), "id")
    assert (status, done.status, done.err) == (3, None, "a1: no route")


def test_the_services_own_tools_come_first_on_the_path(tmp_path: Path) -> None:
    session = session_of(tmp_path, None)
    (service,) = session.desired.services.values()
    (path,) = (word for word in command_of(service, session.desired.node("a1"), ["id"], 5) if word.startswith("PATH="))
    assert path.startswith(f"PATH={service.home}/bin:")


def test_beside_a_service_that_is_not_deployed_nothing_runs(local: Session) -> None:
    (service,) = local.desired.services.values()
    Path(service.home).rmdir()
    status, (done,) = run(local, "sh", "-c", "echo it ran")
    assert (status, done.out) == (3, "")
    assert "run fatecloud deploy" in done.err


def test_ctrl_c_waits_for_no_node_and_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state").mkdir()
    release = threading.Event()

    def hang(_: object) -> Completed:
        release.wait(60)
        return Completed(0, b"", b"", 0.1)

    class Interrupted(Future[Executed]):
        def result(self, timeout: float | None = None) -> Executed:  # noqa: ARG002
            raise KeyboardInterrupt

    monkeypatch.setattr("fatecloud.threads.Future", Interrupted)
    session = session_of(tmp_path, FakeTransport("a1", hang))
    try:
        with pytest.raises(KeyboardInterrupt):
            run(session, "sleep", "1000")
        left = [thread for thread in threading.enumerate() if thread.name.startswith("exec ")]
        assert left, "the command still runs"
        assert all(thread.daemon for thread in left), "so the program ends without it"
        assert past_runs(session.state)[0].outcome == "interrupted"
    finally:
        release.set()


class Terminal(io.TextIOWrapper):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_output_is_safe_on_a_terminal_and_the_same_bytes_elsewhere() -> None:
    raw = b"a\x1b]0;title\x07\r\n\xff\n  no end"
    text = raw.decode(errors="surrogateescape")
    for lead, expected in (("", raw), ("k: ", b"k: a\x1b]0;title\x07\r\nk: \xff\nk:   no end\n")):
        piped = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        write_output(text, lead, piped)
        assert piped.buffer.getvalue() == expected
    shown = Terminal(io.BytesIO(), encoding="utf-8")
    write_output(text, "k: ", shown)
    assert shown.buffer.getvalue() == b"k: a\\x1b]0;title\\x07\nk: ?\nk:   no end\n"  # type: ignore[attr-defined]


def test_bytes_that_are_not_text_come_through(local: Session) -> None:
    (done,) = run(local, "printf", r"\377\000")[1]
    assert done.out.encode(errors="surrogateescape") == b"\xff\x00"


def test_a_run_that_was_killed_before_is_reported_and_cleared_after(local: Session) -> None:
    killed = RunLog(local.state, "deploy", (), str)
    killed._events.close()  # as its process does when it is killed
    scratch = killed.directory / ARTIFACTS
    scratch.mkdir()
    notes: list[Event] = []
    services = tuple(local.desired.services.values())
    execute(local, services, ["true"], deadline=5, argv=(), show=lambda _: None, events=notes.append)
    (note,) = notes
    assert f"run {killed.id} (deploy" in note.text
    newest = past_runs(local.state)[0]
    assert next(iter(events_of(local.state, newest.id))).event.text == note.text
