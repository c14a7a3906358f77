"""With --limit a verb reads, judges, plans, locks and releases only these nodes."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from check_world import healthy_documents, observed, the_desired
from preflight_world import CLUSTER_ID
from sessions import patch_deploy, stand_in

from fatecloud.errors import Refused, RunError
from fatecloud.model.event import Event
from fatecloud.model.finding import Fix, Report
from fatecloud.model.node import Node
from fatecloud.model.observed import Observed, Unreachable
from fatecloud.model.plan import Plan
from fatecloud.model.selection import Selection
from fatecloud.plan.make import make_plan
from fatecloud.render.project import VAULT
from fatecloud.runner.outcome import Outcome
from fatecloud.workflow import ansible, deploy, leases, needed_secrets, preflight_session, services
from fatecloud.workflow.deploy_options import DeployOptions
from fatecloud.workflow.options import Options

SECRETS = {"x": "secret"}


def one_lost() -> Observed:
    documents = healthy_documents()
    del documents["a2"]
    return observed(documents, {"a2": Unreachable("a2", "NODE_UNREACHABLE", "does not answer")})


def test_a_plan_for_some_nodes_needs_the_others_not() -> None:
    plan = make_plan(the_desired(), one_lost(), SECRETS, nodes=("a1",))
    assert {action.node for stage in plan.stages for action in stage.actions} == {"a1"}
    assert not plan.proof
    with pytest.raises(RunError, match="a2: does not answer"):
        make_plan(the_desired(), one_lost(), SECRETS)


class Ui:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.reports: list[Report] = []

    def __call__(self, event: Event) -> None: ...

    def plan(self, plan: Plan) -> None:
        self.plans.append(plan)

    def report(self, report: Report) -> None:
        self.reports.append(report)

    def say(self, text: str) -> None: ...


class World:
    """A session whose node a2 must not be touched, and what was asked of the nodes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: Any) -> None:
        self.asked: list[tuple[str, Sequence[str]]] = []
        self.ui = Ui()
        desired = the_desired()
        session = stand_in(desired, current=SECRETS, connect=self.connect)
        monkeypatch.setattr(needed_secrets, "needed_secrets", lambda _desired: ())
        patch_deploy(
            monkeypatch,
            load_session=lambda *_a, **_k: session,
            refuse_or_wait=lambda *_a, **_k: None,
            wait_until_free=lambda *_: False,
            recorded=self.recorded,
            departed_notes=lambda _: (),
            remember_nodes=lambda *_: None,
            forget_emptied=lambda *_: None,
            ask_moved=lambda *_a, **_k: None,
            with_trials=lambda _session, seen, _deadline: seen,
        )
        monkeypatch.setattr(leases, "wait_until_free", lambda *_: False)
        if module is not deploy:
            monkeypatch.setattr(module, "load_session", lambda *_a, **_k: session)
            monkeypatch.setattr(module, "refuse_or_wait", lambda *_a, **_k: None)
            monkeypatch.setattr(module, "recorded", self.recorded)

    def connect(self, node: Any, _seconds: float = 0) -> Any:
        assert node.name == "a1"
        return SimpleNamespace(run=lambda *_a, **_k: SimpleNamespace(stdout=b""), close=lambda: None)

    def observe(self, _session: Any, *, nodes: Collection[str] = (), **_: Any) -> Observed:
        self.asked.append(("read", tuple(nodes)))
        return one_lost() if not nodes else replace(one_lost(), nodes={n: one_lost().nodes[n] for n in nodes})

    @contextmanager
    def recorded(self, *arguments: Any) -> Iterator[Any]:
        self.asked.append(("take", tuple(arguments[4])))
        yield SimpleNamespace(
            ansible=SimpleNamespace(play=lambda *_a, **_k: None),
            events=self.ui,
            interruption=SimpleNamespace(check=lambda: None),
            outcome="",
        )


def test_a_limited_deploy_works_while_another_node_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, deploy)
    patch_deploy(monkeypatch, observe=world.observe)
    options = Options(Path("inventory.yml"))
    assert deploy.deploy_cluster(options, DeployOptions(limit=("a1",)), world.ui, lambda _: True) == 0
    assert set(world.asked) == {("read", ("a1",)), ("take", ("a1",))}
    assert all(finding.subject.node == "a1" for report in world.ui.reports for finding in report.findings)


