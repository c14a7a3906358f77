"""Deploys: with nothing to do, of two parties, of ten, and of one changed key."""

from __future__ import annotations

from collections.abc import Callable

from bench import Bench, compared, say
from fleet import Fleet, bare
from plain_deploy import command, prepare
from result import Line
from timing import Sample, interleaved, run

from rows import load

_TEN = 10


def nothing(bench: Bench) -> list[Line]:
    """A deploy that finds nothing to do, against a check of the same cluster."""
    lines = []
    for count in bench.counts:
        fleet = bench.fleet(count)
        # A smaller or larger cluster on the same nodes may have been tested since.
        fleet.program("deploy", "--yes")
        taken = interleaved(
            bench.rounds,
            {"deploy": fleet.timed("deploy", "--yes"), "check": fleet.timed("check")},
        )
        pair = (("deploy, nothing to do", taken["deploy"]), ("check", taken["check"]))
        lines.append(compared("deploy-nothing", *pair, count, 1.5))
        say(f"deploy with nothing to do, {count} nodes: {lines[-1].median:.2f} x")
    return lines


def two_parties(bench: Bench) -> list[Line]:
    """Two parties with broker, proxy and database on bare nodes, against the plain play."""
    found: list[tuple[float, float]] = []

    def checks(fleet: Fleet) -> None:
        fleet.program("deploy", "--yes")  # with a smoke test, like a cluster in daily use
        found.append(load.of_checks(fleet))

    line = _against_play(bench, "deploy-two", "deploy, 2 parties, rabbitmq", 2, "rabbitmq", checks)
    return [line, *load.lines("a node with four services", found, services=4)]


def ten_parties(bench: Bench) -> list[Line]:
    """Ten all-in-one parties on bare nodes, against the plain play; then one key changed on all of them."""
    changed: list[Sample] = []
    full: list[Sample] = []
    restarted: list[str] = []

    def one_key(fleet: Fleet) -> None:
        fleet.edit(log_level=10)
        before = _main_processes(fleet)
        changed.append(fleet.program("deploy", "--yes", "--no-verify"))
        after = _main_processes(fleet)
        kept = [name for name, pid in after.items() if before[name] == pid]
        restarted.append(f"{len(after) - len(kept)} of {len(after)} services restarted")
        say(f"one key: {restarted[-1]}")

    line = _against_play(bench, "deploy-ten", "deploy, 10 parties, standalone", _TEN, "standalone", one_key, full)
    pair = (("deploy, one key on 10 parties", changed), ("deploy of the same from nothing", full))
    return [line, compared("deploy-ten", *pair, _TEN, 0.2, note=", ".join(sorted(set(restarted))))]


def _against_play(
    bench: Bench,
    row: str,
    subject: str,
    count: int,
    architecture: str,
    then: Callable[[Fleet], None],
    full: list[Sample] | None = None,
) -> Line:
    """One line: fresh nodes for every run, of ours and of the play."""

    def ours() -> Sample:
        with bare("bench-ours", count, bench.scratch, architecture=architecture) as fleet:
            sample = fleet.program("deploy", "--yes", "--no-verify")
            say(f"{subject}: {sample.seconds:.0f} s")
            then(fleet)
            return sample

    def play() -> Sample:
        with bare("bench-play", count, bench.scratch, architecture=architecture) as fleet:
            directory = fleet.inventory.with_name("play")
            prepare(fleet.inventory, directory, state=fleet.state, store=fleet.store)
            sample = run(command(directory), directory=directory)
            say(f"{subject}, as a plain play: {sample.seconds:.0f} s")
            return sample

    taken = interleaved(bench.rounds, {"ours": ours, "play": play})
    if full is not None:
        full += taken["ours"]
    pair = ((subject, taken["ours"]), ("plain play, one task per file and step", taken["play"]))
    return compared(row, *pair, count, 0.5)


def _main_processes(fleet: Fleet) -> dict[str, str]:
    """Unit on a node -> PID."""
    show = ["systemctl", "show", "--property", "Id,MainPID", "fatecloud-*.service"]
    found = {}
    for node in fleet.sandbox.nodes:
        for unit in fleet.sandbox.check(node, show).strip().split("\n\n"):
            said = dict(line.split("=", 1) for line in unit.splitlines())
            found[f"{node} {said['Id']}"] = said["MainPID"]
    return found
