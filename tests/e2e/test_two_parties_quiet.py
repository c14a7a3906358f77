"""A healthy cluster at work is checked again and again: whatever is done to it, nothing is found but what settles.

`test_two_parties_harmless.py` checks it at rest, `test_two_parties_silent.py` all through one long job: in CI that one
stands for the jobs here, when its turn comes.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field

import pytest
from busy import busy
from program import Program
from raised import BESIDE, RAISED, unexplained
from sampling import LONG, dice
from two_parties import COMPONENTS, PARTIES, edit
from waiting import wait_until

from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.check import SETTLE_SECONDS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800), pytest.mark.usefixtures("running")]

CHECKS = 200 if LONG else 40
SETTLED = 3 * SETTLE_SECONDS
"""Seconds after a work in which all has to be settled."""
JOBS_END = 900.0
"""Seconds in which the jobs end that flow makes of one that it refuses."""
PAUSE = 1.0
"""Seconds between two checks after a work, until nothing settles any more."""
LEVELS = (30, 20)
"""Of flow's logs; the second one is the one that a deploy gives it."""
SECRETS = ("9999.mysql.fate_flow", "9999.rabbitmq.flow")

Words = tuple[str, ...]
VERIFY: Words = () if LONG else ("--no-verify",)


@dataclass(frozen=True)
class Work:
    """What is done to the cluster while it is checked; over and over, if there are checks left."""

    kind: str
    name: str
    verbs: tuple[Words, ...] = ()
    loaded: bool = False
    setting: bool = False
    """Whether each deploy brings another value of a setting."""
    rotated: bool = False
    """Whether the first deploy brings new passwords, and the second one is after their rotation has ended."""

    def __str__(self) -> str:
        return self.name


def works() -> Iterator[Work]:
    """All of them, by kind."""
    yield Work("job", "toy", (("test", "toy"),))
    yield Work("job", "lr", (("test", "lr"),))
    yield Work("job", "toy under load", (("test", "toy", "--deadline", "1200"),), loaded=True)
    for component in COMPONENTS:
        yield Work("restart", f"restart of {component}", (("restart", "--yes", "--component", component),))
    yield Work("restart of all", "restart of all", (("restart", "--yes"),))
    yield Work("restart of all", "restart of all under load", (("restart", "--yes"),), loaded=True)
    deploy: Words = ("deploy", "--yes", *VERIFY)
    yield Work("deploy", "deploy of nothing", (deploy,))
    yield Work("deploy", "deploy of a setting", (deploy, deploy), setting=True)
    yield Work("deploy", "deploy of new passwords", (deploy, deploy), rotated=True)
    # A job takes longer under load than a deploy waits for it.
    unproved: Words = ("deploy", "--yes", "--no-verify")
    yield Work("deploy", "deploy of a setting under load", (unproved, unproved), loaded=True, setting=True)
    yield Work("load", "load", loaded=True)


def chosen() -> list[Work]:
    """One of each kind in CI, and without load: the other parts of a whole run are load enough there."""
    every = [work for work in works() if LONG or not (work.loaded or work.kind == "job")]
    if LONG:
        return every
    kinds = dict.fromkeys(work.kind for work in every)
    return [dice(f"work: {kind}").choice([work for work in every if work.kind == kind]) for kind in kinds]


@dataclass
class Seen:
    """The checks during one work."""

    program: Program
    settling: int = 0
    seconds: list[float] = field(default_factory=list)

    def check(self) -> list[str]:
        """A check that must find nothing; the services that it says are settling."""
        began = time.monotonic()
        with RAISED.expecting(*BESIDE):
            report = self.program.report()
        self.seconds.append(time.monotonic() - began)
        self.settling += bool(report["settling"])
        assert unexplained(report["findings"], BESIDE) == [], json.dumps(report, indent=1)
        assert report["status"] == 0 or report["findings"]
        return list(report["settling"])

    def __str__(self) -> str:
        return f"{len(self.seconds)} checks, {self.settling} with settling, the slowest {max(self.seconds):.1f} s"


@pytest.mark.parametrize("work", chosen(), ids=str)
def test_nothing_is_found_but_what_settles(program: Program, sandbox: Sandbox, work: Work) -> None:
    seen, wanted = Seen(program), math.ceil(CHECKS / len(chosen()))
    with busy(sandbox) if work.loaded else nullcontext():
        while len(seen.seconds) < wanted:
            for number, verb in enumerate(work.verbs):
                _change(program, work, number)
                _check_during(verb, seen, at_once=not work.setting, refused=work.loaded and work.kind == "job")
            if not work.verbs:
                seen.check()
    if work.kind == "job":
        wait_until(lambda: not _jobs_left(program), JOBS_END)
    deadline = time.monotonic() + SETTLED
    while settling := seen.check():
        assert time.monotonic() < deadline, settling
        time.sleep(PAUSE)
    print(f"{work}: {seen}")  # noqa: T201 - the record of a long run


def _check_during(verb: Words, seen: Seen, *, at_once: bool, refused: bool) -> None:
    """Check until a verb is over; if not at once, from the moment at which its run holds the nodes.

    What was edited before a deploy is rightly reported until then. Flow gives its partner 10 s to accept a job, which
    may be too little under load: then it refuses the job, and has made up to three of it.
    """
    program = seen.program
    before = set(program.state.glob("*/runs/*"))
    process = program.start(*verb)
    try:
        while process.poll() is None:
            if at_once or (set(program.state.glob("*/runs/*")) > before and _holds_the_nodes(program)):
                seen.check()
            else:
                time.sleep(0.1)
    finally:
        # Also after a finding: it would hold the nodes while the next tests want them.
        program.hear(verb, *(said := process.communicate()))
    assert process.returncode == 0 or (refused and "the job was not accepted" in said[1]), said


def _jobs_left(program: Program) -> bool:
    jobs = json.loads(program.ok("job", "list", "-o", "json").out)["items"]
    return any(job["status"] in ("waiting", "running") for job in jobs)


def _holds_the_nodes(program: Program) -> bool:
    taken = {event["node"] for event in program.events() if event["text"] == "Take the lease"}
    return taken >= PARTIES.keys()


def _change(program: Program, work: Work, number: int) -> None:
    """What comes before a deploy of the work; after the last one all is as before."""
    if work.setting:
        flow = {"flow": {"log_level": LEVELS[number]}}
        edit(program, lambda document: document["parties"]["9999"].setdefault("config", {}).update(flow))
    if work.rotated:
        program.ok("secrets", "rotate", *(SECRETS if number == 0 else ("--finish",)))
