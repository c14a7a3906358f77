"""Sessions for tests: a real one without store and nodes, and a stand-in whose parts a test chooses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fatecloud.artifacts.store import Store
from fatecloud.model.desired import Desired
from fatecloud.workflow import departed, deploy, key, refusals, verify
from fatecloud.workflow.load import session_of
from fatecloud.workflow.options import Options
from fatecloud.workflow.phases import agree, change, finish, judge, read
from fatecloud.workflow.session import Session

_OF_A_DEPLOY = (deploy, read, judge, agree, change, finish, departed, key, refusals, verify)


def a_session(inventory: Path, desired: Desired, state: Path) -> Session:
    """A real session of a desired state."""
    return session_of(Options(inventory), desired, Store(state / "store"), state)


def stand_in(
    desired: Desired,
    *,
    current: Mapping[str, str] | None = None,
    connect: Callable[..., Any] = lambda *_: SimpleNamespace(close=lambda: None),
    ask: Callable[..., None] = lambda _: None,
    **more: Any,
) -> Any:
    """What verbs use of a session, with these values in its vault and no secret in rotation."""
    secrets = SimpleNamespace(lacks_key=False, current=dict(current or {}), next={}, missing=lambda _: ())
    return SimpleNamespace(
        **{
            "cluster": desired.cluster,
            "desired": desired,
            "resolved": desired,
            "options": Options(Path("inventory.yml")),
            "make_ready": lambda: None,
            "take": lambda _: None,
            "redact": str,
            "vault": SimpleNamespace(secrets=secrets, ask=lambda _: ""),
            "access": SimpleNamespace(connect=connect, logins=SimpleNamespace(ask=ask, typed={})),
            **more,
        }
    )


def patch_deploy(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Put stand-ins in the place of functions, wherever a phase of a deploy uses them."""
    for name, value in changes.items():
        modules = [module for module in _OF_A_DEPLOY if hasattr(module, name)]
        assert modules, name
        for module in modules:
            monkeypatch.setattr(module, name, value)
