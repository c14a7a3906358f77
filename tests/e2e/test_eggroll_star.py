"""Three parties on EggRoll that reach each other through an exchange: where their packets go, and what breaks the star.

Real jobs run on it, so it needs the real packages: only where FATECLOUD_PACKAGES names a directory with them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from own_store import import_confirmed, operator
from program import Program, roots
from raised import RAISED
from repairs import repair
from two_parties import edit, home, slug, unit
from waiting import wait_until

from fatecloud.components.script import script_text
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

PACKAGES = os.environ.get("FATECLOUD_PACKAGES", "")
ARCHIVES = [Path(PACKAGES, name) for name in ("eggroll.tar.gz", "osx.tar.gz")] if PACKAGES else []
if not ARCHIVES or not all(archive.is_file() for archive in ARCHIVES):
    pytest.skip("FATECLOUD_PACKAGES names no directory with EggRoll and OSX", allow_module_level=True)
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
PARTIES = {"n1": "9999", "n2": "10000", "n3": "11000"}
HUB = "n4"
ROUTER = f"hub/osx@{HUB}"
MEMORY = 8 << 30
OSX = 9370
TABLE = "trees/osx/conf/broker/route_table.json"
SCRIPT = "/srv/probe_peers.py"
TOY = ("test", "toy", "--from", "9999", "--to", "11000", "--deadline", "900")
ROUND = 10
"""How many times as many packets of one command a loop has at the least; it goes round until the sender gives up."""


def in_a_star(document: dict[str, Any], addresses: dict[str, str]) -> None:
    """One party on each node, and the exchange on a node of its own."""
    document["architecture"] = "eggroll"
    document["groups"] = {"hub": {"release": document["release"], "services": {"osx": HUB}}}
    document["parties"] = {
        party: {
            "addresses": [addresses[node]],
            "services": {"flow": node},
            # Small jobs: all nodes are on the tests' machine.
            "config": {"osx": {"exchange": "hub"}, "flow": {"jobs": {"cores": 1}}},
        }
        for node, party in PARTIES.items()
    }


@dataclass(frozen=True)
class Star:
    """The operator of the star, and its nodes."""

    program: Program
    nodes: Sandbox

    def way(self, *options: str) -> list[str]:
        """Routers on the way of a command from the first party to the third, as `route explain` says."""
        words = ("route", "explain", "--from", "9999", "--to", "11000", "-o", "json", *options)
        (way,) = json.loads(self.program.run(*words).out)["items"]
        return [hop["router"] for hop in way["hops"]] + [way["end"]]

    def healthy(self, timeout: float = 240) -> None:
        """A check finds nothing, soon."""
        with RAISED.anything():
            report = self.program.wait_for(lambda report: report["status"] == 0, timeout)
        assert (report["findings"], report["status"]) == ([], 0)

    def pids(self) -> dict[str, str]:
        """Main process of each service on all nodes."""
        show = "systemctl list-units --plain --no-legend 'fatecloud-*.service' | while read unit rest; do "
        show += "echo $unit $(systemctl show -P MainPID $unit); done"
        lines = [line for node in (*PARTIES, HUB) for line in self.nodes.check(node, ["sh", "-c", show]).splitlines()]
        return dict(line.split() for line in lines if not line.endswith(" 0"))

    def loads(self, node: str, owner: str) -> int:
        """How often an OSX has read its table."""
        # A new day begins a new file.
        logs = f"{home(self.program)}/logs/{slug(self.program, owner, 'osx')}/osx/broker"
        return int(self.nodes.check(node, ["sh", "-c", f"grep -rh 'load router table' {logs} | wc -l"]))

    def has_read(self, node: str, owner: str, before: int) -> bool:
        """Whether an OSX has read its table more often than that."""
        return self.loads(node, owner) > before

    @contextmanager
    def counted(self, node: str, *others: str) -> Iterator[dict[str, int]]:
        """Counts the packets that a node sends to OSX on other nodes; they are there after the block."""
        places = [self.nodes.addresses[other] for other in others]
        rules = [["OUTPUT", "-p", "tcp", "-d", place, "--dport", str(OSX)] for place in places]
        for rule in rules:
            self.nodes.check(node, ["iptables", "-w", "-I", *rule])
        found: dict[str, int] = {}
        try:
            yield found
            listed = self.nodes.check(node, ["iptables", "-w", "-nvxL", "OUTPUT"])
            for other, place in zip(others, places, strict=True):
                (count,) = re.findall(rf"^ *(\d+) +\d+ .* {re.escape(place)} .*dpt:{OSX}", listed, re.MULTILINE)
                found[other] = int(count)
        finally:
            for rule in rules:
                self.nodes.check(node, ["iptables", "-w", "-D", *rule])

    def asked(self, party: str) -> dict[str, Any]:
        """What the probe of the first party's OSX says about one other party, through the exchange."""
        self.nodes.write("n1", SCRIPT, script_text("osx", "probe_peers.py").encode())
        hub, own = f"{self.nodes.addresses[HUB]}:{OSX}", f"{self.nodes.addresses['n1']}:{OSX}"
        printed = self.nodes.check("n1", ["python3", "-IS", SCRIPT, own, "9999", f"{hub}=hub", f"{party}={hub}"])
        answer: dict[str, Any] = json.loads(printed)["peers"][party]
        return answer


