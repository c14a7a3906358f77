"""Whether the database server of others gives a service what it needs; judged by preflight too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from fatecloud.components.judging import ASK_OPERATOR, answer_of, finding
from fatecloud.components.mysql.database import CHARSET, Database
from fatecloud.components.mysql.external import PROBE
from fatecloud.model.check import Code, FactAbsent, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.owner import External
from fatecloud.model.remedy import DEPLOY, Ask, Remedy, Run, look

_DOWN = ("SERVICE_RESTARTING", "SERVICE_CRASHED", "SERVICE_FAILED")

UNREACHABLE = Code(
    "MYSQL_EXTERNAL_UNREACHABLE",
    "critical",
    "An external database takes no connection.",
    ("node", "database"),
    explains=_DOWN,
)
AUTH = Code("MYSQL_EXTERNAL_AUTH", "critical", "An external database refuses the account.", explains=_DOWN)
MISSING = Code("MYSQL_EXTERNAL_MISSING", "critical", "A database is not on the external server.", explains=_DOWN)
RIGHTS = Code("MYSQL_EXTERNAL_RIGHTS", "critical", "The account lacks rights on an external database.", explains=_DOWN)
SETTINGS = Code("MYSQL_EXTERNAL_SETTINGS", "warning", "An external database is not set as its service needs it.")


@service_check(UNREACHABLE, AUTH, MISSING, RIGHTS, SETTINGS, probe=PROBE, while_down=True, early=True)
def external_database(view: ServiceView) -> Iterator[Finding]:
    """The server answers on the service's node, and the account may do there what the service needs."""
    key = view.service.id.key
    mine = [one for one in view.desired.given if one.contribution.service == key]
    given = [
        (one.external, one.contribution) for one in mine if isinstance(one.contribution, Database) and one.external
    ]
    external, answer = given[0][0], answer_of(view, PROBE)
    if answer["ok"]:
        wanted = [one for _, one in given]
        yield from _objects(view, external, wanted, answer["databases"])
        yield from _settings(view, external, wanted, answer)
    elif answer["kind"] == "config":
        raise FactAbsent(f"probe {PROBE} of {key}: {answer['error']}")
    elif answer["kind"] in ("auth", "plugin"):
        yield _refused(view, external, answer)
    else:
        yield _unreachable(view, external, answer)


def _unreachable(view: ServiceView, external: External, answer: Mapping[str, Any]) -> Finding:
    by_hand = f"timeout 5 bash -c '</dev/tcp/{external.endpoint.host}/{external.endpoint.port}'"
    return finding(
        view,
        UNREACHABLE,
        f"{external.endpoint}: {answer['error']}",
        PROBE,
        cause="a firewall, a wrong address or port; or the server is down, full, or another program",
        remedy=(look(by_hand, view.facts.node), Ask("the server's operator", "let this node in, or say what is wrong")),
        expected="a login",
        got=str(answer["kind"]),
    )


def _refused(view: ServiceView, external: External, answer: Mapping[str, Any]) -> Finding:
    secret, plugin = external.password.name, answer["kind"] == "plugin"
    return finding(
        view,
        AUTH,
        f"account {external.user} at {external.endpoint}: {answer['error']}",
        PROBE,
        cause="FATE's drivers cannot log in in the way that is set for the account"
        if plugin
        else "the password in the vault is not the account's, or the account may not log in from this node",
        remedy=(Ask("the server's operator", "identify the account by mysql_native_password"),)
        if plugin
        else (
            Run(f"fatecloud secrets init --set {secret}", when="to enter the password"),
            replace(DEPLOY, when="then"),
        ),
        expected=f"a login with the secret {secret}",
        got=str(answer["kind"]),
    )


def _objects(
    view: ServiceView, external: External, wanted: list[Database], there: Mapping[str, Any]
) -> Iterator[Finding]:
    at = external.endpoint
    gone = [one.name for one in wanted if there[one.name]["exists"] is False]
    if gone:
        cause, names = "it was never made, or dropped", ", ".join(gone)
        yield finding(
            view, MISSING, f"{at} has no database {names}", PROBE, cause=cause, remedy=(ASK_OPERATOR,), expected=names
        )
    lacks = {one.name: there[one.name]["missing"] for one in wanted if one.name not in gone}
    if any(lacks.values()):
        unseen = any(there[name]["exists"] is None for name in lacks)
        yield finding(
            view,
            RIGHTS,
            f"account {external.user} at {at} lacks on "
            + "; on ".join(f"{name}: {', '.join(rights)}" for name, rights in lacks.items() if rights),
            PROBE,
            cause="they were never granted, or revoked"
            + (", or the database is missing: an account without rights cannot see which" if unseen else ""),
            remedy=(ASK_OPERATOR,),
            expected="; ".join(f"{one.name}: {', '.join(one.rights)}" for one in wanted if lacks.get(one.name)),
        )


def _settings(
    view: ServiceView, external: External, wanted: list[Database], answer: Mapping[str, Any]
) -> Iterator[Finding]:
    version, packet = str(answer["version"]), int(answer["packet"])
    product = "mariadb" if "mariadb" in version.lower() else "mysql"
    oldest = str(view.desired.release_of(view.service.id).minimum.get("mysql", {}).get(product, "0"))
    wrong, remedy = list[str](), list[Remedy]()
    if _numbers(version) < _numbers(oldest):
        wrong.append(f"version {version} is older than {product} {oldest}, the oldest that was seen to work")
        remedy.append(Ask("its operator", "run a newer server"))
    for one in wanted:
        charset = answer["databases"][one.name]["charset"]
        if charset and charset != CHARSET:
            wrong.append(f"the character set of {one.name} is {charset}, not {CHARSET}")
            remedy.append(Ask("its operator", f"run the SQL ALTER DATABASE `{one.name}` CHARACTER SET {CHARSET}"))
    needed = max(one.packet for one in wanted)
    if packet < needed:
        wrong.append(f"max_allowed_packet is {packet >> 10} KiB, less than the {needed >> 10} KiB of a large statement")
        remedy.append(Ask("its operator", f"set max_allowed_packet = {needed >> 20}M"))
    if wrong:
        symptom = f"{external.endpoint}: {'; '.join(wrong)}"
        yield finding(view, SETTINGS, symptom, PROBE, cause="the server has other defaults", remedy=tuple(remedy))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
