"""What can be wrong with a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.components.judging import answer_of, apply_objects, finding, verb
from fatecloud.components.mysql.check_external import external_database
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding

__all__ = ["connections", "external_database", "objects", "usable"]

HIGH_SHARE = 0.8

UNUSABLE = Code("MYSQL_UNUSABLE", "critical", "The database runs, but its administrator cannot log in.", ("node",))
SCHEMA_MISSING = Code("MYSQL_SCHEMA_MISSING", "critical", "A database that a service needs is not there.")
USER_MISSING = Code("MYSQL_USER_MISSING", "critical", "A service's account or its rights are not in the database.")
CONNECTIONS_HIGH = Code("MYSQL_CONNECTIONS_HIGH", "warning", "The database is close to its limit of connections.")


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
            remedy=(f"fatecloud logs {view.service.id.key}", verb(view, "restart")),
            expected="a login through the socket without a password",
            got=str(answer["kind"]),
        )


@service_check(SCHEMA_MISSING, USER_MISSING, component="mysql", after=("MYSQL_UNUSABLE",))
def objects(view: ServiceView) -> Iterator[Finding]:
    """Every database that a service needs is there, with its account and the account's rights."""
    there = answer_of(view, "mysql.admin")["databases"]
    wanted = view.service.facts["databases"]
    remedy = (apply_objects(view), "fatecloud check")
    gone = [one["name"] for one in wanted if not there[one["name"]]["schema"]]
    if gone:
        cause = "it was dropped, or the data directory was replaced"
        symptom, names = f"there is no schema {' and no schema '.join(gone)}", ", ".join(gone)
        yield finding(view, SCHEMA_MISSING, symptom, "mysql.admin", cause=cause, remedy=remedy, expected=names)
    wrong = {one["account"]: lack for one in wanted if (lack := _lack(one, there[one["name"]]))}
    if wrong:
        cause = "it was dropped or its rights were revoked, or the data directory was replaced"
        symptom = "; ".join(f"account {account}: {what}" for account, what in wrong.items())
        got = ", ".join(wrong.values())
        yield finding(view, USER_MISSING, symptom, "mysql.admin", cause=cause, remedy=remedy, got=got)


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
                "raise `max_connections` of mysql in the inventory, then: fatecloud deploy",
                *(f"fatecloud restart {one['service']}" for one in view.service.facts["databases"]),
            ),
            expected=f"at most {HIGH_SHARE:.0%}",
            got=f"{used / limit:.0%}",
        )
