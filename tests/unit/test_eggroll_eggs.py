"""What an egg needs to start, and the empty session that shows that eggs start."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from component_world import service

from fatecloud.components.clustermanager import commands, proof, sessions, trial
from fatecloud.components.clustermanager.v3.commands import RESOURCES, nodes
from fatecloud.components.nodemanager import egg_look
from fatecloud.components.nodemanager.v3.probe_egg import MODULES
from fatecloud.errors import ProofFailed
from fatecloud.model.event import Event
from fatecloud.model.proof import ProofGround, ProofResult
from fatecloud.probing.grpc.wire import field, fields

FAILED = {"ok": False, "kind": "status", "status": "INTERNAL", "error": "unable to start all processors"}
LEAD = "eggroll.resourcemanager.bootstrap.egg_pair."
NODES = {2: "10.0.0.1:4671", 3: "10.0.0.2:4671"}


def session(status: str, **pids: int) -> bytes:
    """What the clustermanager says of a session; `n2` and `n3` are the processes of the eggs on these nodes."""
    eggs = [
        field(5, field(2, int(node[1:])) + field(5, "RUNNING") + field(6, field(1, "h") + field(2, 7)) + field(9, pid))
        for node, pid in pids.items()
    ]
    return field(3, field(1, "s") + field(3, status) + b"".join(eggs))


class Manager:
    """A clustermanager with two nodes: what it answers to the commands about a session, and which it got."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.says: dict[str, tuple[dict[str, Any], bytes]] = {
            sessions.CREATE: ({"ok": True}, session("ACTIVE", n2=11, n3=12)),
            sessions.KILL: ({"ok": True}, session("KILLED")),
            sessions.GET: ({"ok": True}, session("KILLED", n2=11, n3=-1)),
        }
        self.got: list[str] = []
        rows = b"".join(
            field(3, field(1, number) + field(4, field(1, where[:-5]) + field(2, 4671)) + field(6, "HEALTHY"))
            for number, where in NODES.items()
        )
        self.says[RESOURCES] = ({"ok": True}, field(3, field(1, 1) + field(2, rows)))
        monkeypatch.setattr(commands, "asked", self._asked)
        monkeypatch.setattr(trial, "connected", self._refused)
        monkeypatch.setattr(trial, "GONE_SECONDS", 0.0)

    def _asked(self, _host: str, _port: int, _path: str, message: bytes, **_: Any) -> tuple[dict[str, Any], bytes]:
        uri = fields(message)[2][0].decode()
        self.got.append(uri)
        return self.says[uri]

    def _refused(self, *_: Any) -> Any:
        raise ConnectionRefusedError


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Manager:
    return Manager(monkeypatch)


def tried() -> dict[str, Any]:
    return trial.tried("127.0.0.1", 4670, "s", 30.0, nodes)


def test_a_session_starts_one_egg_on_each_node_and_is_ended(manager: Manager) -> None:
    answer = tried()
    assert answer | {"seconds": 0} == {
        "ok": True,
        "error": "",
        "seconds": 0,
        "started": list(NODES.values()),
        "missing": [],
        "left": [],
        "not_ended": "",
    }
    assert manager.got == [RESOURCES, sessions.CREATE, sessions.KILL]


def test_a_session_that_does_not_start_is_ended_and_names_the_node_without_an_egg(manager: Manager) -> None:
    manager.says[sessions.CREATE] = (FAILED, b"")
    answer = tried()
    assert (answer["ok"], answer["started"], answer["missing"]) == (False, [NODES[2]], [NODES[3]])
    assert "unable to start" in answer["error"]
    assert manager.got[-2:] == [sessions.KILL, sessions.GET]


def test_a_session_that_is_active_a_moment_later_is_well(manager: Manager) -> None:
    manager.says[sessions.CREATE] = ({"ok": True}, session("NEW", n2=11, n3=12))
    manager.says[sessions.GET] = ({"ok": True}, session("ACTIVE", n2=11, n3=12))
    assert (tried()["ok"], manager.got[-2:]) == (True, [sessions.GET, sessions.KILL])


def test_eggs_that_live_on_are_named(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "connected", lambda *_: SimpleNamespace(close=lambda: None))
    assert tried()["left"] == ["h:7", "h:7"]
    manager.says[sessions.KILL] = (FAILED, b"")
    answer = tried()
    assert (answer["left"], answer["not_ended"]) == ([], FAILED["error"])


def test_without_its_list_of_nodes_no_session_is_started(manager: Manager) -> None:
    manager.says[RESOURCES] = (FAILED, b"")
    assert (tried()["ok"], manager.got) == (False, [RESOURCES])


@pytest.mark.parametrize("body", [b"\xff", field(3, field(5, 5)), field(3, field(5, b"\xff"))])
def test_an_answer_of_another_form_counts_as_foreign(manager: Manager, body: bytes) -> None:
    manager.says[sessions.CREATE] = ({"ok": True}, body)
    assert sessions.create("h", 1, "s", seconds=1.0)["kind"] == "foreign"


WELL: dict[str, Any] = {"ok": True, "error": "", "seconds": 4.0, "started": [], "missing": [], "left": []}


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "HEARTBEAT", 0.0)


