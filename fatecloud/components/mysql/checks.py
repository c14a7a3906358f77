"""What can be wrong with a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.components.judging import answer_of, apply_objects, fills_again, finding, logs, verb
from fatecloud.components.mysql.check_external import external_database
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import CHECK, Edit, Remedy, Run, administrator

__all__ = ["connections", "external_database", "objects", "usable"]

HIGH_SHARE = 0.8

UNUSABLE = Code("MYSQL_UNUSABLE", "critical", "The database runs, but its administrator cannot log in.", ("node",))
SCHEMA_MISSING = Code("MYSQL_SCHEMA_MISSING", "critical", "A database that a service needs is not there.")
USER_MISSING = Code("MYSQL_USER_MISSING", "critical", "A service's account or its rights are not in the database.")
CONNECTIONS_HIGH = Code(
    "MYSQL_CONNECTIONS_HIGH", "warning", "The database is close to its limit of connections.", underlies=True
)


@service_check(UNUSABLE, component="mysql")
def usable(view: ServiceView) -> Iterator[Finding]:
    """The service user can log in through the socket."""
    answer = answer_of(view, "mysql.admin")
    if not answer["ok"]:
        yield finding(
            view,
            UNUSABLE,
            str(answer["error"]),
            "mysql.admin",
            cause="the socket was removed, the administrator's account was changed, or the client program is gone",
            remedy=(logs(view), verb(view, "restart")),
            expected="a login through the socket without a password",
            got=str(answer["kind"]),
        )


@service_check(SCHEMA_MISSING, USER_MISSING, component="mysql", after=("MYSQL_UNUSABLE",))
def objects(view: ServiceView) -> Iterator[Finding]:
    """Every database that a service needs is there, with its account and the account's rights."""
    answer, wanted = answer_of(view, "mysql.admin"), view.service.facts["databases"]
    remedy = (apply_objects(view), CHECK)
    there = {one["account"]: _seen(one, answer) for one in wanted}
    gone = [one["name"] for one in wanted if not one.get("joined") and not there[one["account"]]["schema"]]
    if gone:
        cause = "it was dropped, or the data directory was replaced"
        symptom, names = f"there is no schema {' and no schema '.join(gone)}", ", ".join(gone)
        yield finding(
            view, SCHEMA_MISSING, symptom, "mysql.admin", cause=cause, remedy=_made_again(view, gone), expected=names
        )
    wrong = {one["account"]: lack for one in wanted if (lack := _lack(one, there[one["account"]]))}
    if wrong:
        cause = "it was dropped or its rights were revoked, or the data directory was replaced"
        symptom = "; ".join(f"account {account}: {what}" for account, what in wrong.items())
        got = ", ".join(wrong.values())
        yield finding(view, USER_MISSING, symptom, "mysql.admin", cause=cause, remedy=remedy, got=got)


def _seen(wanted: Mapping[str, Any], answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the server has of a database and an account."""
    found: Mapping[str, Any] = (
        answer["joined"][wanted["account"]] if wanted.get("joined") else answer["databases"][wanted["name"]]
    )
    return found


def _made_again(view: ServiceView, gone: list[str]) -> tuple[Remedy, ...]:
    """What makes databases again, and their tables. What was in them only a backup has."""
    users = dict.fromkeys(str(one["service"]) for one in view.service.facts["databases"] if one["name"] in gone)
    services = [view.desired.services[key] for key in users if key in view.desired.services]
    backup = administrator(view.facts.node, f"stop {', '.join(users)} and restore a backup", instead=True)
    return (apply_objects(view), *(one for service in services for one in fills_again(service)), CHECK, backup)


def _lack(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    """What an account lacks; empty if nothing."""
    missing = [right for right in wanted["rights"] if right not in there["rights"]]
    if not there["account"]:
        return "missing"
    if len(missing) == len(wanted["rights"]):
        return f"no rights on {wanted['name']}"
    return f"no right to {', '.join(missing)} on {wanted['name']}" if missing else ""


@service_check(CONNECTIONS_HIGH, component="mysql", after=("MYSQL_UNUSABLE",))
def connections(view: ServiceView) -> Iterator[Finding]:
    """There is room for more connections."""
    answer = answer_of(view, "mysql.admin")
    used, limit = answer["threads_connected"], answer["max_connections"]
    if used > HIGH_SHARE * limit:
        yield finding(
            view,
            CONNECTIONS_HIGH,
            f"{used} of {limit} connections are in use",
            "mysql.admin",
            cause="other programs use this server too, or a service's connections pile up",
            remedy=(
                Edit("raise `max_connections` of mysql, then deploy"),
                *(Run(f"fatecloud restart {one['service']}", instead=True) for one in view.service.facts["databases"]),
            ),
            expected=f"at most {HIGH_SHARE:.0%}",
            got=f"{used / limit:.0%}",
        )
