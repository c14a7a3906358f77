"""Runs a command in a node's container, and loses nothing of what it says.

docker-py reads the frames of an exec past the buffer of its own HTTP reader: what comes together with the headers of
the answer is lost (https://github.com/docker/docker-py/issues/3332). So the command does not start before the headers
have been read: its shell waits for a line.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import docker
from docker.utils.socket import STDERR, STDOUT, frames_iter

from fatecloud.model.completed import Completed

_SHELL = 'read -r go && exec "$@" </dev/null'


def execute(
    api: docker.APIClient,
    container: str,
    argv: Sequence[str],
    *,
    user: str,
    timeout: float,
    environment: Mapping[str, str],
) -> Completed:
    """Run a command to its end.

    Args:
        api: the Docker Engine.
        container: id of a running one.
        argv: the command, which is not run by a shell.
        user: the user that runs it.
        timeout: seconds after which it is killed; its status is then 124, as `timeout` has it.
        environment: additional variables.
    """
    limited = ["timeout", "--kill-after=5", f"{timeout:g}", *argv]
    started = time.monotonic()
    made = api.exec_create(
        container, ["sh", "-c", _SHELL, "sh", *limited], stdin=True, user=user, environment=dict(environment)
    )
    said = {STDOUT: bytearray(), STDERR: bytearray()}
    connection: Any = api.exec_start(made["Id"], socket=True)
    with closing(connection._response):  # noqa: SLF001 - closes the connection, as closing its socket does not
        os.write(connection.fileno(), b"\n")
        for stream, data in frames_iter(connection, tty=False):  # type: ignore[no-untyped-call]
            said[stream] += data
    status = api.exec_inspect(made["Id"])["ExitCode"]
    return Completed(status, bytes(said[STDOUT]), bytes(said[STDERR]), time.monotonic() - started)
