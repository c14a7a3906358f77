"""`check` and `status` against the floor, against Ansible, and with a node that swallows every packet."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

import yaml
from bench import HERE, Bench, compared, execs, say
from fleet import Fleet
from result import Line
from timing import BenchError, Figure, Sample, interleaved, run

from fatecloud.collect.spec import DEADLINE, spec_for
from fatecloud.workflow import check
from fatecloud.workflow import status as looking
from fatecloud.workflow.load import load_session
from fatecloud.workflow.options import Options

_CRITICAL = 2
_BUDGETED = 30
"""Nodes from which on a check has to be so much faster than a play."""
_CONFIG = """\
[defaults]
inventory = hosts.yml
forks = {forks}
timeout = 20
interpreter_python = /usr/bin/python3
[connection]
pipelining = True
[ssh_connection]
ssh_args = -o UserKnownHostsFile={known_hosts} -o ControlMaster=auto -o ControlPersist=60s
control_path = /tmp/fcb-%%C
"""


def against_floor(bench: Bench) -> list[Line]:
    """`check` against plain execs of the same collector."""
    lines = []
    for count in bench.counts:
        fleet = bench.fleet(count)
        floor = floor_of(execs(fleet, want=check.FACTS))
        taken = interleaved(bench.rounds, {"check": fleet.timed("check"), "floor": floor})
        lines.append(compared("check", ("check", taken["check"]), ("floor", taken["floor"]), count, 1.3))
        say(f"check, {count} nodes: {lines[-1].median:.2f} x")
    return lines


def against_ansible(bench: Bench) -> list[Line]:
    """`check` against ansible-playbook gathering the same facts."""
    lines = []
    for count in bench.counts:
        fleet = bench.fleet(count)
        play = _facts_play(fleet)
        taken = interleaved(
            bench.rounds,
            {
                "check": fleet.timed("check"),
                "ansible": play,
            },
        )
        pair = (("check", taken["check"]), ("ansible-playbook, same facts", taken["ansible"]))
        line = compared("check-ansible", *pair, count, 40, at_least=True)
        lines.append(line if count >= _BUDGETED else dataclasses.replace(line, budget="", kept=None))
        say(f"check, {count} nodes: {lines[-1].median:.1f} x as fast as ansible-playbook")
    return lines


def blackholed(bench: Bench) -> list[Line]:
    """`check` while one node drops every packet: its own deadline, and the answers of all others."""
    count = bench.counts[-1] if bench.counts[-1] > 1 else 2
    fleet = bench.fleet(count)
    victim = fleet.sandbox.nodes[count - 1]
    lines = []
    for deadline in (DEADLINE, DEADLINE / 2):
        fleet.sandbox.blackhole(victim)
        try:
            words = ("check", "-o", "json", "--deadline", f"{deadline:g}")
            samples = [fleet.program(*words, statuses=(_CRITICAL,)) for _ in range(bench.rounds)]
        finally:
            fleet.sandbox.heal(victim)
        for sample in samples:
            _only_missing(sample, victim)
        figure = Figure.of([sample.seconds / deadline for sample in samples])
        lines.append(
            Line(
                "check-blackhole",
                f"check, one of them black-holed, --deadline {deadline:g}",
                "its deadline",
                count,
                "x",
                figure.median,
                figure.low,
                figure.high,
                "<= 1.1 x",
                kept=figure.high <= 1.1,
                rounds=bench.rounds,
                seconds=figure.median * deadline,
                yardstick=deadline,
                note="every other answer complete",
            )
        )
    return lines


def status(bench: Bench) -> list[Line]:
    """`status` against plain execs of the same collector with the same few facts."""
    lines = []
    for count in sorted({min(2, bench.counts[-1]), bench.counts[-1]}):
        fleet = bench.fleet(count)
        floor = floor_of(execs(fleet, probes=False, want=looking.FACTS))
        taken = interleaved(bench.rounds, {"status": fleet.timed("status"), "floor": floor})
        lines.append(compared("status", ("status", taken["status"]), ("floor", taken["floor"]), count, 1.3))
        say(f"status, {count} nodes: {lines[-1].median:.2f} x")
    return lines


def floor_of(jobs: Path) -> Callable[[], Sample]:
    """A contender that makes these execs, and nothing else."""
    return lambda: run([sys.executable, HERE / "baseline" / "floor.py", jobs])


def _only_missing(sample: Sample, victim: str) -> None:
    report = json.loads(sample.out)
    others = [finding for finding in report["findings"] if finding["subject"]["node"] != victim]
    codes = {finding["code"] for finding in report["findings"] if not finding["caused_by"]}
    if others or codes != {"NODE_UNREACHABLE"}:
        raise BenchError(f"with {victim} black-holed the check says {codes} and, of others, {others}")


def _facts_play(fleet: Fleet) -> Callable[[], Sample]:
    """The play that gathers the same facts, with an inventory and settings of its own."""
    session = load_session(Options(fleet.inventory, state_dir=fleet.state, store=fleet.store), need_secrets=False)
    directory = fleet.inventory.with_name("facts")
    directory.mkdir(exist_ok=True)
    hosts = {
        name: {
            "ansible_host": node.address,
            "ansible_user": node.ssh.user,
            "ansible_ssh_private_key_file": node.ssh.key,
            "spec": spec_for(session.desired, name),
        }
        for name, node in session.cluster.nodes.items()
    }
    (directory / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    config = _CONFIG.format(forks=len(hosts), known_hosts=session.access.known_hosts)
    (directory / "ansible.cfg").write_text(config)
    argv = [Path(sys.executable).with_name("ansible-playbook"), HERE / "baseline" / "facts.yml"]
    return lambda: run(argv, directory=directory, environment={"ANSIBLE_CONFIG": str(directory / "ansible.cfg")})
