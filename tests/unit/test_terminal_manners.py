"""How the program behaves on any terminal and in any pipe, shown by the program itself."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from fatecloud.checks.registry import all_codes
from fatecloud.shipped import folder

EXAMPLE = str(folder("inventories") / "all-in-one.yml")
PROGRAM = (sys.executable, "-c", "from fatecloud.cli.main import main; main()")
PLAIN = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "TERM": "xterm-256color"}
WORDS = {
    "help": ("--help",),
    "explain": ("explain", "--list"),
    "show": ("inventory", "show", "--full", "-i", EXAMPLE),
    "validate": ("inventory", "validate", "-i", EXAMPLE),
}
ENVIRONMENTS: Mapping[str, Mapping[str, str]] = {
    "C": {"LC_ALL": "C"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "no colour": {"NO_COLOR": "1"},
    "narrow": {"COLUMNS": "40"},
    "dumb": {"TERM": "dumb"},
}


def on_terminal(
    words: tuple[str, ...], environment: Mapping[str, str], program: tuple[str, ...] = PROGRAM
) -> tuple[int, str]:
    """Run the program on a terminal of its own; exit status and everything that it wrote."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*program, *words], stdin=slave, stdout=slave, stderr=slave, env={**PLAIN, **environment}, close_fds=True
    )
    os.close(slave)
    written = bytearray()
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # Linux says EIO when the last writer is gone
            break
        if not part:
            break
        written += part
    os.close(master)
    return process.wait(30), written.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS.keys())
@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS.keys())
def test_a_verb_is_readable_on_any_terminal(words: tuple[str, ...], environment: Mapping[str, str]) -> None:
    status, written = on_terminal(words, environment)
    assert status == 0, written
    assert "\x1b" not in written
    assert "Traceback" not in written
    assert len(written.split()) > 5


def test_help_is_wrapped_for_a_narrow_terminal() -> None:
    _, written = on_terminal(("--help",), {"COLUMNS": "40"})
    assert max(map(len, written.splitlines())) <= 50  # Click's help does not go below


def test_what_is_going_on_takes_one_line_of_a_narrow_terminal() -> None:
    show = """
import time
from fatecloud.model.event import Event
from fatecloud.report.console import Console
with Console() as console:
    console(Event("task", "Build the Python environment of the release, which has a very long name", node="n1"))
    time.sleep(0.3)
"""
    _, written = on_terminal((), {"COLUMNS": "40"}, (sys.executable, "-c", show))
    assert written.count("\x1b[1A") == 1, "only at the end the cursor goes up, to clear the one line"
    shown = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", written).replace("\r", "\n").split("\n")
    assert any("Build the Python" in line for line in shown)
    assert max(map(len, shown)) <= 40


def test_a_reader_that_goes_away_is_not_an_error() -> None:
    command = [*PROGRAM, "explain", "--list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=PLAIN) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 141


def test_a_reader_that_has_seen_enough() -> None:
    shell = f"{shlex.join(PROGRAM)} explain --list | head -1"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, env=PLAIN, check=True, timeout=30)
    assert done.stdout.startswith(f"{min(all_codes())} ")
    assert done.stderr == ""


@pytest.mark.parametrize("words", [("explain", "NO_SUCH"), ("nosuch",), ("inventory", "validate", "-i", "/nosuch")])
def test_a_reader_of_errors_may_go_away_too(words: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*PROGRAM, *words], stdout=writer, stderr=writer, env=PLAIN, check=False, timeout=30)
    os.close(writer)
    assert done.returncode in (64, 78, 141)


def test_control_c_while_the_program_loads() -> None:
    pressing = (
        "import sys\n"
        "class Press:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Press())\n"
    )
    command = [*PROGRAM[:-1], pressing + PROGRAM[-1], "--help"]
    done = subprocess.run(command, capture_output=True, text=True, env=PLAIN, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (130, "fatecloud: interrupted\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_no_harm(closed: str) -> None:
    shell = f"exec {shlex.join(PROGRAM)} inventory validate -i {EXAMPLE} {closed}"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, env=PLAIN, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert ("valid" in done.stdout) == (">&-" not in closed.replace("2>&-", ""))


def test_a_full_disk_under_the_output_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "explain", "--list"], stdout=full, stderr=subprocess.PIPE, text=True, env=PLAIN, check=False
        )
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_problems_of_an_inventory_begin_with_their_place(tmp_path: Path) -> None:
    wrong = tmp_path / "inventory.yml"
    wrong.write_text(Path(EXAMPLE).read_text().replace("cluster: local", "clster: local"))
    done = subprocess.run(
        [*PROGRAM, "inventory", "validate", "-i", str(wrong)], capture_output=True, text=True, env=PLAIN, check=False
    )
    assert done.returncode == 78
    assert done.stderr.startswith(f"{wrong}:")
    assert "fatecloud: " not in done.stderr


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def waiting_check(directory: Path, port: int) -> subprocess.Popen[str]:
    inventory = directory / "inventory.yml"
    node = f"{{address: 127.0.0.1, connection: ssh, ssh: {{user: ops, port: {port}}}, advertise: 192.0.2.1}}"
    text = Path(EXAMPLE).read_text().replace("{address: local}", node).replace("~/fatecloud", "/data/fate")
    inventory.write_text(text)
    command = [*PROGRAM, "check", "-i", str(inventory), "--state-dir", str(directory / "state")]
    environment = {**PLAIN, "FATECLOUD_STORE": str(directory / "store")}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_control_c_ends_a_verb_that_waits_for_a_node(tmp_path: Path, silent: socket.socket) -> None:
    with waiting_check(tmp_path, silent.getsockname()[1]) as process:
        readable, _, _ = select.select([silent], [], [], 20)
        assert readable, process.communicate(timeout=5)
        connection, _ = silent.accept()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=15)
        connection.close()
    assert (process.returncode, err, out) == (130, "fatecloud: interrupted\n", "")


def test_what_a_node_wrote_into_an_error_cannot_drive_the_terminal() -> None:
    raises = "from fatecloud.cli import verbs\nfrom fatecloud.errors import RunError\n"
    raises += "def app(**_): raise RunError('a1: no\\x1b[2J answer\\nlast line', remedy='look at\\x1b[0m it')\n"
    program = f"{raises}verbs.app = app\nfrom fatecloud.cli.main import main\nmain()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr == "fatecloud: a1: no\\x1b[2J answer\n  last line\n  next: look at it\n"


def test_a_defect_of_ours_has_a_status_of_its_own() -> None:
    defect = "import fatecloud.cli.verbs as v\ndef app(**_): raise KeyError('lost')\nv.app = app\n"
    program = f"{defect}from fatecloud.cli.main import main\nmain()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=PLAIN)
    assert done.returncode == 70
    assert "KeyError: 'lost'" in done.stderr
    assert "Traceback" not in done.stderr
    assert "FATECLOUD_DEBUG=1" in done.stderr


def test_a_reading_verb_that_is_terminated_ends_by_the_signal() -> None:
    waits = "import os, signal\nimport fatecloud.cli.verbs as v\n"
    waits += "def app(**_): os.kill(os.getpid(), signal.SIGTERM)\nv.app = app\n"
    program = f"{waits}from fatecloud.cli.main import main\nmain()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=PLAIN)
    assert done.returncode == -signal.SIGTERM
