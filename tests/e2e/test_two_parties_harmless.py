"""Reading verbs leave everything on the nodes as it is, and no service has a reason to complain about them."""

from __future__ import annotations

import dataclasses
import hashlib
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from faults import Site
from plants import LEFT, SAID, unseen
from program import Program
from raised import BESIDE, RAISED, unexplained
from sampling import LONG
from two_parties import PARTIES, A, home, label
from typer.main import get_command
from watch import Heard, Watch, differences, rows_that_move

from fatecloud.cli.verbs import VERBS, app
from fatecloud.sandbox.nodes import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800), pytest.mark.usefixtures("running")]

CHANGING = {
    *("quickstart", "init", "deploy", "start", "stop", "restart", "destroy", "test", "inventory forget"),
    *(
        "secrets init",
        "secrets rotate",
        "key rotate",
        "release fetch",
        "release import",
        "release verify",
        "release bundle",
    ),
    *("sandbox up", "sandbox down", "exec", "mute add", "mute remove", "job stop", "job clean", "session kill"),
    *("route undo", "model import", "model back"),
    # A prediction is counted, and its answer may be kept.
    *(f"serving {verb}" for verb in ("predict", "publish", "bind", "unpublish", "cache", "smoke")),
}
REVEALING = {"secrets reveal"}
"""Prints a secret, which is looked for in all other output."""
READING = {
    "check": (
        ("-o", "table"),
        ("-o", "json", "--owner", "9999"),
        ("--save-facts", "{scratch}/facts.json"),
        ("--facts", "{scratch}/facts.json"),
        ("--wait-healthy",),
        ("--export", "{scratch}/9999.json", "--for", "10000"),
        ("--export", "{scratch}/10000.json", "--for", "9999"),
    ),
    # Both sides of a healthy cluster: nothing is at fault.
    "diagnose": (
        ("{scratch}/9999.json", "{scratch}/10000.json"),
        ("{scratch}/10000.json", "{scratch}/9999.json", "-o", "json"),
        ("--names", "{scratch}/9999.json"),
    ),
    "status": ((), ("-o", "json")),
    "plan": ((), ("--detailed-exitcode",)),
    "preflight": ((), ("-o", "json"), ("--letter",)),
    "logs": (("flow",), ("@n1", "--since", "10m", "--all"), ("mysql", "--grep", "ready", "--level", "info")),
    "render": (("--output", "{scratch}/project"),),
    "explain": (("SERVICE_STOPPED",), ("--list",)),
    "safe-to-stop": (("n1",), ("n2", "-o", "json")),
    "job list": ((), ("-o", "json")),
    "job why": ((), ("-o", "json")),
    # It needs a model, and these parties have trained none.
    "model export": (),
    # These need a job, and smoke tests remove theirs.
    "job show": (),
    "job summary": (),
    "job metrics": (),
    # These parties have no service with a page, and no EggRoll.
    "open": (),
    "session list": (),
    "serving models": (),
    "mute list": ((), ("-o", "json")),
    "route show": ((), ("-o", "json")),
    "route lint": ((),),
    "route explain": (("--from", "9999", "--to", "10000"),),
    "route test": ((), ("--from", "9999", "--to", "10000", "-o", "json")),
    "inventory validate": ((),),
    "inventory show": ((), ("--full",), ("--resources",)),
    "inventory schema": ((), ("--markdown",)),
    "objects show": ((), ("--sql",), ("-o", "json")),
    "secrets list": ((), ("-o", "json")),
    "key show": ((), ("-o", "json")),
    "runs list": ((), ("-o", "json")),
    "runs show": (("last",),),
    "runs log": (("last",),),
    "clusters": ((), ("-o", "json")),
    "completion": (("bash",), ("zsh",), ("fish",)),
    "version": ((), ("-o", "json")),
    "help": ((), ("secrets", "rotate")),
    "release list": ((),),
    "release show": (("fate-2.2.0",),),
    "sandbox list": ((),),
}
"""Verb -> the ways in which it is run."""
STATUS = {"preflight": 1, "safe-to-stop": 1, "preflight --letter": 0}
"""Warnings: the clocks of sandbox nodes are not synchronised, and the other party would miss the node."""
KEPT_BY_READING = ("state.db", "usage-asked", "last-check.json", "last-jobs.json", "pseudonyms.json")
"""Samples, when a node was last asked what its files take, the newest check for `status`, ids of jobs for TAB, and the
names behind the pseudonyms of exports."""
CHECKS = 200 if LONG else 40
OPERATORS = 2
IDLE = 20.0


@dataclass(frozen=True)
class Idle:
    """What the cluster does when no one asks it anything."""

    moving: frozenset[str]
    heard: Heard


