"""The private known_hosts file decides who a server is."""

import threading
from pathlib import Path

import paramiko
import pytest
from loopback_ssh import HOST_KEY, LARGER_HOST_KEY, OTHER_HOST_KEY, Server, a_node, known, serving

from fatecloud.errors import TransportError
from fatecloud.model.cluster import Node
from fatecloud.transport import connect
from fatecloud.transport.hostkeys import fingerprint


def enter(server: Server, hosts: Path, *, accept_new: bool = False) -> None:
    connect(a_node(server.port), known_hosts=hosts, accept_new=accept_new, passwords=_password).close()


def _password(node: Node, kind: str) -> str | None:
    return "right" if kind == "ssh" else None


def test_an_unknown_key_stops_with_its_fingerprint_and_the_option_that_accepts_it(tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    with serving(password="right") as server, pytest.raises(TransportError) as caught:
        enter(server, hosts)
    assert caught.value.code == "NODE_HOST_KEY_UNKNOWN"
    assert fingerprint(HOST_KEY) in caught.value.message
    assert "--accept-new-host-keys" in caught.value.remedy
    assert not server.attempts, "a login was tried at a stranger"
    assert not hosts.exists()


def test_an_accepted_key_is_remembered_privately(tmp_path: Path) -> None:
    hosts = tmp_path / "state" / "known_hosts"
    with serving(password="right") as server:
        enter(server, hosts, accept_new=True)
        enter(server, hosts)
    assert hosts.read_text() == f"[127.0.0.1]:{server.port} {HOST_KEY.get_name()} {HOST_KEY.get_base64()}\n"
    assert hosts.stat().st_mode & 0o777 == 0o600
    assert hosts.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("accept_new", [False, True])
@pytest.mark.parametrize("remembered", [OTHER_HOST_KEY, LARGER_HOST_KEY], ids=["same type", "other type"])
def test_a_changed_key_always_stops(tmp_path: Path, remembered: paramiko.PKey, accept_new: bool) -> None:  # noqa: FBT001
    with serving(password="right") as server:
        hosts = known(tmp_path / "known_hosts", server.port, remembered)
        before = hosts.read_text()
        with pytest.raises(TransportError) as caught:
            enter(server, hosts, accept_new=accept_new)
    assert caught.value.code == "NODE_HOST_KEY_CHANGED"
    assert f"ssh-keygen -R '[127.0.0.1]:{server.port}'" in caught.value.remedy
    assert not server.attempts
    assert hosts.read_text() == before


def test_a_file_without_a_last_newline_is_continued_on_a_new_line(tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    with serving(password="right") as server:
        known(hosts, 1, OTHER_HOST_KEY)
        hosts.write_text(hosts.read_text().rstrip("\n"))
        enter(server, hosts, accept_new=True)
        enter(server, hosts)
    assert len(hosts.read_text().splitlines()) == 2


def test_many_nodes_met_at_once_are_all_remembered(tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    with serving(password="right") as first, serving(password="right") as second, serving(password="right") as third:
        servers = (first, second, third)
        threads = [threading.Thread(target=enter, args=(s, hosts), kwargs={"accept_new": True}) for s in servers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for server in servers:
            enter(server, hosts)
    assert len(hosts.read_text().splitlines()) == 3


def test_the_fingerprint_is_written_as_openssh_writes_it() -> None:
    assert fingerprint(HOST_KEY) == f"ECDSA {HOST_KEY.fingerprint}"
