"""The probes' client of gRPC, answered by grpc-java, which encodes long headers in another way than grpcio."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from certificates import Keys, certified
from jvm import libraries

from fatecloud.probing.grpc.answer import LIMIT
from fatecloud.probing.grpc.asking import asked
from fatecloud.probing.grpc.tls import Tls
from fatecloud.probing.grpc.wire import field, fields

LISTENS = re.compile(r"listens on port (\d+)")


class Java:
    """A service of the fixtures that has only its faults."""

    def __init__(self, process: subprocess.Popen[bytes], log: IO[str]) -> None:
        self.process, self.log = process, log
        self.port = int(self.said(LISTENS))

    def said(self, pattern: re.Pattern[str]) -> str:
        """The first group of the next line in the log that has the pattern."""
        while self.process.poll() is None:
            found = pattern.search(self.log.readline())
            if found:
                return found.group(1)
        raise AssertionError(f"it ended with {self.process.returncode}: {self.log.read()}")

    def ask(self, method: str, number: int = 0, timeout: float = 30, **more: Any) -> tuple[dict[str, Any], bytes]:
        path = f"/fixture.base.Trouble/{method}"
        return asked("127.0.0.1", self.port, path, field(1, number), timeout=timeout, **more)


@contextmanager
def running(certificate: str = "", key: str = "") -> Iterator[Java]:
    if not (shutil.which("java") and shutil.which("mvn")):
        pytest.skip("this machine has no Java, or no Maven")
    argv = ["java", "-Xmx64m", "-cp", f"{libraries('1.0.0')}/*", "fixture.base.Bare", certificate, key]
    with tempfile.NamedTemporaryFile("w+") as written, Path(written.name).open() as log:
        process = subprocess.Popen(argv, stderr=written)
        try:
            yield Java(process, log)
        finally:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def java() -> Iterator[Java]:
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return certified(tmp_path_factory.mktemp("keys"), "fate.example", "127.0.0.1")


@pytest.mark.parametrize("size", [0, 10, 100_000, LIMIT - 4])
def test_answers_up_to_the_limit_come_whole(java: Java, size: int) -> None:
    answer, message = java.ask("Speak", size)
    assert answer == {"ok": True}
    assert fields(message) == ({1: [b"w" * size]} if size else {})


@pytest.mark.parametrize("size", [1, 511, 600, 8_000, 60_000])
def test_messages_of_errors_come_whole_however_they_are_encoded(java: Java, size: int) -> None:
    answer, _ = java.ask("Fail", size)
    assert (answer["kind"], answer["status"]) == ("status", "INTERNAL")
    assert answer["error"] == ("INTERNAL: " + "w" * size)[:400]


def test_a_method_that_is_not_there(java: Java) -> None:
    answer, _ = java.ask("Nothing")
    assert answer["error"] == "UNIMPLEMENTED: Method not found: fixture.base.Trouble/Nothing"


def test_a_service_that_hangs_still_speaks_and_one_that_is_stopped_does_not() -> None:
    with running() as java:
        assert java.ask("Hang", 20, timeout=4)[0]["kind"] == "unanswered"
        assert java.ask("Speak", 1, timeout=4)[0]["kind"] == "unanswered"
        assert java.ask("Speak", 1)[0] == {"ok": True}
        os.kill(java.process.pid, signal.SIGSTOP)
        os.waitpid(java.process.pid, os.WUNTRACED)
        assert java.ask("Speak", 1, timeout=1)[0]["kind"] == "silent"
        os.kill(java.process.pid, signal.SIGCONT)
        assert java.ask("Speak", 1)[0] == {"ok": True}


def test_a_healthy_question_leaves_no_trace_in_the_log() -> None:
    with running() as java:
        for method, number in (("Speak", 1000), ("Fail", 1000), ("Nothing", 0)):
            java.ask(method, number)
        java.ask("Exit", 7)
        assert java.process.wait(30) == 7
        assert java.log.read() == ""


def test_over_tls(keys: Keys) -> None:
    with running(str(keys.certificate), str(keys.key)) as java:
        tls = Tls(str(keys.certificate), name="fate.example")
        answer, message = java.ask("Speak", 200_000, tls=tls)
        assert (answer, len(message)) == ({"ok": True}, 200_004)
        assert java.ask("Fail", 600, tls=tls)[0]["error"].startswith("INTERNAL: www")
        assert java.ask("Speak", 1, tls=Tls(str(keys.certificate), name="other.example"))[0]["kind"] == "tls"
        assert java.ask("Speak", 1)[0]["kind"] in ("foreign", "reset")
