"""TAB, as the program answers it and as bash, zsh and fish show it."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fatecloud import catalogue
from fatecloud.cli.complete import completions, split_line
from fatecloud.cli.shells import SCRIPTS

PROGRAM = Path(sys.executable).with_name("fatecloud")
INVENTORY = """\
apiVersion: fatecloud/v1
cluster: demo
id: c3f9a2b1d4e5f607
release: fate-2.2.0
architecture: rabbitmq
defaults: {ssh: {user: ops}, become_password: {secret: sudo.ops}}
nodes:
  a1: {address: 192.0.2.1}
  b1: {address: 192.0.2.2}
parties:
  "9999": {services: {flow: a1}}
  "10000": {services: {flow: b1}}
peers:
  "20000": {proxy: "192.0.2.9:9370", broker: "192.0.2.9:5672"}
"""
PATIENCE = 30
"""Seconds."""

ROLLING = (
    *("eggroll", "eggroll-exchange", "eggroll-rollsite", "eggroll-rollsite-1.4", "eggroll-shared-nodes"),
    "eggroll-two-releases",
    "eggroll-workers",
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("place")
    (place / "inventory.yml").write_text(INVENTORY)
    (place / "other").mkdir()
    (place / "other" / "inventory.yml").write_text(INVENTORY.replace("9999", "7777"))
    (place / "broken.yml").write_text("nodes: [")
    (place / "bin").mkdir()
    # What TAB made of the line is what the program gets: this one shows its words.
    wrapper = place / "bin" / "fatecloud"
    wrapper.write_text(
        f'#!/bin/sh\n[ -z "$_FATECLOUD_COMPLETE" ] || exec {PROGRAM} "$@"\n'
        "printf '\\n[['; printf '<%s>' \"$@\"; printf ']]\\n'\n"
    )
    wrapper.chmod(0o755)
    return place


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("chec", {"check"}),
        ("secrets ", {"init", "list", "reveal", "rotate"}),
        ("help secrets ro", {"rotate"}),
        ("check --comp", {"--component"}),
        ("check --component ", {"flow", "mysql", "nginx", "rabbitmq"}),
        ("check ", {"flow", "mysql", "nginx", "rabbitmq", "9999/", "10000/", "@a1", "@b1"}),
        ("check 9999/", {"9999/flow", "9999/mysql", "9999/nginx", "9999/rabbitmq"}),
        ("check 9999/flow", {"9999/flow", "9999/flow@a1"}),
        ("logs flow@", {"flow@a1", "flow@b1"}),
        ("restart mysql @", {"@a1", "@b1"}),
        ("exec 9999/fl", {"9999/flow"}),
        ("deploy ", {"9999/", "10000/", "@a1", "@b1"}),
        ("plan --limit ", {"a1", "b1"}),
        ("status --owner=", {"--owner=9999", "--owner=10000"}),
        ("status -o ", {"table", "json", "yaml"}),
        ("status -i other 7", {"7777/"}),
        ("status --inventory=other/inventory.yml 7", {"7777/"}),
        ("status -i broken.yml ", set()),
        ("status -i nowhere ", set()),
        ("test toy --to ", {"9999", "10000", "20000"}),
        ("job list --status wai", {"waiting"}),
        ("job show ", set()),
        ("route explain --from ", {"9999", "10000"}),
        ("route test --to ", {"9999", "10000", "20000"}),
        ("check --for ", {"9999", "10000", "20000"}),
        ("route explain --role ", {"fateflow", "default"}),
        ("route lint --table 9999/", {"9999/flow@a1=", "9999/nginx@a1="}),
        ("explain SERVICE_STO", {"SERVICE_STOPPED"}),
        ("explain service_sto", {"service_stopped"}),
        ("init --template ", {"all-in-one", "two-party", "multi-node", "serving", "serving-pair", *ROLLING}),
        ("init --node ", set()),
        ("secrets rotate sudo", {"sudo.ops"}),
        ("secrets reveal 9999.flow", {"9999.flow.admin"}),
        ("secrets init --set sudo", {"sudo.ops"}),
        ("release show ", set(catalogue.names())),
        ("deploy --verify ", {"toy", "psi", "lr", "route", "predict"}),
        ("logs --level w", {"warning"}),
        ("sandbox up --image debian-12", {"debian-12"}),
        ("inventory schema node", {"nodes"}),
        ("inventory schema nodes.ssh.u", {"nodes.ssh.user"}),
        ("completion ", {"bash", "zsh", "fish"}),
        ("nosuch ", set()),
        ("check --nosuch=", set()),
    ],
)
def test_what_may_follow(place: Path, monkeypatch: pytest.MonkeyPatch, line: str, expected: set[str]) -> None:
    monkeypatch.chdir(place)
    kind, found = completions(split_line(line, ""))
    assert (kind, {word for word, _ in found}) == ("words", expected)


def test_a_path_is_left_to_the_shell() -> None:
    assert completions(["check", "-i", ""]) == ("files", [])
    assert completions(["release", "import", ""]) == ("files", [])


@pytest.mark.parametrize(
    ("line", "point", "words"),
    [
        ("fatecloud check", "15", ["fatecloud", "check"]),
        ("fatecloud check ", "16", ["fatecloud", "check", ""]),
        ("fatecloud check flow --all", "17", ["fatecloud", "check", "f"]),
        ("fatecloud -i 'a b", "17", ["fatecloud", "-i", "a b"]),
        ('fatecloud -i "机构 ', "17", ["fatecloud", "-i", "机构 "]),
        ("", "0", [""]),
    ],
)
def test_a_line_is_read_up_to_the_cursor(line: str, point: str, words: list[str]) -> None:
    assert split_line(line, point) == words


@pytest.mark.parametrize("words", [["check", ""], ["check", "-i", "broken.yml", ""], ["secrets", "rotate", ""], []])
def test_a_tab_never_prints_an_error_and_loads_little(place: Path, tmp_path: Path, words: list[str]) -> None:
    loaded = tmp_path / "modules"
    program = (
        "import os, pathlib, sys\n"
        "leave = os._exit\n"
        f"os._exit = lambda status: (pathlib.Path({str(loaded)!r}).write_text(' '.join(sys.modules)), leave(status))\n"
        "from fatecloud.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=place,
        env={**os.environ, "_FATECLOUD_COMPLETE": "zsh"},
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    rooms = {name.partition(".")[0] for name in loaded.read_text().split()}
    assert not rooms & {"ansible", "paramiko", "docker", "jinja2", "rich", "sqlite3"}


class Terminal:
    """An interactive shell in which fatecloud shows its own words."""

    def __init__(self, argv: list[str], place: Path, home: Path) -> None:
        environment = {
            "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
            "HOME": str(home),
            "TERM": "dumb",
            "LC_ALL": "C.UTF-8",
            "PS1": "READY ",
            "XDG_CACHE_HOME": str(home / "cache"),
        }
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(place)
            os.execvpe(argv[0], argv, environment)  # noqa: S606 - the shell itself is what is tried
        self.seen = ""

    def send(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def wait(self, pattern: str) -> str:
        """Read until the pattern is seen; its first group."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < deadline, self.seen
            if select.select([self.terminal], [], [], 1)[0]:
                self.seen += os.read(self.terminal, 4096).decode(errors="replace")
        self.seen = self.seen[found.end() :]
        return found[1]

    def typed(self, line: str) -> str:
        """What the program gets when this is typed, TABs included, and entered."""
        self.send(line)
        self.send("\n")
        return self.wait(r"\[\[(.*)\]\]")

    def close(self) -> None:
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


