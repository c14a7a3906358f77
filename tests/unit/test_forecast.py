"""A plan names all that a deploy would be refused for, and every node that could not be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from check_world import CONF, healthy_documents, observed, the_desired
from fake_transport import Call, FakeTransport
from sessions import stand_in

from fatecloud.errors import Refused, RunError, TransportError
from fatecloud.model.event import Event
from fatecloud.model.finding import Finding, Report, Subject
from fatecloud.model.forecast import Forecast
from fatecloud.model.observed import Fact, NodeFacts, Observed, Unreachable
from fatecloud.model.remedy import Edit, Run
from fatecloud.plan.make import make_plan
from fatecloud.transport.parallel import all_of
from fatecloud.workflow import forecast as module
from fatecloud.workflow import needed_secrets
from fatecloud.workflow.deploy_options import DeployOptions
from fatecloud.workflow.forecast import forecast_deploy
from fatecloud.workflow.options import Options

SECRETS = {"x": "secret"}
REPORT = Report("demo", 0.0, 0.0, 1, (), ())
FOREIGN = Finding(
    "PREFLIGHT_DIRECTORY_FOREIGN", "critical", Subject(node="a1"), "/data/fate is not ours", remedy=(Edit("choose"),)
)


class World:
    """A session over nodes that answer from a table."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.observed = observed(healthy_documents())
        self.report = REPORT
        self.monkeypatch = monkeypatch
        desired = the_desired()
        self.session = stand_in(
            desired,
            current=SECRETS,
            connect=lambda node: FakeTransport(node.name, self.answer),
            store=None,
            state=Path("/nowhere"),
            redact=lambda text: text.replace("secret", "***"),
        )
        monkeypatch.setattr(needed_secrets, "needed_secrets", lambda _desired: ())
        self.asked: list[Call] = []
        for name, value in {
            "load_session": lambda *_a, **_k: self.session,
            "stored": lambda *_: ({}, {}),
            "observe": lambda *_a, **_k: self.observed,
            "with_trials": lambda _session, seen, _deadline: seen,
            "judge_preflight": lambda *_: self.report,
            "moved_note": lambda *_: "",
            "refuse_example": lambda _: None,
            "departed_notes": lambda *_: ("a note",),
            "refuse_or_wait": lambda *_a, **_k: None,
        }.items():
            monkeypatch.setattr(module, name, value)

    def answer(self, call: Call) -> bytes:
        self.asked.append(call)
        return b'{"version": 1, "files": {"%s": {"rows": [["+", 1, "a secret line"]], "more": 0}}}' % CONF.encode()

    def forecast(self, **wanted: Any) -> Forecast:
        self.notes: list[str] = []
        return forecast_deploy(Options(Path("inventory.yml")), DeployOptions(**wanted), self.notes.append)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_a_deploy_that_would_go_ahead_is_refused_for_nothing(world: World) -> None:
    found = world.forecast(overwrite_drift=True)
    assert (found.refusals, found.exit_status, world.notes) == ((), 0, ["a note"])
    assert found.plan


def test_an_empty_store_and_a_foreign_directory_are_both_named_with_the_plan(world: World) -> None:
    world.monkeypatch.setattr(module, "stored", lambda *_: ({}, {"fate-2.2.0": "the store lacks torch"}))
    world.report = replace(REPORT, findings=(FOREIGN,))
    found = world.forecast(overwrite_drift=True)
    assert found.plan
    assert [(r.exit_status, r.message) for r in found.refusals] == [
        (1, "the store lacks torch"),
        (6, "1 problem must be solved first"),
    ]
    assert found.refusals[1].details == (
        "PREFLIGHT_DIRECTORY_FOREIGN  a1: /data/fate is not ours",
        "  in the inventory: choose",
    )
    assert found.exit_status == 1, "as the deploy, which comes upon it first"


def test_memory_that_is_short_is_a_note_beside_the_plan_and_refuses_nothing(world: World) -> None:
    short = Finding("PREFLIGHT_MEMORY", "warning", Subject(node="a1"), "3 GiB in all, about 4 GiB for 2 services: a, b")
    world.report = replace(REPORT, findings=(short,))
    assert world.forecast(overwrite_drift=True).refusals == ()
    assert world.notes == ["a note", "a1: 3 GiB in all, about 4 GiB for 2 services: a, b"]


def test_drift_is_shown_and_refused_unless_it_is_to_be_overwritten(world: World) -> None:
    documents = healthy_documents()
    documents["a1"]["files"][CONF]["sha256"] = "f" * 64
    world.observed = observed(documents)
    found = world.forecast()
    assert [r.exit_status for r in found.refusals] == [6]
    assert CONF in found.refusals[0].message
    assert found.plan
    (change,) = found.plan.drifted
    assert change.edited == "+a *** line", "what a node answers is redacted, too"
    assert world.forecast(overwrite_drift=True).refusals == ()


