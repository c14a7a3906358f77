"""What the rows share: how many rounds and nodes, and nodes that are made when the first row asks for them."""

from __future__ import annotations

import dataclasses
import json
import shlex
import shutil
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from fleet import Fleet, prepared
from result import Line
from timing import Figure, Sample, ratio

from fatecloud.collect import shipment
from fatecloud.collect.spec import spec_for
from fatecloud.workflow.load import load_session
from fatecloud.workflow.options import Options

HERE = Path(__file__).parent


@dataclass
class Bench:
    """One run of the bench."""

    rounds: int
    counts: tuple[int, ...]
    """Numbers of nodes, ascending."""
    scratch: Path
    stack: ExitStack
    _whole: Fleet | None = None
    _parts: dict[int, Fleet] = field(default_factory=dict)

    def fleet(self, count: int) -> Fleet:
        """The first nodes of the fleet, deployed and tested; all are made for the largest count.

        The others sleep meanwhile: what they do by themselves would be measured, too.
        """
        if self._whole is None:
            self._whole = self.stack.enter_context(prepared("bench", max(*self.counts, count), self.scratch))
            self.stack.callback(self._whole.wake, len(self._whole.sandbox.nodes))
            deploy_proved(self._whole)
        woken = self._whole.wake(count)
        if count not in self._parts:
            self._parts[count] = part(self._whole, count)
        if woken:
            self._parts[count].settle()
        return self._parts[count]


def deploy_proved(fleet: Fleet) -> None:
    """Deploy with a smoke test, and check."""
    fleet.program("deploy", "--yes")
    fleet.program("check")


def part(whole: Fleet, count: int) -> Fleet:
    """The same nodes as a smaller cluster: the first parties only, after a smoke test of them."""
    if count == len(whole.sandbox.nodes):
        return whole
    home = whole.inventory.with_name(f"first-{count}")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    document = yaml.safe_load(whole.inventory.read_text())
    document["nodes"] = dict(list(document["nodes"].items())[:count])
    document["parties"] = dict(list(document["parties"].items())[:count])
    for name in ("inventory.secrets.yml", "inventory.vault-password"):
        if (beside := whole.inventory.with_name(name)).exists():
            shutil.copy(beside, home / name)
    (home / "inventory.yml").write_text(yaml.safe_dump(document, sort_keys=False))
    shutil.copytree(whole.state, home / "state", ignore=shutil.ignore_patterns("runs"))
    smaller = dataclasses.replace(whole, inventory=home / "inventory.yml", state=home / "state")
    deploy_proved(smaller)
    return smaller


def execs(fleet: Fleet, *, probes: bool = True, want: tuple[str, ...] = ()) -> Path:
    """The execs that a check (or with `want` a status) makes, as a file for the floor."""
    session = load_session(Options(fleet.inventory, state_dir=fleet.state, store=fleet.store), need_secrets=False)
    jobs = []
    for name, node in session.cluster.nodes.items():
        command = shlex.join(["sudo", "-n", "--", *shipment.command(node.paths.base)])
        stdin = shipment.stdin(spec_for(session.desired, name, probes=probes, want=want)).decode("latin-1")
        login = {"host": node.address, "port": node.ssh.port, "user": node.ssh.user, "key": node.ssh.key}
        jobs.append({**login, "known_hosts": str(session.access.known_hosts), "command": command, "stdin": stdin})
    path = fleet.inventory.with_name(f"floor-{'check' if probes else 'status'}.json")
    path.write_text(json.dumps(jobs), encoding="utf-8")
    return path


def compared(
    row: str,
    subject: tuple[str, list[Sample]],
    yardstick: tuple[str, list[Sample]],
    nodes: int,
    budget: float,
    *,
    at_least: bool = False,
    note: str = "",
) -> Line:
    """A line of how many times as long as the yardstick the subject takes; with `at_least`, how many times as fast."""
    figure = ratio(yardstick[1], subject[1]) if at_least else ratio(subject[1], yardstick[1])
    return Line(
        row,
        subject[0],
        yardstick[0],
        nodes,
        "x",
        figure.median,
        figure.low,
        figure.high,
        f">= {budget:g} x" if at_least else f"<= {budget:g} x",
        kept=figure.median >= budget if at_least else figure.median <= budget,
        rounds=len(subject[1]),
        seconds=seconds(subject[1]).median,
        yardstick=seconds(yardstick[1]).median,
        note=note,
    )


def seconds(samples: list[Sample]) -> Figure:
    """Seconds of some runs."""
    return Figure.of([sample.seconds for sample in samples])


def say(text: str) -> None:
    """Report what is being measured to the person who waits."""
    sys.stderr.write(f"{text}\n")