def test_a_job_that_started_while_the_operator_read_the_plan_stops_the_deploy_before_it_takes_a_node(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, order = World(monkeypatch, deploy), []
    patch_deploy(monkeypatch, observe=world.observe)

    def ask_for_jobs(*_: Any, **__: Any) -> None:
        order.append("jobs")
        if "question" in order:
            raise Refused("1 job would be interrupted")

    def confirm(_: str) -> bool:
        order.append("question")
        return True

    patch_deploy(monkeypatch, refuse_or_wait=ask_for_jobs)
    with pytest.raises(Refused, match="1 job would be interrupted"):
        deploy.deploy_cluster(Options(Path("inventory.yml")), DeployOptions(limit=("a1",)), world.ui, confirm)
    assert order == ["jobs", "question", "jobs"]
    assert {what for what, _ in world.asked} == {"read"}


def test_a_limited_deploy_goes_on_while_a_node_beyond_its_limit_answers_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, deploy)

    def read(session: Any, *, nodes: Collection[str] = (), **more: Any) -> Observed:
        documents = healthy_documents()
        documents["a1"]["connects"]["10.0.0.2:3306"] = {"ok": False, "kind": "timeout", "error": "no answer"}
        world.observe(session, nodes=nodes, **more)
        return replace(observed(documents), nodes={n: observed(documents).nodes[n] for n in nodes or documents})

    patch_deploy(monkeypatch, observe=read)
    options = Options(Path("inventory.yml"))
    assert deploy.deploy_cluster(options, DeployOptions(limit=("a1",)), world.ui, lambda _: True) == 0
    (finding,) = [f for report in world.ui.reports for f in report.findings if f.code == "PREFLIGHT_ROUTE_BLOCKED"]
    assert (finding.severity, finding.evidence) == ("warning", ("a2 was not read in this run, so it may be down",))
    with pytest.raises(Refused):
        deploy.deploy_cluster(options, DeployOptions(), world.ui, lambda _: True)


@pytest.mark.parametrize("limit", [("a1",), ()], ids=["limited", "whole"])
def test_a_deploy_by_a_second_name_of_a_machine_is_refused_untouched(
    monkeypatch: pytest.MonkeyPatch, limit: tuple[str, ...]
) -> None:
    world = World(monkeypatch, deploy)
    documents = healthy_documents()
    documents["a1"]["manifest"] |= {"id": CLUSTER_ID, "cluster": "demo", "node": "a2"}
    patch_deploy(
        monkeypatch,
        observe=lambda _s, nodes, **_: replace(
            observed(documents), nodes={n: observed(documents).nodes[n] for n in nodes or documents}
        ),
    )
    options = Options(Path("inventory.yml"))
    with pytest.raises(Refused):
        deploy.deploy_cluster(options, DeployOptions(limit=limit), world.ui, None)
    assert world.asked == []
    assert world.ui.plans == []
    assert "NODE_MISTAKEN" in {f.code for f in world.ui.reports[0].findings if f.severity == "critical"}
    with pytest.raises(Refused, match="a1: the machine is node a2, which the inventory has too"):
        make_plan(the_desired(), observed(documents), SECRETS, nodes=("a1",))


def test_a_restart_takes_the_nodes_of_its_services_only(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, services)
    monkeypatch.setattr(services, "observe", world.observe)
    services.act_on_services(
        Options(Path("inventory.yml")),
        "restart",
        Selection(nodes=("a1",)),
        world.ui,
        confirm=None,
        interrupt_jobs=True,
        wait_jobs=None,
        argv=(),
    )
    assert [(what, set(nodes)) for what, nodes in world.asked] == [("read", {"a1"}), ("take", {"a1"})]


