"""Root by sudo: the password reaches sudo and nothing else, the input reaches the command and nothing else."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from loopback_ssh import HOST_KEY, a_node, known, serving
from modules import utility

from fatecloud.collect.node import reading
from fatecloud.errors import TransportError
from fatecloud.model.programs import SEARCH_PATH
from fatecloud.transport import Transport, connect

PASSWORD = "canary-sesame"
FAKE_SUDO = """\
#!/bin/sh
# Behaves like sudo(8): asks on stderr, reads one line from stdin, and asks not at all under NOPASSWD.
never= prompt='[sudo] password: '
while [ $# -gt 0 ]; do
    case $1 in
    -n) never=1; shift ;;
    -S) shift ;;
    -p) prompt=$2; shift 2 ;;
    --) shift; break ;;
    esac
done
echo "$*" >>"$FAKE_SUDO_LOG"
[ "$FAKE_SUDO" = otp ] && { printf 'Verification code: ' >&2; sleep 30; exit 1; }
# In place of a shell that lets no one in: sudo is not even run.
[ "$FAKE_SUDO" = nologin ] && { echo 'This account is currently not available.'; exit 1; }
[ "$FAKE_SUDO" = nopasswd ] && exec "$@"
[ -n "$never" ] && { echo 'sudo: a password is required' >&2; exit 1; }
echo 'We trust you have received the usual lecture.' >&2
for try in 1 2 3; do
    printf %s "$prompt" >&2
    IFS= read -r word || { echo 'sudo: no password was provided' >&2; exit 1; }
    [ "$word" = "$FAKE_SUDO" ] && exec "$@"
    echo 'Sorry, try again.' >&2
done
exit 1
"""
Open = Callable[..., Transport]


@pytest.fixture(params=["local", "ssh"])
def node(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a transport to a node with the fake sudo, of both kinds."""
    sudo = tmp_path / "bin" / "sudo"
    sudo.parent.mkdir()
    sudo.write_text(FAKE_SUDO)
    sudo.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr("fatecloud.transport.sudo.SUDO", str(sudo))
    with ExitStack() as stack:

        def open_node(
            rule: str, *, password: str | None = None, become: str = "root", user: str = "ops", first: str = ""
        ) -> Transport:
            env = {
                "PATH": f"{first}{sudo.parent}:{os.environ['PATH']}",
                "FAKE_SUDO": rule,
                "FAKE_SUDO_LOG": str(tmp_path / "log"),
            }
            for name, value in env.items():
                monkeypatch.setenv(name, value)
            words = {"ssh": "right", "become": password}
            if request.param == "local":
                made = a_node(address="local", become=become)
                return connect(made, known_hosts=tmp_path / "none", passwords=lambda _node, kind: words[kind])
            server = stack.enter_context(serving(password="right", env=env))
            made = a_node(server.port, become=become, user=user)
            hosts = known(tmp_path / "known_hosts", server.port, HOST_KEY)
            transport = connect(made, known_hosts=hosts, passwords=lambda _node, kind: words[kind])
            stack.callback(transport.close)
            return transport

        yield open_node


def asked(tmp_path: Path) -> str:
    return (tmp_path / "log").read_text() if (tmp_path / "log").exists() else ""


@pytest.mark.parametrize("stdin", [b"", b"first line\nsecond line\n", b"z" * 300_000], ids=["empty", "lines", "long"])
@pytest.mark.parametrize("password", [None, PASSWORD], ids=["none given", "given"])
def test_without_a_password_rule_the_command_gets_exactly_its_input(
    node: Open, stdin: bytes, password: str | None
) -> None:
    done = node("nopasswd", password=password).run(["cat"], stdin=stdin, timeout=10, become=True)
    assert done.stdout == stdin
    assert done.exit == 0


