"""What the role of every service asks its module for."""

from __future__ import annotations

import pytest
import yaml
from jinja2 import Environment

from fatecloud.shipped import folder

STATE = folder("playbooks") / "roles" / "service" / "tasks" / "state.yml"


@pytest.mark.parametrize(
    ("asked", "restarts", "state"),
    [
        ("started", [], "started"),
        ("started", ["shop/greeter@a1"], "restarted"),
        # A migration stops a service that the deploy restarts afterwards.
        ("stopped", ["shop/greeter@a1"], "stopped"),
        ("absent", ["shop/greeter@a1"], "absent"),
    ],
)
def test_a_service_is_restarted_only_where_it_is_to_run(asked: str, restarts: list[str], state: str) -> None:
    (task,) = yaml.safe_load(STATE.read_text())
    found = Environment(autoescape=False).from_string(task["fatecloud_service"]["state"])  # noqa: S701 - as Ansible does
    known = {"fatecloud_state": asked, "fatecloud_restarts": restarts, "fatecloud_service": {"key": "shop/greeter@a1"}}
    assert found.render(known) == state