@pytest.fixture(scope="module")
def star(new_sandbox: Callable[..., Handed], store: Path, tmp_path_factory: pytest.TempPathFactory) -> Star:
    """All of it, deployed from nothing, with the proofs that a deploy makes."""
    handed = new_sandbox("star", 4, prepared=True, memory=MEMORY)
    addresses = dict(handed.sandbox.addresses)
    program = operator(handed, tmp_path_factory.mktemp("star"), store, lambda document: in_a_star(document, addresses))
    import_confirmed(program, ARCHIVES)
    with RAISED.anything():
        program.ok("deploy", "--yes", timeout=1800)
    return Star(program, handed.sandbox)


def test_packets_of_a_job_go_through_the_exchange_as_route_explain_says(star: Star) -> None:
    star.healthy()
    assert star.way() == ["9999/osx@n1", ROUTER, "11000/osx@n3", "arrived"]
    with star.counted("n1", HUB, "n3") as there, star.counted("n3", HUB, "n1") as back:
        star.program.ok(*TOY, timeout=1000)
    assert there[HUB] > 0 < back[HUB], (there, back)
    assert (there["n3"], back["n1"]) == (0, 0)
    star.healthy()
    with RAISED.expecting("PREFLIGHT_MEMORY"):
        assert "nothing to do" in star.program.ok("deploy", "--yes", "--no-verify").out


def test_an_exchange_that_is_stopped_is_the_one_root_and_is_repaired_as_it_says(star: Star) -> None:
    star.healthy()
    star.nodes.check(HUB, ["systemctl", "stop", unit(star.program, "hub", "osx")])
    with RAISED.anything():
        report = star.program.wait_for(lambda report: len(report["findings"]) > len(PARTIES))
        assert roots(report) == {"SERVICE_STOPPED"}, report["findings"]
        (root,) = (one for one in report["findings"] if not one["caused_by"])
        assert root["subject"]["service"] == ROUTER
        said = {one["subject"]["owner"] for one in report["findings"] if one["code"] == "OSX_EXCHANGE_UNREACHABLE"}
        assert said == set(PARTIES.values())
        assert repair(star.program, star.nodes, root)
    star.healthy()


def test_a_loop_is_named_and_packets_go_round_in_it(star: Star, tmp_path: Path) -> None:
    """The exchange sends what is for the third party to the second one, which sends it to the exchange."""
    program, nodes = star.program, star.nodes
    place = f"{home(program)}/{slug(program, 'hub', 'osx')}/{TABLE}"
    table = json.loads(nodes.check(HUB, ["cat", place]))
    table["route_table"]["11000"] = table["route_table"]["10000"]
    by_hand = tmp_path / "route_table.json"
    by_hand.write_text(json.dumps(table))
    instead = ("--table", f"{ROUTER}={by_hand}")
    flawed = program.run("route", "lint", *instead)
    assert flawed.status == 1, flawed
    assert re.search(rf"^ROUTE_LOOP  {ROUTER}  11000\.default$", flawed.out, re.MULTILINE), flawed
    assert star.way(*instead) == ["9999/osx@n1", ROUTER, "10000/osx@n2", "loop"]
    assert program.run("route", "lint").status == 0
    star.healthy()
    with star.counted(HUB, "n2", "n3") as straight:
        assert star.asked("11000")["ok"]
    read = star.loads(HUB, "hub")
    with RAISED.anything():
        nodes.check(HUB, ["cp", "-p", place, f"{place}.kept"])
        nodes.check(HUB, ["sh", "-c", 'printf %s "$1" > "$0"', place, by_hand.read_text()])
        wait_until(partial(star.has_read, HUB, "hub", read))
        with star.counted(HUB, "n2", "n3") as round_and_round, star.counted("n2", HUB) as back:
            answer = star.asked("11000")
        assert not answer["ok"]
        assert round_and_round["n2"] > ROUND * straight["n3"] < back[HUB], (straight, round_and_round, back, answer)
        nodes.check(HUB, ["rm", f"{place}.kept"])
        report = program.wait_for(lambda report: "OSX_PEER_UNREACHABLE" in {one["code"] for one in report["findings"]})
        assert roots(report) == {"FILE_DRIFTED"}, report["findings"]
        (drifted,) = (one for one in report["findings"] if one["code"] == "FILE_DRIFTED")
        assert repair(program, nodes, drifted)
    star.healthy()
    assert star.asked("11000")["ok"]


def test_two_parties_leave_the_star_without_a_restart_and_their_packets_go_straight(star: Star) -> None:
    star.healthy()
    before = star.pids()
    read = {party: star.loads(node, party) for node, party in PARTIES.items()}

    def out(document: dict[str, Any]) -> None:
        for party in ("9999", "11000"):
            del document["parties"][party]["config"]["osx"]

    edit(star.program, out)
    with RAISED.expecting("DEPLOY_PENDING", "PREFLIGHT_MEMORY"):
        star.program.ok("deploy", "--yes", "--no-verify", timeout=900)
    assert star.pids() == before
    for node in ("n1", "n3"):
        wait_until(partial(star.has_read, node, PARTIES[node], read[PARTIES[node]]))
    assert star.loads("n2", "10000") == read["10000"]
    star.healthy()
    assert star.way() == ["9999/osx@n1", "11000/osx@n3", "arrived"]
    # A check asks each party about each other one: of the checks' packets, those to the second party pass the exchange.
    with star.counted("n1", HUB, "n3") as there, star.counted("n3", HUB, "n1") as back:
        star.program.ok(*TOY, timeout=1000)
    assert there["n3"] > 0 < back["n1"], (there, back)
    assert (there[HUB], back[HUB]) == (0, 0)
    # The second party is in the star still, and is reached through its exchange, both ways.
    star.program.ok("test", "toy", "--from", "9999", "--to", "10000", "--deadline", "900", timeout=1000)
    star.healthy()
