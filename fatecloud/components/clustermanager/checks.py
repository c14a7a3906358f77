"""What can be wrong with a clustermanager."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from fatecloud.components.clustermanager.check_abandoned import sessions_end
from fatecloud.components.clustermanager.check_sessions import eggs_live, sessions_start
from fatecloud.components.clustermanager.exposures import exposures
from fatecloud.components.clustermanager.first_beat import CAUSE, INIT, after_a_pause
from fatecloud.components.clustermanager.want import DATABASE, STATE, WORKERS
from fatecloud.components.judging import answer_of, apply_objects, finding, logs, reached_again, verb
from fatecloud.components.mysql.check_external import external_database
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import OVERWRITE, PLAN, Ask, Remedy, Run, logs_of_service

__all__ = [
    "database",
    "eggs_live",
    "exposures",
    "heartbeats",
    "nodes",
    "regained",
    "sessions_end",
    "sessions_start",
    "strangers",
    "workers",
]

_DOWN = ("SERVICE_RESTARTING", "SERVICE_CRASHED", "SERVICE_FAILED")
_EXTERNAL = tuple(code.name for code in external_database.codes)

UNUSABLE = Code(
    "CLUSTERMANAGER_DATABASE",
    "critical",
    "The clustermanager's account cannot use EggRoll's database.",
    ("database", "node", *_EXTERNAL),
    explains=_DOWN,
)
LOST = Code(
    "CLUSTERMANAGER_DATABASE_LOST",
    "critical",
    "The clustermanager runs, and gets nothing from its database.",
    ("database", "node"),
)
NODE_MISSING = Code(
    "CLUSTERMANAGER_NODE_MISSING",
    "critical",
    "A nodemanager of the inventory gets no work, because the clustermanager does not count it as healthy.",
    ("worker", "node"),
    noted=True,
    # The manager itself works: what a nodemanager says about it has another reason.
    outward=True,
)
NODE_UNKNOWN = Code(
    "CLUSTERMANAGER_NODE_UNKNOWN",
    "warning",
    "The clustermanager gives work to a nodemanager that the inventory does not have.",
    ("worker", "NODEMANAGER_ADDRESS_WRONG"),
)
HEARTBEAT_LOST = Code(
    "CLUSTERMANAGER_HEARTBEAT_LOST",
    "critical",
    "A nodemanager counts as healthy although nothing was heard of it: sessions wait for eggs that no one starts.",
    ("worker", "node"),
    noted=True,
)
WORKER_SILENT = Code(
    "CLUSTERMANAGER_WORKER_SILENT",
    "critical",
    "A nodemanager does not answer the clustermanager's node, so no session can start eggs there.",
    ("worker", "node"),
)
_HEALTHY = "HEALTHY"
SILENCE = 60
"""Seconds without a heartbeat: EggRoll sends one every 10 s, and gives up a node after 20."""


@service_check(UNUSABLE, component="clustermanager", while_down=True)
def database(view: ServiceView) -> Iterator[Finding]:
    """A login with the clustermanager's own settings works. Without it, it ends some 15 s after its start."""
    answer = answer_of(view, DATABASE)
    if answer["ok"]:
        return
    kind = str(answer["kind"])
    yield finding(
        view,
        UNUSABLE,
        str(answer["error"]),
        DATABASE,
        cause={
            "auth": "the password in its settings is not the one that the database has, or the account is gone",
            "schema": "EggRoll's tables were never made or were dropped, or the account has no rights on them",
            "config": "its settings were changed by hand, or its user cannot read them",
        }.get(kind, "the database is down, frozen or full, or a firewall blocks the connection"),
        remedy=_database_remedies(view, kind),
        expected=f"a login at {answer.get('where', 'its database')}, and the table server_node",
        got=kind,
    )


def _database_remedies(view: ServiceView, kind: str) -> tuple[Remedy, ...]:
    if kind == "config":
        return (OVERWRITE,)
    if kind in ("auth", "schema"):
        return (apply_objects(view, "database"),)
    return reached_again(view, "database")


@service_check(LOST, component="clustermanager", after=("SERVICE_HUNG", "CLUSTERMANAGER_DATABASE"))
def regained(view: ServiceView) -> Iterator[Finding]:
    """What it says comes from its database."""
    answer = answer_of(view, STATE)
    if not answer["ok"] and answer["kind"] == "database":
        yield finding(
            view,
            LOST,
            str(answer["error"]),
            STATE,
            cause="its connections broke and it has not made new ones, or the database is slow",
            remedy=(logs(view), verb(view, "restart")),
            expected="the list of nodes within seconds",
            got="an answer to what needs no database, and none to what does",
        )


