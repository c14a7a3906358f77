"""A run does only what was shown: a node that has changed since the plan was made is refused."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from modules import CLUSTER_ID, module, take, utility
from test_collector import document

from fatecloud.errors import Locked, PlanOutdated, Refused
from fatecloud.model.event import Event
from fatecloud.model.layout import LAYOUT, for_collector
from fatecloud.model.observed import Fact, NodeFacts, Observed
from fatecloud.model.plan import Action, Plan, Stage
from fatecloud.plan.shown import shown_states
from fatecloud.runner.outcome import Outcome, TaskFailure
from fatecloud.workflow import deploy
from fatecloud.workflow.deploy_options import DeployOptions
from fatecloud.workflow.failure import failure
from fatecloud.workflow.options import Options
from fatecloud.workflow.outdated import refuse_changed

lease = module("fatecloud_lease")
inside = utility("fatecloud_inside")
node = utility("fatecloud_node")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A node with a record and a file, which no run holds."""
    base = tmp_path / "fate"
    take(base)
    (base / "conf").write_text("log_level: 10")
    with node.working(str(base), "r1") as manifest:
        manifest.data["services"]["9999/flow@a1"] = {"run": "r1", "at": 1}
    lease.release(asked(base, "r1"))
    return base


def asked(base: Path, run: str, **changes: Any) -> dict[str, Any]:
    plain = {"base": str(base), "run": run, "cluster": "demo", "id": CLUSTER_ID, "node": "n1", "owner": "me"}
    rest = {"controller": "c1", "process": {}, "deploys": [], "layout": LAYOUT, "takeover": ""}
    rest |= {"wait": 0, "scratch": "", "shown": {}}
    return plain | rest | changes


def read(base: Path) -> dict[str, Any]:
    """What a plan is made from, as the controller has it from the collector."""
    paths = (str(base / "conf"), str(base / "absent"))
    files = {path: {"sha256": sha, "mode": "0640"} if (sha := inside.sha256_of(path)) else None for path in paths}
    record = base / ".fatecloud" / "manifest.json"
    manifest = json.loads(record.read_text()) if record.exists() else None
    facts = {"files": Fact(files), "manifest": Fact(manifest)}
    return shown_states(Observed({"a1": NodeFacts("a1", facts, {}, 0.1)}, 0.0))["a1"]


def test_the_collector_and_the_lease_see_the_same_state(base: Path) -> None:
    (base / "conf").write_bytes("机构 é\xff".encode("latin-1", "replace"))
    (base / "link").symlink_to(base / "conf")
    (base / "folder").mkdir()
    lease.acquire(asked(base, "r1"))
    with node.working(str(base), "r1") as manifest:
        manifest.data["files"] = {str(base / "conf"): {"sha256": "5" * 64, "mode": "0640", "owner": "机构"}}
        manifest.data["services"]["9999/flow@a1"]["at"] = 1764349123
    lease.release(asked(base, "r1"))
    paths = [str(base / name) for name in ("conf", "link", "folder", "absent")]
    spec = {"layout": for_collector(str(base)), "want": ["manifest", "files"], "files": paths}
    seen = document(spec)["facts"]
    facts = {name: Fact(fact.get("value"), fact.get("error")) for name, fact in seen.items()}
    shown = shown_states(Observed({"a1": NodeFacts("a1", facts, {}, 0.1)}, 0.0))["a1"]
    assert shown["paths"] == sorted(paths)
    assert shown["digest"] == lease.state_digest(str(base), shown["paths"])


def test_a_node_that_is_as_shown_is_taken(base: Path) -> None:
    assert lease.acquire(asked(base, "r2", shown=read(base)))["changed"]


