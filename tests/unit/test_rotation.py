"""A rotated secret reaches the files, restarts their readers only, and becomes current when the nodes hold it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from check_world import ENGINE, healthy_documents, observed
from check_world import the_desired as plain
from sessions import a_session, patch_deploy

from fatecloud.errors import RunError
from fatecloud.inventory import load as load_inventory
from fatecloud.model.event import Event
from fatecloud.model.finding import Report
from fatecloud.model.plan import Action, Plan, Stage
from fatecloud.plan.files import file_changes
from fatecloud.plan.real import real_hashes
from fatecloud.report.plan import plan_text
from fatecloud.vault import values as vault
from fatecloud.vault.changes import needs
from fatecloud.workflow import deploy, needed_secrets
from fatecloud.workflow.deploy_options import DeployOptions
from fatecloud.workflow.init import init_cluster
from fatecloud.workflow.needed_secrets import rotating, values_on_nodes
from fatecloud.workflow.secrets import SecretsFiles, rotate_secrets
from fatecloud.workflow.session import Session

ROTATED = "9999.mysql.fate_flow"
BUSY = Plan("demo", (Stage("stage 1", (Action("restart", "n1", "9999/flow@n1", "older"),)),), (), proof=("9999",))
IDLE = Plan("demo", (), (), proof=())


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """The two-party example with one secret in rotation, and neither store nor node."""
    monkeypatch.delenv("FATECLOUD_VAULT_PASSWORD_FILE", raising=False)
    init_cluster(tmp_path, "two-party")
    inventory = tmp_path / "inventory.yml"
    assert rotate_secrets(SecretsFiles(inventory), [ROTATED]) == (ROTATED,)
    cluster = load_inventory(inventory)
    monkeypatch.setattr(needed_secrets, "needed_secrets", lambda _desired: needs(cluster).names)
    wanted = replace(plain(), cluster=cluster)
    return a_session(inventory, wanted, tmp_path)


def test_files_get_the_next_value_where_there_is_one_and_both_are_hidden(session: Session) -> None:
    secrets = session.vault.secrets
    values = values_on_nodes(session.desired, secrets)
    assert rotating(session.desired, secrets) == (ROTATED,)
    assert values[ROTATED] == secrets.next[ROTATED] != secrets.current[ROTATED]
    assert {n: v for n, v in values.items() if n != ROTATED} == {
        n: v for n, v in secrets.current.items() if n != ROTATED
    }
    assert secrets.redact(f"{secrets.next[ROTATED]} {secrets.current[ROTATED]}") == "*** ***"
    session.access.logins._typed["a1", "ssh"] = session.vault._typed = "pa55word"
    assert "pa55word" not in repr(session)


def test_a_password_that_opens_a_node_keeps_its_current_value(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(needed_secrets, "needed_secrets", lambda _desired: ())
    secrets = session.vault.secrets
    assert rotating(session.desired, secrets) == ()
    assert values_on_nodes(session.desired, secrets)[ROTATED] == secrets.current[ROTATED]


def test_a_new_value_changes_a_file_without_changing_its_text() -> None:
    desired = plain()
    (conf, *_) = desired.files["a1"]
    desired = replace(desired, files={"a1": (conf,)})
    old, new = (real_hashes((conf,), {"x": value})[conf.path] for value in ("old", "new"))
    ours = {conf.path: {"sha256": old, "digest": conf.digest, "service": ENGINE}}
    seen = {conf.path: {"sha256": old, "mode": "0640"}}
    (change,) = file_changes(desired, "a1", {conf.path: new}, seen, ours, {})
    assert (change.kind, change.diff, change.drifted) == ("change", "", False)
    assert "      a secret in it has a new value" in plan_text(replace(BUSY, files=(change,))).splitlines()


class Ui:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def plan(self, plan: Plan) -> None: ...

    def report(self, report: Report) -> None: ...

    def say(self, text: str) -> None: ...


class Nodes:
    """A deploy's surroundings: a plan, and plays that succeed or not."""

    def __init__(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plan, self.fails, self.session = BUSY, False, session
        self.ui = Ui()
        patch_deploy(
            monkeypatch,
            load_session=lambda *_a, **_k: replace(session),
            observe=lambda *_a, **_k: observed(healthy_documents()),
            reading=lambda *_: {},
            plan_from=lambda *_: self.plan,
            refuse_or_wait=lambda *_a, **_k: None,
            _settled=lambda *_: Report("demo", 0.0, 0.0, 1, (), ()),
            judge_preflight=lambda *_: Report("demo", 0.0, 0.0, 1, (), ()),
            recorded=self.recorded,
        )

    @contextmanager
    def recorded(self, *_: Any) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(
            ansible=SimpleNamespace(play=self.play),
            events=self.ui,
            interruption=SimpleNamespace(check=lambda: None),
            outcome="",
        )

    def play(self, *_: Any, **_more: Any) -> None:
        if self.fails:
            raise RunError("a node failed")

    def deploy(self, *limit: str) -> None:
        wanted = DeployOptions(limit=limit, verify=False)
        deploy.deploy_cluster(self.session.options, wanted, self.ui, None)

    @property
    def in_rotation(self) -> tuple[str, ...]:
        return tuple(vault.load(self.session.options.inventory).next)


def test_a_deploy_that_succeeds_ends_the_rotation(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes, fresh = Nodes(session, monkeypatch), session.vault.secrets.next[ROTATED]
    nodes.deploy()
    assert nodes.in_rotation == ()
    assert vault.load(session.options.inventory).current[ROTATED] == fresh
    assert f"rotated: {ROTATED}" in [event.text for event in nodes.ui.events]


def test_a_deploy_that_fails_leaves_it_begun(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = Nodes(session, monkeypatch)
    nodes.fails = True
    with pytest.raises(RunError):
        nodes.deploy()
    assert nodes.in_rotation == (ROTATED,)


def test_a_deploy_of_some_nodes_does_not_end_it(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = Nodes(session, monkeypatch)
    nodes.deploy(next(iter(session.cluster.nodes)))
    assert nodes.in_rotation == (ROTATED,)
    assert any("still in rotation" in event.text for event in nodes.ui.events)


def test_one_that_was_killed_before_its_end_is_ended_by_the_next_deploy(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = Nodes(session, monkeypatch)
    nodes.plan = IDLE
    nodes.deploy()
    assert nodes.in_rotation == ()


def test_a_password_that_was_asked_for_is_hidden_like_those_in_the_vault(session: Session) -> None:
    session.access.logins._typed["n1", "become"] = 'asked "for'
    assert "asked" not in session.redact('sudo said: asked "for, and as JSON: asked \\"for')
