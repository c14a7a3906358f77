"""The service of `tests/fixtures/jvm` on two nodes: in a JVM of the distribution's with a database server of the same
group, and in an imported JVM with a server that others run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fixture_program
import yaml
from own_store import import_confirmed
from program import Done, Program, roots
from raised import RAISED
from repairs import repair
from two_parties import home, label, state_of

from fatecloud.model.check import OVERLOADED
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

MEMORY = 4 << 30
"""Bytes that a node may use."""
NODES = {"count": "n1", "far": "n2"}
"""Group -> the node of its tally."""
SECRET, ACCOUNT = "mysql.bank", "tally_far"
PORTS = {"1": 7010, "2": 7020}
PATIENCE = 300.0
NOT_OURS = frozenset({"NODE_DISK_FILLING", OVERLOADED})
"""How full the disk of the tests' machine gets, and what else it has to do."""


class Tallies:
    """Both nodes, and an operator whose program has the component."""

    def __init__(self, program: Program, sandbox: Sandbox) -> None:
        self.program, self.sandbox = program, sandbox
        self.versions = dict.fromkeys(NODES, "1.0.0")
        self.config: dict[str, dict[str, Any]] = {"count": {"jvm": {"heap": "64MiB"}}, "far": {}}
        self.password = "of the bank"

    def write(self, group: str = "", version: str = "", config: dict[str, Any] | None = None) -> None:
        """The inventory, with another release or other settings of one group from now on."""
        if version:
            self.versions[group] = version
        if config is not None:
            self.config[group] = config
        document = yaml.safe_load(self.program.inventory.read_text())
        for key in ("release", "architecture", "parties"):
            document.pop(key, None)
        nodes = {name: {"address": line} for name, line in self.sandbox.addresses.items()}
        nodes[NODES["far"]]["java"] = "imported"
        login = {"user": ACCOUNT, "password": {"secret": SECRET}, "database": ACCOUNT}
        bank = {"host": self.sandbox.addresses[NODES["far"]], "port": 3306, **login}
        servers = {"count": NODES["count"], "far": {"external": bank}}
        document["nodes"] = nodes
        document["groups"] = {
            name: {
                "release": f"tally-{self.versions[name]}",
                "services": {"tally": node, "mysql": servers[name]},
                "config": {"tally": self.config[name]},
            }
            for name, node in NODES.items()
        }
        self.program.inventory.write_text(yaml.safe_dump(document, sort_keys=False))

    def deploy(self) -> Done:
        """Deploy the inventory."""
        with RAISED.anything():
            return self.program.ok("deploy", "--yes", timeout=900)

    def make(self, trouble: str, amount: int, group: str = "count") -> None:
        """Let a tally hang, leak or exit."""
        port = PORTS[self.versions[group][0]]
        argv = ["python3", "-c", fixture_program.trouble(), str(port), trouble, str(amount)]
        self.sandbox.check(NODES[group], argv)

    def hang_until_restarted(self) -> None:
        """Let one hang for longer than any test waits, and do what its finding says."""
        self.make("Hang", 3600)
        with RAISED.anything():
            report = self.program.wait_for(lambda report: "SERVICE_HUNG" in roots(report), PATIENCE)
        if hung := "SERVICE_HUNG" in roots(report):
            assert roots(report) <= {"SERVICE_HUNG", *NOT_OURS}, report["findings"]
            self.repair(report, "SERVICE_HUNG")
        else:
            # The tests after this one need a service that answers, whatever this one saw.
            with RAISED.anything():
                self.program.ok("restart", "--yes", "count/tally@n1")
        # Where the machine has too much to do for all that time, the late answer is evidence of that.
        late = [line for finding in report["findings"] if finding["code"] == OVERLOADED for line in finding["evidence"]]
        assert hung or "late: count/tally@n1:tally.count" in late, report["findings"]
        self.finds()

    def repair(self, report: dict[str, Any], code: str) -> None:
        """Do what the one finding with a code says."""
        (finding,) = (one for one in report["findings"] if one["code"] == code)
        with RAISED.anything():
            assert repair(self.program, self.sandbox, finding)

    def sql(self, statement: str, group: str = "count") -> str:
        """A statement as the administrator of the server that a group uses, past its passwords."""
        socket = f"{home(self.program)}/{label(self.program)}-count-mysql/run/mysqld.sock"
        where = ["-S", socket] if group == "count" else []
        return self.sandbox.check(NODES[group], ["mariadb", "--batch", "-N", *where, "-e", statement]).strip()

    def finds(self, *codes: str, patience: float = 90) -> dict[str, Any]:
        """A check has exactly these causes of trouble, soon; the report."""

        def found(report: dict[str, Any]) -> set[str]:
            return roots(report) - NOT_OURS

        with RAISED.anything():
            report = self.program.wait_for(lambda report: found(report) == set(codes), patience)
        assert found(report) == set(codes), report["findings"]
        return report

    def of_process(self, group: str, file: str) -> str:
        """A file of what the system knows of a tally's main process."""
        return self.sandbox.check(NODES[group], ["cat", f"/proc/{self.main(group)}/{file}"])

    def main(self, group: str) -> str:
        """Id of a tally's main process."""
        show = ["systemctl", "show", "-P", "MainPID", f"fatecloud-{self.slug(group)}.service"]
        return self.sandbox.check(NODES[group], show).strip()

    def children(self, group: str) -> int:
        """How many processes it has started."""
        return len(self.sandbox.check(NODES[group], ["pgrep", "-P", self.main(group), "sleep"]).split())

    def slug(self, group: str) -> str:
        return f"{label(self.program)}-{group}-tally"

    def manifest(self, group: str) -> dict[str, Any]:
        """What a node knows of itself."""
        text = self.sandbox.check(NODES[group], ["cat", f"{home(self.program)}/.fatecloud/manifest.json"])
        found: dict[str, Any] = json.loads(text)
        return found

    def set_password(self) -> None:
        """Type the password of the bank's account into the vault."""
        words = self.program.argv("secrets", "init", "--set", SECRET)
        subprocess.run(words, input=f"{self.password}\n", text=True, check=True, capture_output=True)

    def sql_for_the_bank(self) -> str:
        """What `objects show --sql` prints for its server, with the password typed in."""
        _, found, text = self.program.ok("objects", "show", "--sql").out.partition("for its operator\n")
        assert found
        assert self.password not in text
        return text.replace(f"<secret {SECRET}>", f"'{self.password}'")