def test_a_repair_holds_the_nodes_that_it_changes_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    took: list[Collection[str]] = []
    plays: list[tuple[str, Sequence[str]]] = []

    @contextmanager
    def recorded(*arguments: Any) -> Iterator[Any]:
        took.append(tuple(arguments[4]))
        yield SimpleNamespace(
            ansible=SimpleNamespace(play=lambda name, *_, limit=(): plays.append((name, limit))),
            interruption=SimpleNamespace(check=lambda: None),
        )

    monkeypatch.setattr(preflight_session, "recorded", recorded)
    monkeypatch.setattr(preflight_session, "read_when_free", lambda *_a, **_k: None)
    fixes = [Fix("sysctl", node, {"name": "net.core.somaxconn", "value": 4096}) for node in ("a1", "a2")]
    preflight_session._repair(SimpleNamespace(), Ui(), 0, fixes)  # type: ignore[arg-type]
    assert took == [("a1", "a2")]
    assert plays == [("lease.yml", ()), ("fix.yml", ["a1"]), ("fix.yml", ["a2"])]


def test_plays_stay_within_the_run_and_no_vault_outlives_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[tuple[str, Sequence[str]]] = []

    def play(_project: Path, playbook: str, *, limit: Sequence[str], **_: Any) -> Outcome:
        limits.append((playbook, limit))
        return Outcome("successful", 0, (), {}, {})

    def ask(nodes: Sequence[Node]) -> None:
        assert [node.name for node in nodes] == ["a1"]

    vault = tmp_path / "project" / VAULT
    vault.parent.mkdir(parents=True)
    monkeypatch.setattr(ansible, "project", lambda *_: vault.touch())
    monkeypatch.setattr(ansible, "run_playbook", play)
    session = stand_in(the_desired(), ask=ask, state=tmp_path)
    log: Any = SimpleNamespace(id="r1", directory=tmp_path, project=tmp_path / "project")
    interruption: Any = SimpleNamespace(event=threading.Event())
    with ansible.ansible_run(session, log, lambda _: None, interruption, {"a1"}) as run:
        run.play("converge.yml")
        assert vault.exists()
    assert not vault.exists()
    assert not (tmp_path / "variables.yml").exists()
    assert limits == [("converge.yml", ("a1",)), ("release.yml", ("a1",))]


def test_the_remedy_names_fixes_only_where_there_are_some(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, deploy)

    def taken(*_: Any, **__: Any) -> Observed:
        documents = healthy_documents()
        stranger: Mapping[str, Any] = documents["a1"]["listeners"][0] | {"pid": None, "process": None, "user": "bob"}
        documents["a1"]["listeners"][0] = stranger
        return observed(documents)

    patch_deploy(monkeypatch, observe=taken)
    with pytest.raises(Refused) as refusal:
        deploy.deploy_cluster(Options(Path("inventory.yml")), DeployOptions(), world.ui, None)
    assert "--fix" not in refusal.value.remedy
    (finding,) = [f for report in world.ui.reports for f in report.findings if f.code == "PREFLIGHT_PORT_TAKEN"]
    assert "user bob" in finding.symptom
    assert "None" not in " ".join((*finding.evidence, *map(str, finding.remedy)))
    assert any("ss -ltnp" in str(line) for line in finding.remedy)


def test_one_node_is_reported_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    world, reported = World(monkeypatch, deploy), []
    patch_deploy(monkeypatch, observe=world.observe)
    monkeypatch.setattr(Ui, "__call__", lambda _self, event: reported.append(event.text))
    deploy.deploy_cluster(Options(Path("inventory.yml")), DeployOptions(limit=("a1",)), world.ui, None)
    assert any(text.startswith("a1 matches the inventory") for text in reported)


def test_a_limited_deploy_says_that_it_looked_for_data_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    world, reported = World(monkeypatch, deploy), []
    patch_deploy(monkeypatch, observe=world.observe)
    patch_deploy(monkeypatch, starting_empty=lambda _desired, read: sorted(read))
    monkeypatch.setattr(Ui, "__call__", lambda _self, event: reported.append(event.text))
    deploy.deploy_cluster(Options(Path("inventory.yml")), DeployOptions(limit=("a1",)), world.ui, None)
    assert [text for text in reported if "searched for its data" in text] == [
        "a1 is new here; because of --limit, no other node was searched for its data"
    ]
