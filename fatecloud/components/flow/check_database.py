"""Whether flow's own account can use the database that flow is configured for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.components.judging import (
    answer_of,
    apply_objects,
    as_service,
    fills_again,
    finding,
    neighbour,
    reached_again,
    verb,
)
from fatecloud.components.mysql.check_external import external_database
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, Edit, Remedy

_EXPLAINED = ("database", "node", *(code.name for code in external_database.codes))
_DOWN = ("SERVICE_RESTARTING", "SERVICE_CRASHED", "SERVICE_FAILED", "SERVICE_HUNG")
"""Flow ends at its start without its database, and one that runs waits for it as long as that takes."""

REFUSED = Code(
    "FLOW_DATABASE_REFUSED", "critical", "Flow's database does not accept connections.", _EXPLAINED, explains=_DOWN
)
AUTH = Code("FLOW_DATABASE_AUTH", "critical", "Flow's database refuses flow's account.", _EXPLAINED, explains=_DOWN)
SCHEMA = Code(
    "FLOW_DATABASE_SCHEMA", "critical", "Flow's schema is missing or not accessible.", _EXPLAINED, explains=_DOWN
)
HUNG = Code("FLOW_DATABASE_HUNG", "critical", "Flow's database does not answer.", _EXPLAINED, explains=_DOWN)
UNUSABLE = Code(
    "FLOW_DATABASE_UNUSABLE",
    "critical",
    "Flow's database cannot be used.",
    (*_EXPLAINED, "DATA_NOT_THERE"),
    explains=_DOWN,
)
DATABASE_CODES = (REFUSED, AUTH, SCHEMA, HUNG, UNUSABLE)

CORES_LOST = Code(
    "FLOW_CORES_LOST", "warning", "Flow counts cores as taken that no job has, and gives them to none.", settles=False
)

_SQLITE = "SQLite file of flow"
_BY_KIND = {
    "refused": REFUSED,
    "dropped": REFUSED,
    "name": REFUSED,
    "full": REFUSED,
    "auth": AUTH,
    "schema": SCHEMA,
    "timeout": HUNG,
    "database-timeout": HUNG,
    "lost": HUNG,
    "locked": HUNG,
}
_CAUSE = {
    REFUSED: "nothing listens there, a firewall refuses or drops, or all its connections are in use",
    AUTH: "the password in flow's configuration is not the one that the database has, or the account is gone",
    SCHEMA: "the schema was never created or was dropped, or the account has no rights on it",
    HUNG: "the database's process is frozen, its disk is full, or another program locks it",
    UNUSABLE: "the file or server is there but damaged, read-only, or refuses for a reason of its own",
}


@service_check(*DATABASE_CODES, component="flow", while_down=True)
def database(view: ServiceView) -> Iterator[Finding]:
    """A full login with flow's own settings works, and flow returns its job list.

    Judged while flow is down as well: flow exits at its start when its database is not usable.
    """
    answer = answer_of(view, "flow.database")
    if not answer["ok"]:
        if not (answer.get("engine") == "sqlite" and answer["kind"] == "schema"):
            yield _trouble(view, answer, "flow.database")
        # A flow that has never run has no SQLite file yet; other checks report what keeps it from starting.
        return
    seen = answer_of(view, "flow.api")
    if not seen["ok"] and seen.get("stage") in ("database", "providers"):
        yield _trouble(view, seen, "flow.api")


@service_check(CORES_LOST, component="flow", after=tuple(code.name for code in DATABASE_CODES))
def cores(view: ServiceView) -> Iterator[Finding]:
    """The cores that are not free are those of jobs."""
    known: Mapping[str, int] = answer_of(view, "flow.database").get("cores") or {}
    lost = known["all"] - known["free"] - known["held"] if known else 0
    if lost > 0:
        yield finding(
            view,
            CORES_LOST,
            f"of {known['all']} cores {known['free']} are free, and jobs have {known['held']}: {lost} are lost",
            "flow.database",
            cause="a job was deleted while it had cores, or flow ended between taking them and noting it",
            remedy=_return_cores(view, int(lost)),
            expected=f"{known['all'] - known['held']} free",
            got=f"{known['free']} free",
        )


def _return_cores(view: ServiceView, lost: int) -> tuple[Remedy, ...]:
    """A start of flow does not count them again."""
    server, row = neighbour(view, "database"), view.service.facts["cores_row"]
    # Of the inventory, and a number.
    statement = (
        f"UPDATE {row['database']}.t_engine_registry SET f_remaining_cores = f_remaining_cores + {lost} "  # noqa: S608
        f"WHERE f_engine_type = 'computing' AND f_engine_name = '{row['engine']}'"
    )
    if server is None:
        return (Ask("the database's operator", f"run: {statement}"),)
    client = f"mariadb --no-defaults --socket={server.home}/run/mysqld.sock"
    return (as_service(server, f'{client} -e "{statement}"'),)


def _trouble(view: ServiceView, answer: Mapping[str, Any], probe: str) -> Finding:
    code = _BY_KIND.get(str(answer["kind"]), UNUSABLE)
    where = answer.get("where", "")
    return finding(
        view,
        code,
        str(answer["error"]),
        probe,
        source=_SQLITE if answer.get("engine") == "sqlite" else "",
        cause=_CAUSE[code],
        remedy=_remedy(view, code, answer),
        expected=f"a login at {where}" if where else "code 0 from flow's job list",
        got=str(answer["kind"]),
    )


def _remedy(view: ServiceView, code: Code, answer: Mapping[str, Any]) -> tuple[Remedy, ...]:
    """What helps with a managed database, else whom to ask for what."""
    if neighbour(view, "database") is not None:
        if code is REFUSED and answer["kind"] != "full":
            return reached_again(view, "database")
        if code not in (AUTH, SCHEMA):
            return (verb(view, "restart", "mysql"),)
        return (apply_objects(view, "database"), *(fills_again(view.service) if code is SCHEMA else ()))
    if answer.get("engine") == "sqlite":
        return (verb(view, "restart"),)
    if code is AUTH:
        return (Edit("put the account's real password there, then deploy", "the secrets file"),)
    return (Ask("the database's operator", "why flow cannot use it"),)
