"""Whether flow's own account can use the database that flow is configured for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.components.judging import answer_of, apply_objects, finding, neighbour, verb
from fatecloud.components.mysql.check_external import external_database
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding

_EXPLAINED = ("database", "node", *(code.name for code in external_database.codes))
_DOWN = ("SERVICE_RESTARTING", "SERVICE_FAILED")

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

_BY_KIND = {
    "refused": REFUSED,
    "full": REFUSED,
    "auth": AUTH,
    "schema": SCHEMA,
    "timeout": HUNG,
    "database-timeout": HUNG,
    "lost": HUNG,
    "locked": HUNG,
}
_CAUSE = {
    REFUSED: "nothing listens there, a firewall refuses, or all its connections are in use",
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


def _trouble(view: ServiceView, answer: Mapping[str, Any], probe: str) -> Finding:
    code = _BY_KIND.get(str(answer["kind"]), UNUSABLE)
    where = answer.get("where", "")
    return finding(
        view,
        code,
        str(answer["error"]),
        probe,
        cause=_CAUSE[code],
        remedy=(_remedy(view, code, str(answer.get("engine"))), f"fatecloud explain {code.name}"),
        expected=f"a login at {where}" if where else "code 0 from flow's job list",
        got=str(answer["kind"]),
    )


def _remedy(view: ServiceView, code: Code, engine: str) -> str:
    """The command that helps with a managed database, else whom to ask for what."""
    if neighbour(view, "database") is not None:
        by_code = {
            REFUSED: verb(view, "start", "mysql"),
            **dict.fromkeys((AUTH, SCHEMA), apply_objects(view, "database")),
        }
        return by_code.get(code, verb(view, "restart", "mysql"))
    if engine == "sqlite":
        return verb(view, "restart")
    if code is AUTH:
        return "put the account's real password into the secrets file, then: fatecloud deploy"
    return "ask the database's operator"