def test_a_difference_that_cannot_be_had_costs_no_plan(world: World) -> None:
    documents = healthy_documents()
    documents["a1"]["files"][CONF]["sha256"] = "f" * 64
    world.observed = observed(documents)
    world.session.access.connect = lambda node: FakeTransport(
        node.name, lambda _: TransportError("a1", "NODE_TIMEOUT", "slow")
    )
    found = world.forecast()
    assert found.plan
    assert [change.edited for change in found.plan.drifted] == ["not shown: a1: slow"]


def test_running_jobs_and_a_lease_of_others_are_refusals(world: World) -> None:
    def busy(*_: object, events: Any, **__: object) -> None:
        events(Event("note", "9999/flow@a1 does not answer"))
        raise Refused("1 job would be interrupted", remedy="--wait-jobs")

    world.monkeypatch.setattr(module, "refuse_or_wait", busy)
    lease = {"run": "r1", "owner": "ann@bank", "expires": 4e9, "controller": "other"}
    documents = healthy_documents()
    documents["a1"]["lease"] = lease
    world.observed = observed(documents)
    found = world.forecast(overwrite_drift=True)
    assert [r.exit_status for r in found.refusals] == [5, 6]
    assert "run r1 of ann@bank" in found.refusals[0].message
    assert "9999/flow@a1 does not answer" in world.notes


def lost(*names: str) -> Observed:
    nodes = {name: Unreachable(name, "NODE_UNREACHABLE", f"{name} is gone", (Run(f"repair {name}"),)) for name in names}
    return replace(observed(healthy_documents()), nodes=nodes)


def test_every_node_that_was_not_read_is_named() -> None:
    with pytest.raises(RunError) as caught:
        make_plan(the_desired(), lost("a1", "a2"), SECRETS)
    assert caught.value.message == "a1: a1 is gone\na2: a2 is gone"
    assert caught.value.remedy == "repair a1\nrepair a2"
    facts = {name: Fact(error="no right") for name in ("files", "services")}
    reading = observed(healthy_documents())
    nodes: Any = {n: NodeFacts(n, {**f.facts, **facts}, {}, 0.0) for n, f in reading.nodes.items()}  # type: ignore[union-attr]
    with pytest.raises(RunError) as caught:
        make_plan(the_desired(), replace(reading, nodes=nodes), SECRETS)
    assert caught.value.message == "\n".join(
        f"{node}: could not read files: no right; services: no right" for node in ("a1", "a2")
    )


def test_without_all_nodes_there_is_no_plan_and_the_status_is_that_of_a_deploy(world: World) -> None:
    world.observed = lost("a1", "a2")
    world.report = replace(
        REPORT,
        findings=tuple(Finding("NODE_UNREACHABLE", "critical", Subject(node=n), f"{n} is gone") for n in ("a1", "a2")),
    )
    found = world.forecast()
    assert (found.plan, found.exit_status) == (None, 6)
    assert found.refusals[0].details == ("NODE_UNREACHABLE  a1: a1 is gone", "NODE_UNREACHABLE  a2: a2 is gone")


def test_a_fact_that_a_plan_needs_and_does_not_have_is_named_beside_what_preflight_found(world: World) -> None:
    facts = world.observed.nodes["a1"].facts  # type: ignore[union-attr]
    broken = NodeFacts("a1", {**facts, "services": Fact(error="no systemd")}, {}, 0.0)
    world.observed = replace(world.observed, nodes={**world.observed.nodes, "a1": broken})
    world.report = replace(REPORT, findings=(FOREIGN,))
    found = world.forecast()
    assert [r.message for r in found.refusals][1:] == ["a1: could not read services: no systemd"]
    assert (found.plan, found.exit_status) == (None, 6)


def test_answers_of_all_nodes_or_an_error_that_names_those_without() -> None:
    one, two = (TransportError(n, "NODE_TIMEOUT", "slow", remedies=(Run("look"),)) for n in ("a1", "a2"))
    assert all_of({"a1": 1, "a2": 2}) == {"a1": 1, "a2": 2}
    with pytest.raises(TransportError, match="a1: slow"):
        all_of({"a1": one, "a2": 2})
    with pytest.raises(RunError) as caught:
        all_of({"a1": one, "a2": two, "a3": 3})
    assert (caught.value.message, caught.value.remedy) == ("a1: slow\na2: slow", "look")
