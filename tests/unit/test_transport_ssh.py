"""Commands, files and tunnels over an open connection."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest
from loopback_ssh import HOST_KEY, Server, a_node, known, listening, serving

from fatecloud.errors import TransportError
from fatecloud.transport import Transport, connect


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(password="right") as made:
        yield made


@pytest.fixture
def node(server: Server, tmp_path: Path) -> Iterator[Transport]:
    hosts = known(tmp_path / "known_hosts", server.port, HOST_KEY)
    transport = connect(a_node(server.port), known_hosts=hosts, passwords=lambda _node, _kind: "right")
    yield transport
    transport.close()


def test_arguments_arrive_as_they_were_given(node: Transport) -> None:
    words = ["", "two words", "it's", '"quoted"', "$HOME `id` \\", "line\nbreak", "-n", "*", "grüße"]
    done = node.run(["printf", "%s|", *words], timeout=5)
    assert done.stdout.decode() == "|".join([*words, ""])


def test_streams_and_status_come_back_apart(node: Transport) -> None:
    done = node.run(["sh", "-c", "cat; echo wrong >&2; exit 7"], stdin=b"given", timeout=5)
    assert (done.exit, done.stdout, done.stderr) == (7, b"given", b"wrong\n")
    assert 0 < done.seconds < 5


def test_a_command_without_input_reads_the_end_of_it(node: Transport) -> None:
    assert node.run(["cat"], timeout=5).stdout == b""


def test_much_goes_in_and_out_at_the_same_time(node: Transport) -> None:
    data = bytes(range(256)) * 16384
    done = node.run(["cat"], stdin=data, timeout=60)
    assert done.stdout == data


def test_a_command_that_does_not_read_its_input_still_ends(node: Transport) -> None:
    done = node.run(["sh", "-c", "exec <&-; echo done"], stdin=b"x" * 5_000_000, timeout=30)
    assert done.stdout == b"done\n"


def test_a_hung_command_costs_its_deadline_and_the_connection_lives_on(node: Transport) -> None:
    began = time.monotonic()
    with pytest.raises(TransportError) as caught:
        node.run(["sleep", "60"], timeout=1)
    assert caught.value.code == "NODE_TIMEOUT"
    assert "`sleep` did not end within 1 s" in caught.value.message
    assert 0.9 < time.monotonic() - began < 3
    assert node.run(["echo", "on"], timeout=5).text == "on\n"


def test_a_server_that_never_confirms_the_start_costs_the_deadline(node: Transport, server: Server) -> None:
    server.delay = 4
    began = time.monotonic()
    with pytest.raises(TransportError) as caught:
        node.run(["true"], timeout=1)
    assert caught.value.code == "NODE_TIMEOUT"
    assert time.monotonic() - began < 3


def test_a_drip_of_output_does_not_stretch_the_deadline(node: Transport) -> None:
    began = time.monotonic()
    with pytest.raises(TransportError):
        node.run(["sh", "-c", "while :; do echo .; sleep 0.1; done"], timeout=1)
    assert time.monotonic() - began < 3


def test_a_child_that_keeps_the_pipe_open_is_not_waited_for(node: Transport) -> None:
    began = time.monotonic()
    assert node.run(["sh", "-c", "sleep 30 & echo started"], timeout=20).text == "started\n"
    assert time.monotonic() - began < 8


def test_output_without_end_is_cut_off(node: Transport) -> None:
    with pytest.raises(TransportError) as caught:
        node.run(["cat", "/dev/zero"], timeout=60)
    assert caught.value.code == "NODE_OUTPUT_LIMIT"


def test_a_connection_that_breaks_while_a_channel_is_closed_hides_no_answer(
    node: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_channel: paramiko.Channel) -> None:
        raise EOFError

    monkeypatch.setattr(paramiko.Channel, "close", broken)
    assert node.run(["echo", "there"], timeout=10).text == "there\n"


def test_a_connection_that_breaks_under_a_command_is_reported(node: Transport, server: Server) -> None:
    threading.Timer(0.5, server.drop).start()
    with pytest.raises(TransportError) as caught:
        node.run(["sleep", "30"], timeout=20)
    assert caught.value.code == "NODE_UNREACHABLE"
    assert "the connection broke while `sleep` ran" in caught.value.message
    with pytest.raises(TransportError) as caught:
        node.run(["true"], timeout=5)
    assert caught.value.code == "NODE_UNREACHABLE"


def test_several_threads_share_one_connection(node: Transport, server: Server) -> None:
    found: dict[int, str] = {}

    def ask(number: int) -> None:
        found[number] = node.run(["sh", "-c", f"sleep 0.2; echo {number}"], timeout=10).text

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: f"{number}\n" for number in range(5)}
    assert len(server.transports) == 1


def test_a_tunnel_carries_bytes_both_ways(node: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(connection.recv(100).upper())

        threading.Thread(target=answer, daemon=True).start()
        with node.tunnel("127.0.0.1", listener.getsockname()[1]) as stream:
            stream.settimeout(5)
            stream.sendall(b"hello")
            assert stream.recv(100) == b"HELLO"


def test_a_tunnel_to_nothing_and_a_tunnel_that_is_forbidden_differ(node: Transport, server: Server) -> None:
    with listening() as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TransportError) as caught, node.tunnel("127.0.0.1", port):
        pass
    assert caught.value.code == "NODE_TUNNEL_REFUSED"
    server.forwards = False
    with pytest.raises(TransportError) as caught, node.tunnel("127.0.0.1", port):
        pass
    assert caught.value.code == "NODE_NO_FORWARDING"