SHELLS = {
    "bash": ["bash", "-i"],
    "zsh": ["zsh", "-i", "-o", "NO_PROMPT_CR", "-o", "NO_PROMPT_SP"],
    "fish": ["fish", "-i"],
}


@pytest.fixture(scope="module", params=SCRIPTS)
def shell(request: pytest.FixtureRequest, place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    name = request.param
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    home = tmp_path_factory.mktemp(name)
    (home / ".zshrc").write_text("PS1='READY '\n")
    subprocess.run(
        [PROGRAM, "completion", name, "--install"], env={"HOME": str(home), "PATH": os.environ["PATH"]}, check=True
    )
    opened = Terminal(SHELLS[name], place, home)
    opened.send("echo GO''ON\n")
    opened.wait("(GOON)")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("fatecloud chec\t", "<check>"),
        ("fatecloud secrets rot\t sudo.\t", "<secrets><rotate><sudo.ops>"),
        ("fatecloud check 9999/fl\t", "<check><9999/flow>"),
        ("fatecloud check 9999/flow@\t", "<check><9999/flow@a1>"),
        ("fatecloud check 99\tmys\t", "<check><9999/mysql>"),
        ("fatecloud check @a\t", "<check><@a1>"),
        ("fatecloud check --comp\t ng\t", "<check><--component><nginx>"),
        ("fatecloud check --component=ng\t", "<check><--component=nginx>"),
        ("fatecloud status -i oth\tinv\t 777\tmys\t", "<status><-i><other/inventory.yml><7777/mysql>"),
        ("fatecloud status -i broken.yml 9\t", "<status><-i><broken.yml><9>"),
        ("fatecloud explain SERVICE_STOPP\t", "<explain><SERVICE_STOPPED>"),
    ],
)
def test_a_shell_completes(shell: Terminal, line: str, words: str) -> None:
    assert shell.typed(line) == words


@pytest.mark.parametrize("name", SCRIPTS)
def test_installing_again_changes_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / ".bashrc").write_text("alias ll='ls -l'")
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    before: dict[str, bytes] = {}
    for _ in range(2):
        subprocess.run(
            [PROGRAM, "completion", name, "--install"],
            env=environment,
            check=True,
            capture_output=True,
        )
        files = {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        assert not before or files == before
        before = files
    assert (tmp_path / ".bashrc").read_text().startswith("alias ll='ls -l'")


def test_the_options_do_what_the_verb_does(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "SHELL": "/bin/zsh"}
    script = f"{PROGRAM} --show-completion; {PROGRAM} --install-completion"
    done = subprocess.run(
        ["bash", "-c", f"{script}; true"], env=environment, check=True, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout.startswith(SCRIPTS["bash"])
    assert (tmp_path / ".local/share/fatecloud/completion.bash").read_text() == SCRIPTS["bash"]
