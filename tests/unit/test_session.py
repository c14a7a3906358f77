"""What a session asks its operator, and when."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from sessions import a_session
from small_cluster import desired, node

from fatecloud.errors import SecretsError
from fatecloud.model.node import Ssh
from fatecloud.model.observed import Observed
from fatecloud.model.passwords import Prompt
from fatecloud.workflow import observe
from fatecloud.workflow.session import Session


@pytest.fixture
def session(tmp_path: Path) -> Session:
    asking = node(
        tmp_path, connection="ssh", ssh=Ssh("ops", password=Prompt()), become="root", become_password=Prompt()
    )
    wanted = desired(asking)
    return a_session(tmp_path / "inventory.yml", wanted, tmp_path)


def test_passwords_are_asked_for_once_and_before_the_nodes_are_read(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[str] = []

    def answer(question: str) -> str:
        questions.append(question)
        return "pa55word"

    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("getpass.getpass", answer)
    seen: list[list[str]] = []

    def gather(*_: object, **__: object) -> Observed:
        seen.append(list(questions))
        return Observed({}, 0.0)

    monkeypatch.setattr(observe, "gather", gather)
    observe.observe(session)
    observe.observe(session)
    assert seen == [["ssh password for a1: ", "become password for a1: "]] * 2


def test_a_missing_terminal_is_reported_before_anything_is_read(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: False))
    monkeypatch.setattr(observe, "gather", lambda *_a, **_k: pytest.fail("nodes were read"))
    with pytest.raises(SecretsError, match="no terminal"):
        observe.observe(session)
