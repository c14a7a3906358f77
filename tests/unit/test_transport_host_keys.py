"""The private known_hosts file decides who a server is."""

import base64
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest
from check_world import the_desired
from loopback_ssh import HOST_KEY, LARGER_HOST_KEY, OTHER_HOST_KEY, Server, a_node, known, serving

from fatecloud.collect.gather import gather
from fatecloud.errors import TransportError
from fatecloud.model.node import Node
from fatecloud.model.observed import Observed
from fatecloud.model.remedy import Run
from fatecloud.transport import connect
from fatecloud.transport.contract import Transport
from fatecloud.transport.hostkeys import ACCEPT, fingerprint
from fatecloud.workflow.check import check_cluster


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


DAMAGE = {
    "half a line": b"[127.0.0.1]:%d ssh-rsa AAAAB3NzaC1yc2EAAAADAQ",
    "no base64": b"[127.0.0.1]:%d ssh-rsa ####",
    "one word": b"garbage",
    "no text": b"\xff\xfe\x00\x01",
    "half a hashed name": b"|1|AAAA|BBBB ssh-ed25519 "
    b"AAAAC3NzaC1lZDI1NTE5AAAAILMgbpG3d7g6OpXsHmcoaU2Viv+dGwNaLnidhfe0YHLS",
    "a hashed name without base64": b"|1|##|## ssh-ed25519 "
    b"AAAAC3NzaC1lZDI1NTE5AAAAILMgbpG3d7g6OpXsHmcoaU2Viv+dGwNaLnidhfe0YHLS",
    "a truncated key": b"[127.0.0.1]:%d ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_line_costs_no_other_node_and_is_named_where_the_key_is_missing(tmp_path: Path, damage: str) -> None:
    hosts = tmp_path / "known_hosts"
    with serving(password="right") as server:
        broken = DAMAGE[damage].replace(b"%d", b"%d" % server.port)
        good = known(tmp_path / "good", server.port, HOST_KEY).read_bytes()
        hosts.write_bytes(b"# ours\n" + broken + b"\n" + good)
        enter(server, hosts)
        hosts.write_bytes(b"# ours\n" + broken + b"\n")
        for accept_new in (False, True):
            with pytest.raises(TransportError) as caught:
                enter(server, hosts, accept_new=accept_new)
            assert caught.value.code == "NODE_HOST_KEYS_DAMAGED"
            assert f"{hosts}:2" in caught.value.message
            assert f"sed -i '2d' {hosts}" in caught.value.remedy
            assert fingerprint(HOST_KEY) in caught.value.remedy
    assert hosts.read_bytes() == b"# ours\n" + broken + b"\n", "the file was changed"


@pytest.mark.parametrize("damaged", [b"", b"|1|##|## ssh-ed25519 AAAA\n", b"a-key\n|1|b|c\n"])
@pytest.mark.parametrize("changed", [False, True])
def test_who_does_what_the_finding_says_is_let_in_again(tmp_path: Path, *, damaged: bytes, changed: bool) -> None:
    hosts = tmp_path / "known_hosts"
    with serving(password="right") as server:
        other = known(hosts, server.port, OTHER_HOST_KEY).read_bytes() if changed else b""
        hosts.write_bytes(damaged + other)
        with pytest.raises(TransportError) as caught:
            enter(server, hosts)
        runs = [one.command for one in caught.value.remedies if isinstance(one, Run) and not one.looks]
        assert runs.pop() == ACCEPT.command
        for command in runs:
            subprocess.run(["sh", "-ec", command], check=True, capture_output=True)
        enter(server, hosts, accept_new=True)
        enter(server, hosts)


@pytest.mark.parametrize("hosts_of_it", ["*", "[127.0.0.1]:%d"])
@pytest.mark.parametrize("also_known", [False, True])
def test_a_revoked_key_is_refused_and_its_line_is_not_damaged(
    tmp_path: Path,
    hosts_of_it: str,
    also_known: bool,  # noqa: FBT001
) -> None:
    hosts = tmp_path / "known_hosts"
    with serving(password="right") as server:
        key = f"{HOST_KEY.get_name()} {HOST_KEY.get_base64()}\n"
        good = f"[127.0.0.1]:{server.port} {key}" if also_known else ""
        hosts.write_text(f"@revoked {hosts_of_it.replace('%d', str(server.port))} {key}{good}")
        with pytest.raises(TransportError, match="marks as revoked") as caught:
            enter(server, hosts, accept_new=True)
        assert caught.value.code == "NODE_HOST_KEY_REVOKED"
        assert not server.attempts


@pytest.mark.parametrize("rest", ["", "*", "* ecdsa-sha2-nistp256 AAAA", "* ecdsa-sha2-nistp256 ####"])
@pytest.mark.parametrize("also_known", [False, True])
def test_while_a_revoked_key_cannot_be_read_no_key_is_trusted(
    tmp_path: Path,
    rest: str,
    also_known: bool,  # noqa: FBT001
) -> None:
    hosts = tmp_path / "known_hosts"
    with serving(password="right") as server:
        hosts.write_text(f"# ours\n@revoked {rest}\n")
        if also_known:
            known(hosts, server.port, HOST_KEY)
        with pytest.raises(TransportError, match="cannot be read which") as caught:
            enter(server, hosts, accept_new=True)
        assert caught.value.code == "NODE_HOST_KEYS_DAMAGED"
        assert f"{hosts}:2" in caught.value.message
        assert not server.attempts


@pytest.mark.parametrize(
    ("marked", "code"),
    [("@revoked * {key}", "NODE_HOST_KEY_REVOKED"), ("@revoked * ssh-rsa", "NODE_HOST_KEYS_DAMAGED")],
)
def test_the_finding_of_a_check_is_the_transports_code(tmp_path: Path, marked: str, code: str) -> None:
    hosts = tmp_path / "known_hosts"
    with serving(password="right") as server:
        hosts.write_text(marked.format(key=f"{HOST_KEY.get_name()} {HOST_KEY.get_base64()}") + "\n")
        known(hosts, server.port, HOST_KEY)

        def reach(node: Node, _seconds: float) -> Transport:
            return connect(a_node(server.port, name=node.name), known_hosts=hosts, passwords=_password)

        def read(*, meanwhile: Callable[[], object]) -> Observed:
            meanwhile()
            return gather(the_desired(), reach, nodes=["a1"])

        report = check_cluster(the_desired, read, str)
        assert not server.attempts
    finding = next(found for found in report.findings if found.code == code)
    assert (finding.subject.node, str(hosts) in finding.symptom) == ("a1", True)


def test_an_authority_and_another_hosts_revoked_key_cost_nothing(tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    other = f"{OTHER_HOST_KEY.get_name()} {OTHER_HOST_KEY.get_base64()}"
    hosts.write_text(f"@cert-authority *.bank.example {other}\n@revoked\told.bank.example {other}\n")
    with serving(password="right") as server:
        with pytest.raises(TransportError) as caught:
            enter(server, hosts)
        assert caught.value.code == "NODE_HOST_KEY_UNKNOWN"
        enter(server, hosts, accept_new=True)
        enter(server, hosts)


def test_a_line_for_a_type_of_key_that_we_cannot_read_is_not_damage(tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    name = b"ssh-of-tomorrow"
    blob = b"".join(len(field).to_bytes(4, "big") + field for field in (name, b"key"))
    hosts.write_bytes(b"other.example ssh-of-tomorrow " + base64.b64encode(blob) + b" a comment\n")
    with serving(password="right") as server:
        enter(server, hosts, accept_new=True)
    assert len(hosts.read_text().splitlines()) == 2