class Controller:
    """The operator's machine: an own home and directory for temporary files, so that what is left in them shows."""

    def __init__(self, program: Program, directory: Path) -> None:
        self.watched = program.inventory.parent
        self.scratch, self.own = directory / "scratch", directory / "own"
        places = {name: self.own / name.lower() for name in ("HOME", "TMPDIR")}
        for place in (self.scratch, *places.values()):
            place.mkdir(parents=True)
        environment = program.environment | {name: str(place) for name, place in places.items()}
        self.program = dataclasses.replace(program, environment=environment)

    def files(self) -> dict[str, str]:
        """The operator's files: inventory, secrets, state; without what a check keeps for the next one.

        SQLite makes a file for a moment beside its database, so the time of that directory says nothing.
        """
        found = (self.watched, *(path for path in self.watched.rglob("*") if path.name not in KEPT_BY_READING))
        return {str(path): _fingerprint(path, timed=not (path / "state.db").exists()) for path in found}

    def left(self) -> list[str]:
        """Files and processes that a verb has left behind."""
        mark = f"TMPDIR={self.own}".encode()
        processes = [path.parent for path in Path("/proc").glob("[0-9]*/environ") if mark in _read(path)]
        return [str(path) for path in (*self.own.glob("*/*"), *processes)]


def _fingerprint(path: Path, *, timed: bool) -> str:
    of = path.lstat()
    content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return f"{of.st_mode:o} {of.st_mtime_ns if timed else ''} {content}"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.fixture(scope="module")
def watch(program: Program, sandbox: Sandbox) -> Watch:
    return Watch(program, sandbox)


@pytest.fixture(scope="module")
def idle(watch: Watch) -> Idle:
    """Observed before any verb reads, so that changes that happen by themselves are not blamed on the verbs."""
    first = watch.still()
    for _ in range(3):  # the first times, what tests before have begun may still be ending
        mark = watch.mark()
        time.sleep(IDLE)
        second = watch.look()
        moving = rows_that_move(first, second)
        if not (changes := differences(first, second, moving)):
            return Idle(moving, watch.heard(mark))
        first = second
    pytest.fail("the idle cluster itself is not still:\n" + "\n".join(changes))


def test_every_verb_is_known_to_read_or_to_change() -> None:
    group: Any = get_command(app)
    verbs = set()
    for name in VERBS:
        below = getattr(group.get_command(None, name), "commands", {})
        verbs |= {f"{name} {sub}" for sub in below} or {name}
    assert set(READING) | CHANGING | REVEALING == verbs


def test_reading_verbs_change_nothing_and_leave_nothing_behind(
    watch: Watch, idle: Idle, program: Program, tmp_path: Path
) -> None:
    controller = Controller(program, tmp_path)
    before, kept, mark = watch.still(), controller.files(), watch.mark()
    for words, ways in READING.items():
        for way in ways:
            more = [word.format(scratch=controller.scratch) for word in way]
            done = controller.program.run(*words.split(), *more)
            wanted = STATUS.get(" ".join([words, *more]), STATUS.get(words, 0))
            assert done.status == wanted, f"{words} {' '.join(more)}: {done}"
    follow_until_interrupted(controller.program)
    heard = watch.heard(mark)
    assert heard.read > 0, "nothing of the nodes' logs was read"
    assert heard.beyond(idle.heard) == []
    assert watch.settled(before, idle.moving) == []
    assert controller.files() == kept
    assert controller.left() == []


def test_checks_at_rest_find_nothing_and_move_no_counter_of_trouble(watch: Watch, idle: Idle, program: Program) -> None:
    before, mark = watch.still(), watch.mark()
    with ThreadPoolExecutor(OPERATORS) as operators, RAISED.expecting(*BESIDE):
        reports = list(operators.map(lambda _number: program.report(), range(CHECKS)))
    found = [unexplained(report["findings"], BESIDE) for report in reports if report["status"] != 0]
    assert [left for left in found if left] == []
    heard = watch.heard(mark)
    assert heard.read > CHECKS, "each check leaves a line of flow's at least"
    assert heard.beyond(idle.heard) == []
    assert watch.settled(before, idle.moving) == []


def test_the_watch_sees_everything_that_a_careless_reader_does(
    watch: Watch, idle: Idle, program: Program, sandbox: Sandbox
) -> None:
    site = Site(sandbox, label(program), A, PARTIES[A], home(program))
    before, mark = watch.look(), watch.mark()
    plants = [*LEFT.values(), *SAID.values()]
    try:
        for plant in plants:
            plant.make(site)
        heard = watch.heard(mark).beyond(idle.heard)
        seen = differences(before, watch.look(), idle.moving)
    finally:
        for plant in plants:
            plant.undo(site)
    assert unseen(LEFT, seen) == [], seen
    assert unseen(SAID, heard) == [], heard


def follow_until_interrupted(program: Program) -> None:
    """`logs --follow`, ended by Ctrl-C as an operator ends it."""
    process = program.start("logs", "nginx", "--follow", "--all")
    time.sleep(5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    program.hear(("logs",), out, err)
    assert process.returncode == 0, out + err