@service_check(NODE_MISSING, component="clustermanager", after=("SERVICE_HUNG", "CLUSTERMANAGER_DATABASE", LOST.name))
def nodes(view: ServiceView) -> Iterator[Finding]:
    """Each nodemanager of the inventory is on the list, and is healthy."""
    answer = answer_of(view, STATE)
    if not answer["ok"]:
        return
    states = {node["where"]: node["status"] for node in answer["nodes"]}
    expected: dict[str, str] = view.service.facts["nodes"]
    wrong = {key: states.get(where, "absent") for key, where in expected.items() if states.get(where) != _HEALTHY}
    if wrong:
        yield finding(
            view,
            NODE_MISSING,
            "; ".join(f"{key} at {expected[key]} is {status}" for key, status in wrong.items()),
            STATE,
            cause=CAUSE
            if set(wrong.values()) == {INIT}
            else "it is down or frozen, sends its heartbeats elsewhere, or they do not arrive",
            remedy=(
                *chain.from_iterable(_back_on_the_list(view, key, status) for key, status in wrong.items()),
                *map(logs_of_service, wrong),
            ),
            expected=f"{len(expected)} nodemanagers, all {_HEALTHY}",
            got=", ".join(dict.fromkeys(wrong.values())),
            about=" ".join(wrong),
        )


def _back_on_the_list(view: ServiceView, key: str, status: str) -> tuple[Remedy, ...]:
    """What makes a nodemanager with this status healthy."""
    if status == INIT:
        return after_a_pause(key, view.service.id.key)
    return (Run(f"fatecloud restart {key}"),)


@service_check(NODE_UNKNOWN, component="clustermanager", after=("SERVICE_HUNG", "CLUSTERMANAGER_DATABASE", LOST.name))
def strangers(view: ServiceView) -> Iterator[Finding]:
    """It gives work to nodemanagers of the inventory only."""
    answer = answer_of(view, STATE)
    if not answer["ok"]:
        return
    known = set(view.service.facts["nodes"].values())
    others = sorted({node["where"] for node in answer["nodes"] if node["status"] == _HEALTHY} - known)
    if others:
        yield finding(
            view,
            NODE_UNKNOWN,
            f"healthy, and not of the inventory: {', '.join(others)}",
            STATE,
            cause="a nodemanager was registered under another address than the inventory's, or is someone else's",
            remedy=(PLAN, Ask("who runs these", "point them to a clustermanager of their own")),
            expected=", ".join(sorted(known)),
            got=", ".join(others),
        )


@service_check(HEARTBEAT_LOST, component="clustermanager", after=(UNUSABLE.name,))
def heartbeats(view: ServiceView) -> Iterator[Finding]:
    """No nodemanager of the inventory counts as healthy without a heartbeat. EggRoll lets one with eggs do so."""
    answer = answer_of(view, DATABASE)
    known: dict[str, list[Any]] = answer["heartbeats"] if answer["ok"] else {}
    late = {
        key: known[where][1]
        for key, where in view.service.facts["nodes"].items()
        if where in known and known[where][0] == _HEALTHY and known[where][1] > SILENCE
    }
    if late:
        yield finding(
            view,
            HEARTBEAT_LOST,
            "; ".join(f"{key} counts as {_HEALTHY}, last heard of {age} s ago" for key, age in late.items()),
            DATABASE,
            cause="it is down or frozen, or its heartbeats do not arrive; EggRoll takes no node off its list while it "
            "believes that eggs run there",
            remedy=(*(Run(f"fatecloud restart {key}") for key in late), *map(logs_of_service, late)),
            expected=f"a heartbeat within {SILENCE} s",
            got=", ".join(f"{age} s" for age in late.values()),
            about=" ".join(late),
        )


@service_check(WORKER_SILENT, component="clustermanager")
def workers(view: ServiceView) -> Iterator[Finding]:
    """Each nodemanager answers the clustermanager's node."""
    answers = answer_of(view, WORKERS)["peers"]
    silent = {key: answer for key, answer in answers.items() if not answer["ok"]}
    if silent:
        yield finding(
            view,
            WORKER_SILENT,
            "; ".join(f"{key} at {answer['endpoint']}: {answer['error']}" for key, answer in silent.items()),
            WORKERS,
            cause="the nodemanager is down or frozen, or a firewall blocks the connection",
            remedy=(*(Run(f"fatecloud restart {key}") for key in silent), *map(logs_of_service, silent)),
            expected="an answer to a command of EggRoll's that needs no database",
            got=", ".join(dict.fromkeys(str(answer["kind"]) for answer in silent.values())),
            about=" ".join(silent),
        )
