"""Real nodes for the end-to-end tests, and what has to be there for them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from eggroll_packages import REAL
from prepared import adopt, name_of, prepare, present
from program import Program
from raised import RAISED
from repairs import repair
from rolling import MEMORY as MEMORY_OF_EGGS
from rolling import Rolling
from rolling import deployed as rolled
from rollsite_packages import OLDEST, OLDEST_PACKAGES, PACKAGES
from rollsites import MEMORY as MEMORY_OF_ROLLSITES
from rollsites import MEMORY_OF_OLDEST, of_fixtures, of_upstream
from rollsites import deployed as with_rollsites
from sampling import LONG
from serving_packages import archives as archives_of_serving
from servings import MEMORY as MEMORY_OF_SERVINGS
from servings import deployed as with_servings
from tallies import MEMORY as MEMORY_OF_JVMS
from tallies import Tallies, deployed
from two_parties import A, state_of

from fatecloud.artifacts import default_store
from fatecloud.errors import SandboxError
from fatecloud.model.event import Event
from fatecloud.sandbox.engine import engine
from fatecloud.sandbox.lifecycle import MEMORY, create
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed, sandbox_down, sandbox_list, sandbox_up

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background by a shell, and so would every program of ours be: Ctrl-C could not be tried.
    signal.signal(signal.SIGINT, signal.default_int_handler)

RELEASE = "fate-2.2.0"
REQUIRED = "FATECLOUD_REQUIRE_E2E"
_FAILED = pytest.StashKey[bool]()
"""Some test has failed since the two parties were last seen whole."""
_OURS = re.compile(r"t(\d+)-.*")
NewSandbox = Callable[..., Handed]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the EggRoll that is there cannot do, and what waits for minutes; the summary counts them."""
    out = {item for item in items if item.get_closest_marker("fixtures" if REAL else "real")}
    out |= {item for item in items if not (REAL or LONG) and item.get_closest_marker("patient")}
    items[:] = [item for item in items if item not in out]
    config.hook.pytest_deselected(items=list(out))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything has to run, a skip is a failure."""
    report = yield
    if report.failed:
        item.session.stash[_FAILED] = True
    if report.skipped and os.environ.get(REQUIRED) == "1" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} did not run, and {REQUIRED}=1 says that it has to: {reason}"
    return report


@pytest.fixture(autouse=True)
def _no_unexpected_code() -> Iterator[None]:
    """A finding that a test does not expect is a false alarm, or trouble that would have gone unnoticed."""
    yield
    unexpected = RAISED.take()
    assert not unexpected, "the test did not expect " + "; ".join(unexpected)


@pytest.fixture(scope="session")
def new_sandbox(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[NewSandbox]:
    """Makes sandboxes that are removed at the end, with a state directory of their own.

    With `prepared=True` the packages and the release are on the nodes already (`prepared.py`).
    """
    if os.geteuid() != 0:
        pytest.skip("making nodes takes root")
    try:
        engine().close()
    except SandboxError as error:
        pytest.skip(error.message)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("xdg-state")))
        _remove(_left_over())
        made: list[str] = []

        def make(
            name: str,
            nodes: int,
            image: str = "debian-12",
            *,
            cache_packages: bool = True,
            memory: int = MEMORY,
            prepared: bool = False,
        ) -> Handed:
            if prepared:
                image = with_release(image)
            made.append(f"t{os.getpid()}-{name}")
            with _alone("images"):
                if prepared:
                    create(engine(), made[-1], [image], nodes, _say, memory=memory)
                handed = sandbox_up(made[-1], nodes, image, cache_packages=cache_packages, say=_say, memory=memory)
            if prepared:
                adopt(handed)
            return handed

        def with_release(image: str) -> str:
            store = request.getfixturevalue("store")
            name = name_of(image)
            with _alone("prepared"):
                if not present(engine(), name):
                    bare = make("bare", 1, image)
                    with RAISED.anything():
                        prepare(engine(), bare, name, tmp_path_factory.mktemp("prepared"), store, _say)
                    _remove([made.pop()])
            return name

        yield make
        _remove(made)


@pytest.fixture(scope="session")
def handed(new_sandbox: NewSandbox, request: pytest.FixtureRequest) -> Handed:
    """Two nodes with an inventory of two parties; bare ones where a test that is to run asks for that."""
    bare = any(item.get_closest_marker("bare") for item in request.session.items)
    return new_sandbox("two", 2, prepared=not bare)


@pytest.fixture(scope="session")
def sandbox(handed: Handed) -> Sandbox:
    """The same two nodes, past SSH."""
    return handed.sandbox


@pytest.fixture(scope="session")
def program(handed: Handed, tmp_path_factory: pytest.TempPathFactory, store: Path) -> Iterator[Program]:
    """The operator of the two parties: an inventory with its secrets, and a state directory."""
    home = tmp_path_factory.mktemp("operator")
    inventory = home / "inventory.yml"
    shutil.copy(handed.inventory, inventory)
    program = Program(inventory, home / "state", {"FATECLOUD_STORE": str(store)})
    assert program.run("secrets", "init").status == 0
    state = state_of(program)
    state.mkdir(parents=True, mode=0o700)
    shutil.copy(handed.known_hosts, state / "known_hosts")
    yield program
    (program.state / "said.txt").write_text("\n".join(program.said))


@pytest.fixture(scope="session")
def tallies(new_sandbox: NewSandbox, tmp_path_factory: pytest.TempPathFactory) -> Tallies:
    """The service of `tests/fixtures/jvm` in its two JVMs, deployed step by step as an operator comes to it."""
    if not (shutil.which("javac") and shutil.which("mvn")):
        pytest.skip("this machine has no JDK or no Maven")
    return deployed(new_sandbox("jvm", 2, memory=MEMORY_OF_JVMS), tmp_path_factory.mktemp("tallies"))


@pytest.fixture(scope="session")
def rolling(new_sandbox: NewSandbox, store: Path, tmp_path_factory: pytest.TempPathFactory) -> Rolling:
    """Two parties on EggRoll and OSX: upstream's, or the fixtures' in their place."""
    if not (REAL or (shutil.which("javac") and shutil.which("mvn"))):
        pytest.skip("this machine has no JDK or no Maven")
    return rolled(
        new_sandbox("rolling", 3, prepared=True, memory=MEMORY_OF_EGGS), tmp_path_factory.mktemp("rolling"), store
    )


@pytest.fixture(scope="session")
def rollsites(new_sandbox: NewSandbox, store: Path, tmp_path_factory: pytest.TempPathFactory) -> Rolling:
    """Two parties on FATE 1.11.4: upstream's, or the fixtures' in their place."""
    if PACKAGES and not PACKAGES.is_dir():
        pytest.skip(f"there is no {PACKAGES}")
    if not (PACKAGES or (shutil.which("javac") and shutil.which("mvn"))):
        pytest.skip("this machine has no JDK or no Maven")
    handed = new_sandbox("rollsite", 4, prepared=True, memory=MEMORY_OF_ROLLSITES)
    return with_rollsites(handed, tmp_path_factory.mktemp("rollsites"), store)


@pytest.fixture(scope="session")
def servings(new_sandbox: NewSandbox, tmp_path_factory: pytest.TempPathFactory) -> Rolling:
    """A guest and a host on FATE-Serving 2.1: upstream's, or the fixtures' in their place."""
    if not REAL and not (shutil.which("javac") and shutil.which("mvn")):
        pytest.skip("this machine has no JDK or no Maven")
    if not archives_of_serving():
        pytest.skip("FATECLOUD_PACKAGES names no directory with serving 2.1")
    handed = new_sandbox("servings", 3, prepared=True, memory=MEMORY_OF_SERVINGS)
    return with_servings(handed, tmp_path_factory.mktemp("servings"))


@pytest.fixture(scope="session")
def oldest(
    new_sandbox: NewSandbox, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Rolling:
    """Two parties on FATE 1.4.5: upstream's, or the fixtures' in their place, with one node less."""
    place = tmp_path_factory.mktemp("oldest")
    if OLDEST_PACKAGES:
        if not OLDEST_PACKAGES.is_dir():
            pytest.skip(f"there is no {OLDEST_PACKAGES}")
        # Bare nodes: prepared ones would need another release first.
        handed = new_sandbox("oldest", 4, memory=MEMORY_OF_OLDEST)
        return of_upstream(handed, place, OLDEST, OLDEST_PACKAGES, {A: {}})
    if not (shutil.which("javac") and shutil.which("mvn")):
        pytest.skip("this machine has no JDK or no Maven")
    handed = new_sandbox("oldest", 3, prepared=True, memory=MEMORY_OF_OLDEST)
    return of_fixtures(handed, place, OLDEST, request.getfixturevalue("store"))


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest, program: Program, sandbox: Sandbox) -> None:
    """The two parties, deployed and healthy; deployed now where no test before has left them so.

    Without a smoke test, which costs the nodes as much as a third of the deploy: who needs a job runs one.
    """
    _repair(request, program)
    with RAISED.anything():
        report = program.report()
    if report["status"] != 0:
        bare = [finding for finding in report["findings"] if finding["code"] == "MANIFEST_ABSENT"]
        if bare:
            repair(program, sandbox, bare[0])
        else:
            program.ok("deploy", "--yes", "--no-verify", timeout=900)
        report = program.report()
    assert report["findings"] == []


@pytest.fixture(autouse=True)
def _whole_again(request: pytest.FixtureRequest) -> None:
    """A test that failed may have left the cluster broken: what comes after it is not to fail for that."""
    if "running" in request.fixturenames:
        _repair(request, request.getfixturevalue("program"))
    elif "rolling" in request.fixturenames:
        _repair(request, request.getfixturevalue("rolling").program)


def _repair(request: pytest.FixtureRequest, program: Program) -> None:
    """Deploy if a test has failed since the last time; jobs of it may still run."""
    if request.session.stash.get(_FAILED, False):
        request.session.stash[_FAILED] = False
        with RAISED.anything():
            program.run("deploy", "--yes", "--no-verify", "--interrupt-jobs", "--overwrite-drift", timeout=900)


@pytest.fixture(scope="session")
def store() -> Path:
    """An artifact store that has the whole release; fetched once, and kept for the next time."""
    path = Path(os.environ.get("FATECLOUD_STORE") or default_store())
    program = Path(sys.executable).with_name("fatecloud")
    with _alone("store"):
        done = subprocess.run(
            [program, "release", "fetch", RELEASE, "--store", path], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, f"{RELEASE} could not be fetched:\n{done.stdout}\n{done.stderr}"
    return path


@contextmanager
def _alone(what: str) -> Iterator[None]:
    """Keep other parts of the tests from making the same thing at the same time."""
    with Path(tempfile.gettempdir(), f"fatecloud-tests-{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(event: Event) -> None:
    sys.stderr.write(f"{event.text} {event.detail}\n")


def _left_over() -> list[str]:
    """Sandboxes of test runs that were killed."""
    names = {sandbox.name for sandbox in sandbox_list()}
    return [n for n in names if (found := _OURS.fullmatch(n)) and not Path("/proc", found[1]).exists()]


def _remove(names: list[str]) -> None:
    for name in names:
        # One that never came up has removed itself.
        with contextlib.suppress(SandboxError):
            sandbox_down(name)