def run(answer: object, *, host: str = "10000") -> tuple[ProofResult, list[str]]:
    """The smoke test between the parties of the example, on nodes that answer so."""
    asked: list[str] = []

    def to(asked_service: Any) -> Callable[..., bytes]:
        def command(argv: tuple[str, ...], _stdin: bytes, _seconds: float) -> bytes:
            asked.append(argv[5])
            return json.dumps(answer(asked_service) if callable(answer) else answer).encode()

        return command

    services = {party: service(f"{party}/clustermanager@{node}", "eggroll") for party, node in PLACES.items()}
    events: list[Event] = []
    result = proof.egg(ProofGround("9999", host, services, to, lambda _: "", events.append, 120.0))
    return result, asked


PLACES = {"9999": "a1", "10000": "b1"}


def started(asked_service: Any) -> dict[str, Any]:
    return WELL | {"started": list(asked_service.facts["nodes"].values())}


def test_the_test_covers_both_sides_and_proves_no_job() -> None:
    result, asked = run(started)
    assert (len(asked), result.figures, result.confirmed, result.left) == (2, {"eggs": 2.0}, (), ())
    assert len(run(started, host="9999")[1]) == 1
    assert len(run(started, host="7")[1]) == 1, "a peer is not asked"


@pytest.mark.usefixtures("no_pause")
def test_a_nodemanager_that_a_new_clustermanager_has_not_heard_of_is_given_time() -> None:
    first = iter([True, False])
    result, asked = run(lambda of: WELL if next(first, False) else started(of), host="9999")
    assert (len(asked), len(set(asked)), result.figures) == (2, 2, {"eggs": 1.0})
    first = iter([True, False])
    result, _ = run(lambda of: WELL | {"left": ["h:7"]} if next(first, False) else started(of), host="9999")
    assert [line.rsplit(" ", 1)[1] for line in result.left] == ["h:7"], "of the first session"


@pytest.mark.usefixtures("no_pause")
def test_it_names_the_nodemanager_whose_egg_does_not_start() -> None:
    def one_missing(asked_service: Any) -> dict[str, Any]:
        return WELL | {"ok": False, "error": "too late", "missing": list(asked_service.facts["nodes"].values())}

    with pytest.raises(ProofFailed, match="9999/nodemanager@a1: too late") as failed:
        run(one_missing)
    assert failed.value.remedy == "fatecloud check 9999/nodemanager@a1"
    with pytest.raises(ProofFailed, match="9999/nodemanager@a1"):
        run(WELL)


def test_what_it_cannot_end_is_said() -> None:
    result, _ = run(lambda asked_service: started(asked_service) | {"left": ["h:7"], "not_ended": ""})
    assert "h:7" in result.left[0]
    result, _ = run(lambda asked_service: started(asked_service) | {"not_ended": "no answer"})
    assert "no answer" in result.left[0]


@pytest.mark.parametrize("answer", [None, [], {"ok": True}, WELL | {"seconds": "x"}, WELL | {"left": "x"}])
def test_an_answer_of_another_form_fails_the_test(answer: object) -> None:
    with pytest.raises(ProofFailed, match="printed"):
        run(answer)


@pytest.fixture
def install(tmp_path: Path) -> Callable[..., str]:
    """The settings of a nodemanager whose eggs have an interpreter, and EggRoll's code with all that it imports."""
    code = tmp_path / "python"
    for name in MODULES:
        (code / name).mkdir(parents=True)
        (code / name / "__init__.py").touch()
    for name in ("boot.sh", "pair.sh", "venv/bin/activate", "python/eggroll/egg_pair.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "venv/bin/python").symlink_to(sys.executable)

    def settings(**changed: str) -> str:
        own = {
            "eggroll.bootstrap.root.script": f"{tmp_path}/boot.sh",
            LEAD + "exepath": f"{tmp_path}/pair.sh",
            LEAD + "venv": f"{tmp_path}/venv",
            LEAD + "pythonpath": str(code),
            LEAD + "filepath": f"{code}/eggroll/egg_pair.py",
        } | {LEAD + key: value for key, value in changed.items()}
        conf = tmp_path / "eggroll.properties"
        conf.write_text("".join(f"{key}={value}\n" for key, value in own.items()))
        return str(conf)

    return settings


def test_an_egg_that_has_all_it_needs_says_its_version(install: Callable[..., str]) -> None:
    assert egg_look.judge(install(), MODULES) == {"ok": True, "version": sys.version.split()[0]}


def test_what_keeps_an_egg_from_starting_has_a_kind(install: Callable[..., str], tmp_path: Path) -> None:
    assert egg_look.judge(str(tmp_path / "absent"), MODULES)["kind"] == "config"
    assert egg_look.judge(install(venv="/nowhere"), MODULES)["kind"] == "path"
    other = tmp_path / "other" / "egg_pair.py"
    other.parent.mkdir()
    other.touch()
    assert egg_look.judge(install(filepath=str(other)), MODULES)["kind"] == "path"
    (tmp_path / "python/lmdb/__init__.py").unlink()
    (tmp_path / "python/lmdb").rmdir()
    found = egg_look.judge(install(), MODULES)
    assert (found["kind"], "lmdb" in found["error"]) == ("module", True)
    (tmp_path / "venv/bin/python").unlink()
    assert egg_look.judge(install(), MODULES)["kind"] == "interpreter"
    (tmp_path / "venv/bin/python").symlink_to("/bin/false")
    assert "ends with 1" in egg_look.judge(install(), MODULES)["error"]


def test_an_interpreter_of_eggs_that_is_late_is_not_called_broken(
    install: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egg_look, "SECONDS", 0.0)
    assert egg_look.judge(install(), MODULES)["kind"] == "timeout"
