"""What can be wrong with a database."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import answer_of, apply_objects, finding, verb
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding

HIGH_SHARE = 0.8

UNUSABLE = Code("MYSQL_UNUSABLE", "critical", "The database runs, but its administrator cannot log in.", ("node",))
SCHEMA_MISSING = Code("MYSQL_SCHEMA_MISSING", "critical", "Flow's schema is not in the database.")
USER_MISSING = Code("MYSQL_USER_MISSING", "critical", "Flow's account or its rights are not in the database.")
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
    """Schema, account and rights of flow are there."""
    answer = answer_of(view, "mysql.admin")
    schema, account = view.service.facts["database"], view.service.facts["account"]
    remedy = (apply_objects(view), "fatecloud check")
    if not answer["schema"]:
        cause = "it was dropped, or the data directory was replaced"
        symptom = f"there is no schema {schema}"
        yield finding(view, SCHEMA_MISSING, symptom, "mysql.admin", cause=cause, remedy=remedy, expected=schema)
    if not answer["account"] or not answer["rights"]:
        what = f"no rights on {schema}" if answer["account"] else "missing"
        cause = "it was dropped or its rights were revoked, or the data directory was replaced"
        symptom = f"account {account}: {what}"
        yield finding(view, USER_MISSING, symptom, "mysql.admin", cause=cause, remedy=remedy, got=what)


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
            cause="other programs use this database too, or flow's connections pile up",
            remedy=(
                "raise `max_connections` of mysql in the inventory, then: fatecloud deploy",
                verb(view, "restart", "flow"),
            ),
            expected=f"at most {HIGH_SHARE:.0%}",
            got=f"{used / limit:.0%}",
        )
