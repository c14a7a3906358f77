"""The play that deploy is measured against does the same work, by Ansible's own means alone."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from sessions import a_session
from small_cluster import PASSWORD, desired, file, node

from fatecloud.errors import Refused
from fatecloud.model.node import Node
from fatecloud.vault.file import Secret
from fatecloud.vault.values import SecretValues
from fatecloud.workflow import needed_secrets

_KEYWORDS = {"become", "become_user", "changed_when", "delay", "gather_facts", "hosts", "loop", "loop_control", "name"}
_KEYWORDS |= {"register", "retries", "tasks", "until", "vars", "when"}


def _plain_deploy() -> ModuleType:
    """The bench is not a package, so tests cannot import it."""
    path = Path(__file__).parents[1] / "bench" / "plain_deploy.py"
    spec = importlib.util.spec_from_file_location("plain_deploy", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


plain_deploy = _plain_deploy()


def prepare(where: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Path:
    wanted = desired(where, **changes)
    session = a_session(tmp_path / "inventory.yml", wanted, tmp_path)
    session.vault._values = SecretValues({PASSWORD: Secret("pa55word", None, "generated")})
    session.access.known_hosts.write_text("")
    monkeypatch.setattr(needed_secrets, "needed_secrets", lambda _desired: ())
    monkeypatch.setattr(session.store, "path", Path)
    monkeypatch.setattr(plain_deploy, "load_session", lambda *_a, **_k: session)
    plain_deploy.prepare(tmp_path / "inventory.yml", tmp_path / "plain", state=tmp_path, store=tmp_path)
    return tmp_path / "plain"


def test_every_file_of_a_service_is_placed_once_with_its_secret_filled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = node("/data/fate", become="root", service_user="app", service_group="app")
    secret = file("/data/fate/tiny-c3f9a2-9999-flow/conf/more/key", f"@@fatecloud:{PASSWORD}:json@@\n")
    project = prepare(where, tmp_path, monkeypatch, extra=(secret,))
    variables = yaml.safe_load((project / "host_vars" / "a1.yml").read_text())
    (service,) = variables["services"].values()
    placed = [item["path"] for item in service["files"]]
    written = project / "files" / "a1"
    assert sorted(placed) == sorted(f"/{path.relative_to(written)}" for path in written.rglob("*") if path.is_file())
    assert {"path": secret.path, "mode": "0640", "owner": "root", "group": "app"} in service["files"]
    copy = written / secret.path.lstrip("/")
    assert copy.read_text() == '"pa55word"\n'
    assert copy.stat().st_mode & 0o777 == 0o600
    made = [item["path"] for item in service["directories"]]
    assert made.index("/data/fate/tiny-c3f9a2-9999-flow") < made.index("/data/fate/tiny-c3f9a2-9999-flow/conf/more")


def test_a_node_that_the_play_is_not_written_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="a1: the plain play is for nodes with systemd"):
        prepare(node("/data/fate", become="none"), tmp_path, monkeypatch)


def test_nothing_of_ours_runs_in_it() -> None:
    used = {word for play in plain_deploy.PLAYS.rglob("*.yml") for word in _words(yaml.safe_load(play.read_text()))}
    assert "ansible.builtin.copy" in used
    assert {word for word in used - _KEYWORDS if not word.startswith("ansible.builtin.")} == set()


def _words(tasks: list[dict[str, Any]]) -> list[str]:
    return [word for task in tasks for word in [*task, *_words(task.get("tasks", []))]]
