"""A server of gRPC for tests: a process with the real library."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SERVER = Path(__file__).with_name("grpc_server.py")


@dataclass
class Serving:
    port: int
    process: subprocess.Popen[str]


@contextmanager
def serving_grpc(*arguments: Path | str) -> Iterator[Serving]:
    """A server of grpcio: key, certificate and CA as arguments make it one of TLS."""
    pytest.importorskip("grpc")
    process = subprocess.Popen([sys.executable, SERVER, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield Serving(int(process.stdout.readline()), process)
    finally:
        process.kill()
        process.communicate()
