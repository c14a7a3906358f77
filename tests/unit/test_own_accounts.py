"""An account of a service's own that was changed by hand is found, and a deploy puts it right or a command does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from check_world import ENGINE, FRONT, Documents, healthy_documents, observed, report_of, the_desired

from fatecloud.model.accounts import own_name
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding
from fatecloud.model.own_accounts import differences
from fatecloud.model.remedy import DEPLOY, Run
from fatecloud.plan.make import make_plan

SECRETS = {"x": "secret"}


def with_own_accounts() -> Desired:
    """Each service of the first node has an account of its own."""
    desired = the_desired()
    nodes = dict(desired.cluster.nodes) | {"a1": replace(desired.node("a1"), service_user=None, service_group=None)}
    services = {
        key: replace(one, user=own_name(one.id), group=own_name(one.id)) if one.id.node == "a1" else one
        for key, one in desired.services.items()
    }
    return replace(desired, cluster=replace(desired.cluster, nodes=nodes), services=services)


DESIRED = with_own_accounts()
USER = DESIRED.services[ENGINE].user


def an_account(name: str, **changes: Any) -> dict[str, Any]:
    made = {"uid": 990, "gid": 990, "group": name, "home": "/nonexistent", "shell": "/usr/sbin/nologin", "groups": []}
    return made | changes


def changed(changes: dict[str, Any]) -> Any:
    def change(documents: Documents) -> None:
        users = {DESIRED.services[key].user for key in (ENGINE, FRONT)}
        documents["a1"]["users"] |= {name: an_account(name) for name in users}
        documents["a1"]["users"][USER] |= changes

    return change


def findings(changes: dict[str, Any]) -> list[Finding]:
    wrong = report_of(changed(changes), desired=DESIRED).findings
    return [one for one in wrong if one.code == "SERVICE_USER_CHANGED"]


def test_an_account_as_a_deploy_made_it_has_no_finding_and_nothing_to_do() -> None:
    assert findings({}) == []
    assert findings({"shell": "/bin/false"}) == []


@pytest.mark.parametrize(
    ("changes", "symptom", "remedy"),
    [
        ({"shell": "/bin/bash"}, "shell /bin/bash", (DEPLOY,)),
        ({"groups": ["mail", "news"]}, "groups mail, news", (DEPLOY,)),
        ({"groups": ["docker"]}, "groups docker", (Run(f"gpasswd -d {USER} docker", "a1", root=True),)),
        (
            {"groups": ["docker", "mail"]},
            "groups docker, mail",
            (Run(f"gpasswd -d {USER} docker", "a1", root=True), DEPLOY),
        ),
        ({"group": "users"}, "primary group users", (Run(f"usermod --gid {USER} {USER}", "a1", root=True),)),
        ({"home": "/home/x"}, "home /home/x", (Run(f"fatecloud stop {ENGINE}"), DEPLOY)),
    ],
    ids=["shell", "groups", "a group of root's", "a group of root's and another", "primary group", "home"],
)
def test_what_was_changed_is_named_with_the_command_that_repairs_it(
    changes: dict[str, Any], symptom: str, remedy: tuple[Any, ...]
) -> None:
    (found,) = findings(changes)
    assert found.id == f"SERVICE_USER_CHANGED@{ENGINE}"
    assert found.symptom == f"user {USER} has {symptom}"
    assert found.remedy == remedy


def test_an_account_that_the_operator_named_is_not_compared() -> None:
    def change(documents: Documents) -> None:
        documents["a1"]["users"]["app"] |= {"shell": "/bin/bash", "groups": ["docker"]}

    assert report_of(change).findings == ()


def planned(documents: Documents) -> list[str]:
    plan = make_plan(DESIRED, observed(documents), SECRETS, nodes=("a1",))
    lines = [action.reason for stage in plan.stages for action in stage.actions if action.service == "node"]
    return [line for line in lines if USER in line]


@pytest.mark.parametrize(
    ("changes", "state", "lines"),
    [
        ({}, "running", []),
        ({"shell": "/bin/bash"}, "running", [f"shell of user {USER}: /bin/bash"]),
        ({"groups": ["mail"]}, "running", [f"groups of user {USER}: mail"]),
        ({"home": "/home/x"}, "running", []),
        ({"home": "/home/x"}, "stopped", [f"home of user {USER}: /home/x"]),
    ],
    ids=["as made", "shell", "groups", "home while it runs", "home while it is stopped"],
)
def test_a_deploy_puts_right_what_it_can(changes: dict[str, Any], state: str, lines: list[str]) -> None:
    documents = healthy_documents()
    changed(changes)(documents)
    documents["a1"]["services"][ENGINE]["state"] = state
    assert planned(documents) == lines


@pytest.mark.parametrize("seen", [{}, {"shell": "/sbin/nologin", "home": "/nonexistent", "group": "x"}])
def test_facts_of_an_earlier_version_have_no_groups(seen: Mapping[str, object]) -> None:
    assert "groups" not in differences(seen)
