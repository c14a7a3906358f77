"""Whether flow's account may do with the broker what a task has to do."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import answer_of, apply_objects, finding, neighbour, reached_again
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, Remedy

_EXPLAINED = ("broker", "node")

BROKER_REFUSED = Code("FLOW_BROKER_REFUSED", "critical", "Flow cannot reach its broker.", _EXPLAINED)
BROKER_AUTH = Code("FLOW_BROKER_AUTH", "critical", "The broker refuses flow's account.", _EXPLAINED)
BROKER_RIGHTS = Code("FLOW_BROKER_RIGHTS", "critical", "Flow's account lacks rights in the broker.", _EXPLAINED)


@service_check(BROKER_REFUSED, BROKER_AUTH, BROKER_RIGHTS, component="flow")
def broker(view: ServiceView) -> Iterator[Finding]:
    """Flow's account can log in to both the broker's management API and AMQP."""
    if not any(edge.kind == "broker" for edge in view.service.edges):
        return
    answer = answer_of(view, "flow.broker")
    code, symptom = _judged(answer)
    if code is None:
        return
    remedy: tuple[Remedy, ...]
    if code is BROKER_REFUSED:
        remedy = reached_again(view, "broker")
    elif neighbour(view, "broker") is not None:
        remedy = (apply_objects(view, "broker"),)
    else:
        remedy = (Ask("the broker's operator", f"why flow's account cannot use it ({symptom})"),)
    yield finding(
        view,
        code,
        symptom,
        "flow.broker",
        cause={
            BROKER_REFUSED: "the broker is down, still starting, or blocked by a firewall",
            BROKER_AUTH: "the password in flow's configuration is not the one that the broker has",
            BROKER_RIGHTS: "tasks create users, vhosts and queues, which needs an administrator with all rights",
        }[code],
        remedy=remedy,
        expected="an administrator with all rights in vhost /",
        got=symptom,
    )


def _judged(answer: dict[str, object]) -> tuple[Code | None, str]:
    """Which code an answer means, and its sentence."""
    amqp, management = answer.get("amqp"), answer.get("management")
    if not isinstance(amqp, dict) or not isinstance(management, dict):
        return BROKER_REFUSED, str(answer.get("error"))
    if amqp["ok"] and management.get("kind") == "auth":
        # The broker lets the account in by AMQP, so its password is right: it only lacks a tag.
        return BROKER_RIGHTS, "the account is not an administrator"
    for door in (amqp, management):
        if not door["ok"]:
            kind = {"auth": BROKER_AUTH, "rights": BROKER_RIGHTS}.get(door["kind"], BROKER_REFUSED)
            return kind, f"{door['where']}: {door['error']}"
    if "administrator" not in management["tags"]:
        return BROKER_RIGHTS, f"the account is not an administrator (tags: {', '.join(management['tags']) or 'none'})"
    if not management["full_rights"]:
        return BROKER_RIGHTS, "the account does not have all rights in vhost /"
    return None, ""
