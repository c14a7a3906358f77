"""The commands that pages show are run where they need no node; test_reference.py parses all of them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_reference import PAGES, RUNBOOKS, commands

PROGRAM = Path(sys.executable).with_name("fatecloud")
NEEDS_NO_NODE = (
    *("--version", "--help", "explain", "init", "inventory validate", "inventory show", "inventory schema"),
    *(
        "secrets show",
        "secrets list",
        "secrets init",
        "secrets rotate",
        "objects show",
        "key show",
        "key rotate",
        "release list",
        "release show",
        "render",
    ),
)
ASKS = "--set"
PLACEHOLDER = re.compile(
    r"\b(?:NAME|FILE|CODE|PATH|DIR|OWNER|PARTY|NODE|INVENTORY|DIRECTORY)\b|/srv/|/etc/|/sandbox/|rotate$|--new-id|\.\.\."
)
"""Words to fill in, files of another page, and a verb that is only named."""
NEEDS_A_STORE = ("render",)
READS_NODES = "--unneeded"


def shown() -> list[str]:
    """Every command of every page that needs no node, once."""
    lines = {re.split(r" [|>] |\s+#", line)[0].strip() for page in [*PAGES, *RUNBOOKS] for line in commands(page)}
    return sorted(
        line
        for line in lines
        if line.removeprefix("fatecloud ").startswith(NEEDS_NO_NODE)
        and not line.removeprefix("fatecloud ").startswith(NEEDS_A_STORE)
        and not PLACEHOLDER.search(line)
        and READS_NODES not in line
        and not re.search(r"[][]", line)
    )


def run(words: list[str], directory: Path, answer: str = "") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "FATECLOUD_STORE": str(directory / "store")}
    return subprocess.run(
        [str(PROGRAM), *words],
        cwd=directory,
        env=environment,
        input=answer,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `init` writes for two parties, whose nodes take a password."""
    directory = tmp_path_factory.mktemp("written")
    made = run(["init", "--template", "two-party"], directory)
    assert made.returncode == 0, made.stderr
    inventory = directory / "inventory.yml"
    text = inventory.read_text().replace("ssh: {user: ops}", "ssh: {user: ops, password: {secret: ssh.ops}}")
    inventory.write_text(text)
    return directory


def test_pages_show_commands_that_can_be_run() -> None:
    assert len(shown()) > 10


@pytest.mark.parametrize("line", shown())
def test_a_command_of_a_page_does_what_it_is_shown_for(line: str, tmp_path: Path, written: Path) -> None:
    words = [word.replace("~", str(tmp_path), 1) if word.startswith("~/") else word for word in shlex.split(line)[1:]]
    if words[0] != "init":
        shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    done = run(words, tmp_path, "a value\n" if ASKS in words else "")
    assert done.returncode == 0, f"{line}: exit {done.returncode}\n{done.stdout}{done.stderr}"
