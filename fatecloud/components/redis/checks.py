"""What can be wrong with a Redis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from fatecloud.components.judging import answer_of, as_service, finding, logs, verb
from fatecloud.components.redis.exposures import exposures
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.desired import DesiredService
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit, Remedy, Run, administrator, look

__all__ = ["append_only_file", "exposures", "login", "memory", "saved"]

NEARLY = 0.9
"""Share of its memory from which on Redis is called nearly full."""

AOF_BROKEN = Code(
    "REDIS_AOF_BROKEN",
    "critical",
    "The file in which Redis keeps all writes is damaged, so it does not start.",
    explains=("SERVICE_RESTARTING", "SERVICE_CRASHED", "SERVICE_FAILED", "SERVICE_STOPPED"),
)
PASSWORD_WRONG = Code(
    "REDIS_PASSWORD_WRONG", "critical", "The running Redis has another password than its configuration."
)
UNUSABLE = Code("REDIS_UNUSABLE", "critical", "Redis runs, and refuses to work.", ("node",))
MEMORY_FULL = Code("REDIS_MEMORY_FULL", "critical", "Redis' memory is full, and it refuses to keep more.")
MEMORY_HIGH = Code("REDIS_MEMORY_HIGH", "warning", "Redis' memory is nearly full, and it has nothing to drop.")
NOT_SAVED = Code("REDIS_NOT_SAVED", "critical", "Redis cannot write what it keeps to its disk.", ("node",))


@service_check(AOF_BROKEN, component="redis", while_down=True)
def append_only_file(view: ServiceView) -> Iterator[Finding]:
    """The file of all writes can be read."""
    damage = answer_of(view, "redis.login").get("damage")
    if damage:
        file = damage["file"]
        folder = f"{view.service.data}/db"
        yield finding(
            view,
            AOF_BROKEN,
            f"{file}: {damage['what']}",
            "redis.login",
            source="append-only file of Redis",
            cause="the disk was full, the node lost power in the middle of a write, or the file was edited",
            remedy=(
                as_service(view.service, f"cp -a {folder} {folder}.damaged"),
                as_service(view.service, f"sh -c 'yes | redis-check-aof --fix {file}'"),
                verb(view, "restart"),
            ),
            expected="a file that Redis can read",
            got="damaged",
        )


@service_check(PASSWORD_WRONG, UNUSABLE, component="redis", after=("REDIS_AOF_BROKEN",))
def login(view: ServiceView) -> Iterator[Finding]:
    """Redis takes the password of its configuration, and answers."""
    answer = answer_of(view, "redis.login")
    if answer["ok"]:
        return
    wrong = answer["kind"] == "password"
    yield finding(
        view,
        PASSWORD_WRONG if wrong else UNUSABLE,
        str(answer["error"]),
        "redis.login",
        cause="it was changed by hand in the running Redis, or it runs with another configuration"
        if wrong
        else "it still reads its data, or another program has its port",
        remedy=(verb(view, "restart"),)
        if wrong
        else (logs(view), replace(verb(view, "restart"), when="if it does not come up")),
        expected="a login with the password of its configuration",
        got=str(answer["kind"]),
    )


@service_check(MEMORY_FULL, MEMORY_HIGH, component="redis", after=("REDIS_PASSWORD_WRONG", "REDIS_UNUSABLE"))
def memory(view: ServiceView) -> Iterator[Finding]:
    """There is room, or something that may be dropped."""
    answer = answer_of(view, "redis.login")
    used, limit = int(answer["used_memory"]), int(answer["maxmemory"])
    if not limit or used < NEARLY * limit or _can_drop(answer):
        return
    full = used >= limit
    yield finding(
        view,
        MEMORY_FULL if full else MEMORY_HIGH,
        f"{used >> 20} of {limit >> 20} MiB are used, and it may drop nothing ({answer['maxmemory_policy']})",
        "redis.login",
        cause="its clients keep more than it has room for, without a time after which it expires",
        remedy=(Edit("raise `memory` of redis, or choose another `eviction`, then deploy"),),
        expected=f"less than {NEARLY:.0%}, or keys that may be dropped",
        got=f"{used / limit:.0%}; {answer['keys']} keys, {answer['expiring']} of them expire",
    )


@service_check(NOT_SAVED, component="redis", after=("REDIS_PASSWORD_WRONG", "REDIS_UNUSABLE"))
def saved(view: ServiceView) -> Iterator[Finding]:
    """What it keeps reaches its disk."""
    answer = answer_of(view, "redis.login")
    states = {name: answer.get(name) for name in ("aof_last_write_status", "aof_last_bgrewrite_status")}
    failed = [name for name, state in states.items() if state != "ok"]
    if failed or answer.get("aof_enabled") != "1":
        yield finding(
            view,
            NOT_SAVED,
            "it does not write what it keeps" if not failed else f"its last write failed: {', '.join(failed)}",
            "redis.login",
            cause="its disk is full or read only" if failed else "its file was switched off in the running Redis",
            remedy=_make_room(view) if failed else (_switch_on(view.service),),
            expected="appendonly on, last write ok",
            got=", ".join(f"{name} {state}" for name, state in states.items()),
        )


def _make_room(view: ServiceView) -> tuple[Remedy, ...]:
    node = view.service.id.node
    again = "make room, or repair the disk: Redis tries again by itself"
    return (look(f"df -h {view.service.data}", node), administrator(node, again))


def _switch_on(service: DesiredService) -> Run:
    """A restart would lose what is in memory only; this writes all of it down."""
    (port,) = service.ports
    # By a variable, because everyone can read the words of a command.
    password = rf'$(sed -n "s/^requirepass \"\(.*\)\"$/\1/p" {service.home}/conf/redis.conf)'
    switch = f"redis-cli -h {port.bind} -p {port.number} config set appendonly yes"
    return as_service(service, f"sh -c 'REDISCLI_AUTH=\"{password}\" {switch}'")


def _can_drop(answer: Mapping[str, Any]) -> bool:
    policy = str(answer["maxmemory_policy"])
    return policy.startswith("allkeys") or (policy.startswith("volatile") and answer["expiring"] > 0)
