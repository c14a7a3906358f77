"""An SSH server inside the test's own process, on loopback, and nodes that reach it."""
# ruff: noqa: ARG002 - the SSH library calls these methods with more than a small server needs

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import paramiko

from fatecloud.model.node import Node, Paths, Ssh

HOST_KEY = paramiko.ECDSAKey.generate()
OTHER_HOST_KEY = paramiko.ECDSAKey.generate()
LARGER_HOST_KEY = paramiko.ECDSAKey.generate(bits=384)
NO_PASSWORDS = {"ssh": None, "become": None}


def a_node(port: int = 22, *, name: str = "a1", address: str = "127.0.0.1", become: str = "root", **ssh: Any) -> Node:
    paths = Paths("/data", "/data/data", "/data/logs", "/data/backup")
    how = Ssh(**{"user": "ops", "port": port, "agent": False, "key": None, **ssh})
    connection: Any = "local" if address == "local" else "ssh"
    made: Any = (become, None, "fate", "fate", "systemd", "repos", paths)
    return Node(name, address, connection, "0.0.0.0", address, how, *made)  # noqa: S104


def write_key(path: Path, passphrase: str | None = None) -> paramiko.PKey:
    argv = ("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase or "", "-f", str(path))
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
    return paramiko.Ed25519Key.from_private_key_file(str(path), passphrase)


def known(path: Path, port: int, key: paramiko.PKey) -> Path:
    with path.open("a") as file:
        file.write(f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n")
    return path


class Server(paramiko.ServerInterface):
    """One sshd: who may log in, whether it forwards, and the environment of its commands."""

    def __init__(
        self, *, key: paramiko.PKey | None, password: str | None, forwards: bool, env: Mapping[str, str]
    ) -> None:
        self.key = key
        self.password = password
        self.forwards = forwards
        self.env = {**os.environ, **env}
        self.host_key: paramiko.PKey = HOST_KEY
        self.port = 0
        self.delay = 0.0
        """Seconds before it answers to a password and to the start of a command."""
        self.attempts: list[str] = []
        self.commands: list[str] = []
        self.transports: list[paramiko.Transport] = []

    def get_allowed_auths(self, username: str) -> str:
        return "publickey,password"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.attempts.append("publickey")
        return paramiko.common.AUTH_SUCCESSFUL if key == self.key else paramiko.common.AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        self.attempts.append("password")
        time.sleep(self.delay)
        return paramiko.common.AUTH_SUCCESSFUL if password == self.password else paramiko.common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_direct_tcpip_request(
        self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]
    ) -> int:
        if not self.forwards:
            return paramiko.common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        try:
            target = socket.create_connection(destination, 5)
        except OSError:
            return paramiko.common.OPEN_FAILED_CONNECT_FAILED
        _thread(self._forward, chanid, target)
        return paramiko.common.OPEN_SUCCEEDED

    def _forward(self, chanid: int, target: socket.socket) -> None:
        accepted = (transport.accept(5) for transport in self.transports)
        channel = next((found for found in accepted if found is not None and found.get_id() == chanid), None)
        if channel is None:  # the client has gone
            target.close()
            return
        with suppress(OSError, EOFError), target, channel:
            _thread(_copy, channel, target)
            _copy(target, channel)

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self.commands.append(command.decode())
        time.sleep(self.delay)
        _after_the_answer(channel.transport, lambda: _thread(self._execute, channel, command.decode()))
        return True

    def _execute(self, channel: paramiko.Channel, command: str) -> None:
        pipe = subprocess.PIPE
        with subprocess.Popen(
            ["sh", "-c", command], stdin=pipe, stdout=pipe, stderr=pipe, env=self.env, start_new_session=True
        ) as process:
            streams = (process.stdout, channel.sendall), (process.stderr, channel.sendall_stderr)
            pumps = [_thread(_pump, *pair, process.pid) for pair in streams]
            _thread(_input, channel, process.stdin)
            # Like sshd: the status goes out when the command ends, the end of the streams when the pipes do.
            status = process.wait()
            with suppress(OSError, EOFError):
                channel.send_exit_status(status if status >= 0 else 128 - status)
            for pump in pumps:
                pump.join()
        with suppress(OSError, EOFError):
            channel.close()

    def drop(self) -> None:
        """Break all connections, as a power cut would."""
        for transport in self.transports:
            with suppress(OSError, EOFError):
                transport.close()


def _after_the_answer(transport: Any, then: Callable[[], object]) -> None:
    """Do something when this transport has sent its next message: like sshd, it first says that a command starts."""
    # The library gives its answer after its last call of ours.
    send = transport._send_user_message

    def answer(message: paramiko.Message) -> None:
        send(message)
        if threading.get_ident() == transport.ident:
            transport._send_user_message = send
            then()

    transport._send_user_message = answer


def _thread(target: Callable[..., None], *args: Any) -> threading.Thread:
    """Start a thread of the server. Its errors come from clients that hang up, which many tests do on purpose."""

    def serve() -> None:
        with suppress(OSError, EOFError, ValueError, paramiko.SSHException):
            target(*args)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


def _copy(source: Any, target: Any) -> None:
    with suppress(OSError, EOFError):
        while data := source.recv(65536):
            target.sendall(data)


def _pump(stream: Any, send: Any, group: int) -> None:
    try:
        while data := stream.read1(65536):
            send(data)
    except (OSError, EOFError, ValueError):
        # The client has gone: nothing that it started goes on in the background of the other tests.
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def _input(channel: paramiko.Channel, stdin: Any) -> None:
    with suppress(OSError, EOFError, ValueError):
        while data := channel.recv(65536):
            stdin.write(data)
            stdin.flush()
    with suppress(OSError):
        stdin.close()


@contextmanager
def serving(
    *,
    key: paramiko.PKey | None = None,
    password: str | None = None,
    forwards: bool = True,
    env: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """A server that listens until the end of the block."""
    server = Server(key=key, password=password, forwards=forwards, env=env or {})
    with listening() as listener:
        server.port = listener.getsockname()[1]

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                transport = paramiko.Transport(connection)
                transport.add_server_key(server.host_key)
                server.transports.append(transport)
                # A client that hangs up in the middle ends its own connection only.
                with suppress(paramiko.SSHException, EOFError, OSError):
                    transport.start_server(server=server)

        _thread(accept)
        try:
            yield server
        finally:
            server.drop()


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A listening socket on loopback without a server, so that a client waits for a greeting."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        try:
            yield listener
        finally:
            # A thread in accept() is not woken by close alone.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