def set_up(handed: Handed, place: Path) -> Tallies:
    """The inventory with its secrets, and the jars of the two releases in the store; nothing is deployed.

    Args:
        handed: two nodes.
        place: an empty directory for the operator.
    """
    inventory = place / "inventory.yml"
    shutil.copy(handed.inventory, inventory)
    command = (sys.executable, fixture_program.__file__, str(fixture_program.prepared(place / "shipped")))
    program = Program(inventory, place / "state", {"FATECLOUD_STORE": str(place / "store")}, command=command)
    tallies = Tallies(program, handed.sandbox)
    tallies.write()
    known = state_of(program) / "known_hosts"
    known.parent.mkdir(parents=True, mode=0o700)
    shutil.copy(handed.known_hosts, known)
    program.ok("secrets", "init")
    tallies.set_password()
    for version in fixture_program.VERSIONS:
        program.ok("release", "import", str(fixture_program.jar(version)))
    return tallies


def deployed(handed: Handed, place: Path) -> Tallies:
    """Both services, deployed on bare nodes once everything that a deploy asks for is there."""
    tallies = set_up(handed, place)
    program, archive = tallies.program, jdk_archive(place)
    with RAISED.anything():
        unready = json.loads(program.run("preflight", "-o", "json").out)["findings"]
        found = {finding["code"]: finding for finding in unready}
        assert found.keys() >= {"PREFLIGHT_ARTIFACT_MISSING", "PREFLIGHT_JAVA_NONE"}, unready
        repair(program, tallies.sandbox, found["PREFLIGHT_ARTIFACT_MISSING"])
    program.ok("release", "fetch", f"tally-{fixture_program.VERSIONS[1]}")
    refused = program.run("release", "import", str(archive))
    assert "no one confirmed it" in refused.err
    import_confirmed(program, [archive])
    start_bank(tallies)
    with RAISED.expecting("MYSQL_EXTERNAL_AUTH", "PREFLIGHT_SWAP"):
        assert "MYSQL_EXTERNAL_AUTH" in program.run("preflight").out
    tallies.sql(tallies.sql_for_the_bank(), "far")
    with RAISED.expecting("PREFLIGHT_SWAP"):
        program.ok("deploy", "--yes", timeout=900)
    return tallies


def start_bank(tallies: Tallies) -> None:
    """A database server on the second node that is not ours, as the distribution's package leaves it."""
    open_to_all = "printf '[mysqld]\\nbind-address=0.0.0.0\\n' > /etc/mysql/mariadb.conf.d/90-open.cnf"
    script = f"apt-get install -y -qq mariadb-server && {open_to_all} && systemctl restart mariadb"
    argv = ["env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", script]
    tallies.sandbox.check(NODES["far"], argv, timeout=600)


def jdk_archive(folder: Path) -> Path:
    """The controller's own JDK as a vendor would pack one: with its files in the place of links out of it."""
    javac = shutil.which("javac")
    assert javac
    top = Path(javac).resolve().parents[1]
    target = folder / "some-jdk.tar.gz"
    with tarfile.open(target, "w:gz", compresslevel=1, dereference=True) as archive:
        for path in sorted(top.rglob("*")):
            within = path.relative_to(top)
            if path.is_file() and within.parts[0] not in ("docs", "jmods", "man"):  # is_file: some links lead nowhere
                archive.add(path, f"{top.name}/{within}")
    return target


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something on a node."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"it never came: {what}"
        time.sleep(0.1)


def remedies(report: dict[str, Any], code: str) -> list[str]:
    """What to do about a code; each is a command or a sentence."""
    return [one["text"] for finding in report["findings"] if finding["code"] == code for one in finding["remedy"]]