def test_a_fresh_node_is_taken(tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    assert lease.acquire(asked(fresh, "r1", shown=read(fresh)))["changed"]


def test_changes_by_the_run_itself_do_not_outdate_its_plan(base: Path) -> None:
    shown = read(base)
    lease.acquire(asked(base, "r2", shown=shown))
    (base / "conf").write_text("log_level: 20")
    assert not lease.acquire(asked(base, "r2", shown=shown))["changed"]


def test_a_node_that_another_run_changed_is_left_to_it(base: Path) -> None:
    shown = read(base)
    lease.acquire(asked(base, "r2"))
    (base / "conf").write_text("log_level: 20")
    with node.working(str(base), "r2") as manifest:
        manifest.data["services"]["9999/flow@a1"] = {"run": "r2", "at": 2}
    lease.release(asked(base, "r2"))
    with pytest.raises(node.Refused, match="has changed since the plan was made; run r2 was the last") as refusal:
        lease.acquire(asked(base, "r3", shown=shown))
    assert refusal.value.details == {"outdated": True}
    assert not (base / ".fatecloud" / "lease.json").exists()


@pytest.mark.parametrize(("name", "text"), [("conf", "edited by hand"), ("absent", "it is there now")])
def test_a_file_that_changed_by_hand_counts_too(base: Path, name: str, text: str) -> None:
    shown = read(base)
    (base / name).write_text(text)
    with pytest.raises(node.Refused, match="has changed since the plan was made"):
        lease.acquire(asked(base, "r2", shown=shown))


def observed_at(base: Path) -> Observed:
    files = {str(base / "conf"): {"sha256": inside.sha256_of(str(base / "conf"))}}
    return Observed({"a1": NodeFacts("a1", {"files": Fact(files), "manifest": Fact({})}, {}, 0.1)}, 0.0)


def test_a_change_while_the_operator_looks_at_the_plan_is_found_before_a_run_begins(base: Path) -> None:
    start = Action("start", "a1", "9999/flow@a1", "it is stopped")
    shown, more = (Plan("demo", stages, (), proof=()) for stages in ((), (Stage("stage 1", (start,)),)))
    before = observed_at(base)
    refuse_changed(shown, before, observed_at(base), lambda: shown)
    with pytest.raises(PlanOutdated, match="services have changed"):
        refuse_changed(shown, before, observed_at(base), lambda: more)
    (base / "conf").write_text("log_level: 20")
    with pytest.raises(PlanOutdated, match="changed since the plan was shown: a1"):
        refuse_changed(shown, before, observed_at(base), lambda: shown)


def test_the_refusal_names_the_next_step() -> None:
    failed = TaskFailure("a1", "Take the lease", "this node has changed", result={"outdated": True})
    error = failure(Outcome("failed", 2, (failed,), {}, {}))
    assert isinstance(error, PlanOutdated)
    assert (error.exit_status, error.remedy) == (6, "run fatecloud deploy again and look at the new plan")


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[Exception | int]:
    """The outcome of each attempt to deploy."""
    outcomes: list[Exception | int] = []

    def attempt(*_: object) -> int:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(deploy, "load_session", lambda *_a, **_k: SimpleNamespace(resolved=None))
    monkeypatch.setattr(deploy, "_complete", lambda _session, wanted, _ask: wanted)
    monkeypatch.setattr(deploy, "_attempt", attempt)
    return outcomes


def deployed(confirm: Any = None, wait_lock: str | None = None) -> tuple[int, list[str]]:
    lines: list[str] = []

    def ui(event: Event) -> None:
        lines.append(event.text)

    options = DeployOptions(wait_lock=wait_lock)
    return deploy.deploy_cluster(Options(Path("inventory.yml")), options, ui, confirm), lines  # type: ignore[arg-type]


def test_who_was_asked_is_asked_again_only_by_a_new_deploy(attempts: list[Exception | int]) -> None:
    attempts[:] = [PlanOutdated("a1: changed"), 0]
    with pytest.raises(PlanOutdated):
        deployed(confirm=lambda _: True)
    assert attempts == [0]


def test_who_is_not_asked_gets_a_new_plan(attempts: list[Exception | int]) -> None:
    attempts[:] = [PlanOutdated("a1: changed"), 0]
    assert deployed() == (0, ["a1: changed; making a new plan"])
    attempts[:] = [PlanOutdated("a1: changed")] * 9
    with pytest.raises(PlanOutdated):
        deployed()
    attempts[:] = [Refused("a1: drift"), 0]
    with pytest.raises(Refused, match="drift"):
        deployed()


def test_a_lease_that_was_taken_after_reading_is_waited_for_when_asked(attempts: list[Exception | int]) -> None:
    attempts[:] = [Locked("a1: run r9"), 0]
    assert deployed(wait_lock="10m") == (0, ["a1: run r9; waiting for it"])
    attempts[:] = [Locked("a1: run r9"), 0]
    with pytest.raises(Locked):
        deployed()
