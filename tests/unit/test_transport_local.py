"""This machine as a node."""

import os
import threading
import time
from pathlib import Path

import pytest
from loopback_ssh import a_node, listening

from fatecloud.errors import TransportError
from fatecloud.transport import Transport, connect


@pytest.fixture
def node(tmp_path: Path) -> Transport:
    return connect(a_node(address="local"), known_hosts=tmp_path / "none", passwords=lambda _node, _kind: None)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_streams_and_status_come_back_apart(node: Transport) -> None:
    done = node.run(["sh", "-c", "cat; echo wrong >&2; exit 7"], stdin=b"given", timeout=5)
    assert (done.exit, done.stdout, done.stderr, done.error) == (7, b"given", b"wrong\n", "wrong")


def test_a_program_that_is_not_there_fails_as_in_a_shell(node: Transport) -> None:
    done = node.run(["no-such-program"], timeout=5)
    assert done.exit == 127
    assert done.error == "no-such-program: No such file or directory"


def test_what_takes_too_long_is_killed_with_its_children(node: Transport, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(TransportError) as caught:
        node.run(["sh", "-c", f"sleep 60 & echo $! >{tmp_path}/child; wait"], timeout=1)
    assert caught.value.code == "NODE_TIMEOUT"
    assert time.monotonic() - began < 3
    child = int((tmp_path / "child").read_text())
    until = time.monotonic() + 3
    while alive(child) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(child)


def test_a_child_that_keeps_the_pipe_open_is_neither_waited_for_nor_killed(node: Transport) -> None:
    began = time.monotonic()
    done = node.run(["sh", "-c", "sleep 30 & echo $!"], timeout=20)
    assert time.monotonic() - began < 8
    assert alive(int(done.text))
    os.kill(int(done.text), 9)


def test_output_without_end_is_cut_off(node: Transport) -> None:
    with pytest.raises(TransportError) as caught:
        node.run(["cat", "/dev/zero"], timeout=60)
    assert caught.value.code == "NODE_OUTPUT_LIMIT"


def test_much_goes_in_and_out_at_the_same_time(node: Transport) -> None:
    data = bytes(range(256)) * 16384
    assert node.run(["cat"], stdin=data, timeout=30).stdout == data
    assert node.run(["sh", "-c", "exec <&-; echo done"], stdin=data, timeout=30).stdout == b"done\n"


def test_the_terminal_is_not_part_of_it(node: Transport) -> None:
    """A command in our session would die of the Ctrl-C that is meant for us, or ask on our terminal."""
    done = node.run(["sh", "-c", "ps -o sid= -p $$; echo $$"], timeout=5)
    session, pid = done.text.split()
    assert session == pid
    assert int(session) != os.getsid(0)


def test_a_tunnel_is_a_plain_connection(node: Transport) -> None:
    with listening() as listener:
        port = listener.getsockname()[1]

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"hi")

        threading.Thread(target=greet, daemon=True).start()
        with node.tunnel("127.0.0.1", port) as stream:
            assert stream.recv(10) == b"hi"
    with pytest.raises(TransportError) as caught, node.tunnel("127.0.0.1", port):
        pass
    assert caught.value.code == "NODE_TUNNEL_REFUSED"
