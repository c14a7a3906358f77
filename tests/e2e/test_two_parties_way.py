"""A new user's way: from a clone to two parties and back, by the commands of docs/how-to/first-cluster.md alone.

It takes what is there off the two nodes first, and leaves them empty.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import Program
from raised import RAISED
from two_parties import A, B, cluster_name, home
from typed_page import Reader, commands_of

from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "first-cluster.md"
OF_THE_PAGE = {A: "192.0.2.5", B: "192.0.2.6"}
"""The addresses that stand there for those of the reader's servers."""
ENDS = {
    "fatecloud preflight": {3},
    "fatecloud preflight --accept-new-host-keys": {0, 1},
}
"""What the page says of commands that do not end with 0."""
ANSWERS = {"[y/N]": "y", "Type the name of the cluster to destroy it:": "demo"}
NOT_DEPLOYED = 3


@pytest.fixture
def empty_nodes(program: Program, sandbox: Sandbox) -> None:
    """Nodes without the cluster of the other tests."""
    base = home(program)
    with RAISED.anything():
        done = program.run("destroy", "--remove-data", "--cluster-name", cluster_name(program), "--interrupt-jobs")
    assert done.status in (0, NOT_DEPLOYED), str(done)
    for node in (A, B):
        sandbox.check(node, ["rm", "-rf", base])


@pytest.fixture
def reader(handed: Handed, store: Path, tmp_path: Path) -> Iterator[Reader]:
    """A shell in a clone, of a user whose key opens the servers."""
    clone, house = tmp_path / "clone", tmp_path / "home"
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    (house / ".ssh").mkdir(parents=True, mode=0o700)
    shutil.copy(handed.key, house / ".ssh" / "id_ed25519")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FATECLOUD_", "XDG_", "VIRTUAL"))}
    environment = kept | {"HOME": str(house), "FATECLOUD_STORE": str(store), "TERM": "dumb"}
    shell = Reader(clone, environment, ANSWERS)
    yield shell
    shell.close()


@pytest.mark.usefixtures("empty_nodes")
def test_the_commands_of_the_page_lead_to_a_cluster_and_back(reader: Reader, sandbox: Sandbox) -> None:
    commands = commands_of(PAGE)
    assert [line for line in commands if line.startswith("fatecloud deploy")], "the page has no commands"
    said = {}
    for line in commands:
        typed = line
        for node, address in OF_THE_PAGE.items():
            typed = typed.replace(address, sandbox.addresses[node])
        status, said[line] = reader.type(typed, timeout=1200)
        with RAISED.expecting(*(("NODE_HOST_KEY_UNKNOWN",) if line == "fatecloud preflight" else ())):
            RAISED.hear(line, said[line])
        assert status in ENDS.get(line, {0}), f"{typed}: exit {status}\n{said[line][-6000:]}"
    assert re.search(r"toy \d+ -> \d+: success", said["fatecloud deploy"])
    assert "healthy" in said["fatecloud check"]
    auc = re.search(r"AUC (\d\.\d+)", said["fatecloud test lr"])
    assert auc
    assert float(auc[1]) > 0.9
    assert "could not be removed" not in said["fatecloud test lr"]
    for node in (A, B):
        assert not sandbox.exec(node, ["sh", "-c", "ls /etc/systemd/system | grep fatecloud"]).text
        assert not sandbox.exec(node, ["pgrep", "-fa", "[f]ate_flow_server"]).text