@pytest.mark.parametrize("stdin", [b"", b"first line\nsecond line\n", b"z" * 300_000], ids=["empty", "lines", "long"])
def test_with_a_password_rule_too(node: Open, tmp_path: Path, stdin: bytes) -> None:
    done = node(PASSWORD, password=PASSWORD).run(
        ["sh", "-c", "cat; echo own error >&2; exit 5"], stdin=stdin, timeout=10, become=True
    )
    assert done.stdout == stdin
    assert done.stderr == b"own error\n", "sudo's lecture and our marks do not belong to the command"
    assert done.exit == 5
    assert PASSWORD not in asked(tmp_path), "the password stood in an argument list"


def test_a_wrong_password_is_refused_after_one_try(node: Open) -> None:
    with pytest.raises(TransportError) as caught:
        node(PASSWORD, password="canary-wrong").run(["cat"], stdin=b"data", timeout=10, become=True)
    assert caught.value.code == "SUDO_REFUSED"
    assert "the password was refused" in caught.value.message
    assert "canary" not in caught.value.message + caught.value.remedy


def test_a_password_that_is_needed_and_not_given(node: Open) -> None:
    with pytest.raises(TransportError) as caught:
        node(PASSWORD).run(["cat"], stdin=b"data", timeout=10, become=True)
    assert caught.value.code == "SUDO_REFUSED"
    assert "a password is required" in caught.value.message
    assert "become_password" in caught.value.remedy


def test_a_sudo_that_asks_for_something_else_differs_from_a_slow_command(node: Open) -> None:
    with pytest.raises(TransportError) as caught:
        node("otp", password=PASSWORD).run(["cat"], stdin=b"data", timeout=1, become=True)
    assert caught.value.code == "SUDO_REFUSED"


def test_a_login_that_ends_at_once_is_not_a_refusal_of_sudo(node: Open, request: pytest.FixtureRequest) -> None:
    with pytest.raises(TransportError) as caught:
        node("nologin").run(["cat"], stdin=b"data", timeout=10, become=True)
    if "ssh" in request.node.name:
        assert caught.value.code == "NODE_UNREACHABLE"
        assert "the login of ops ended before it ran anything: This account is" in caught.value.message


def test_a_command_that_fails_as_root_is_not_a_refusal(node: Open) -> None:
    done = node("nopasswd").run(
        ["sh", "-c", "echo 'sudo: a password is required' >&2; exit 1"], timeout=10, become=True
    )
    assert (done.exit, done.stderr) == (1, b"sudo: a password is required\n")


def test_no_sudo_of_a_path_gets_a_password_and_root_searches_no_path_of_a_login(node: Open, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.mkdir()
    for name in ("sudo", "whoami"):
        (planted / name).write_text(f"#!/bin/sh\necho {name} >>{tmp_path}/ran; cat >>{tmp_path}/ran; exit 0\n")
        (planted / name).chmod(0o755)
    argv = ["sh", "-c", "echo $PATH; whoami"]
    done = node(PASSWORD, password=PASSWORD, first=f"{planted}:").run(argv, stdin=b"data", timeout=10, become=True)
    assert done.text.splitlines()[0] == SEARCH_PATH
    assert not (tmp_path / "ran").exists()


def test_where_there_is_no_sudo_the_refusal_says_so(node: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = node("nopasswd")
    monkeypatch.setattr("fatecloud.transport.sudo.SUDO", "/nonexistent/sudo")
    with pytest.raises(TransportError, match="/nonexistent/sudo: ") as caught:
        transport.run(["true"], timeout=10, become=True)
    assert caught.value.code == "SUDO_REFUSED"


def test_one_search_path_holds_for_collector_modules_and_services() -> None:
    assert reading.PATH == SEARCH_PATH
    assert utility("fatecloud_node").clean_environment()["PATH"] == SEARCH_PATH


@pytest.mark.parametrize("become", ["none", "service"])
def test_sudo_is_never_started_where_the_inventory_does_not_allow_root(node: Open, tmp_path: Path, become: str) -> None:
    transport = node("nopasswd", become=become)
    with pytest.raises(TransportError) as caught:
        transport.run(["true"], timeout=10, become=True)
    assert caught.value.code == "SUDO_NOT_ALLOWED"
    assert f"become: {become}" in caught.value.message
    assert transport.run(["echo", "plain"], timeout=10).text == "plain\n"
    assert asked(tmp_path) == ""
