"""The Docker Engine: found by its usual environment variables, with its errors turned into SandboxError."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import requests
from docker.errors import DockerException

from fatecloud.errors import SandboxError

LABEL = "fatecloud.sandbox"
"""Label of every container, network and image of a sandbox; its value is the sandbox's name."""
NODE_LABEL = "fatecloud.sandbox.node"
ADDRESS_LABEL = "fatecloud.sandbox.address"
_DEFAULT_HOST = "unix:///var/run/docker.sock"
_READ_TIMEOUT = 600
"""Seconds: importing an image takes a while."""
_REMEDY = (
    "Install it with `apt-get install docker.io`, start it (`systemctl start docker`, or `dockerd &` without systemd), "
    "and run this as root or as a member of the group docker."
)


def engine() -> docker.DockerClient:
    """A connection to the Docker Engine that `DOCKER_HOST` names, or to the local socket.

    Raises:
        SandboxError: Docker is not installed, not running, or this user may not use it.
    """
    try:
        _dial(os.environ.get("DOCKER_HOST") or _DEFAULT_HOST)
        client = docker.from_env(timeout=_READ_TIMEOUT)
        client.ping()
    except (DockerException, requests.RequestException, OSError) as error:
        raise SandboxError(f"the Docker Engine does not answer: {_first_line(error)}", remedy=_REMEDY) from None
    return client


def _dial(host: str) -> None:
    """Try a local socket first: the library wraps an error in three others, and leaks its socket."""
    path = host.removeprefix("unix://")
    if path == host:
        return
    with socket.socket(socket.AF_UNIX) as knock:
        try:
            knock.connect(path)
        except OSError as error:
            raise OSError(f"{path}: {error.strerror}") from None


@contextmanager
def refusals(doing: str) -> Iterator[None]:
    """Turn errors of the Docker Engine inside the block into a SandboxError that begins with `doing`."""
    try:
        yield
    except (DockerException, requests.RequestException) as error:
        raise SandboxError(f"{doing}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
