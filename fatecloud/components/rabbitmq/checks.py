"""What can be wrong with a broker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fatecloud.components.judging import answer_of, apply_objects, as_service, finding, logs, verb
from fatecloud.components.rabbitmq.check_peers import LINK_DOWN, PEER_CODES, VERSION, links, peers, versions
from fatecloud.components.rabbitmq.exposures import PLAINTEXT, TASK_PASSWORD, exposures
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PLAN, administrator

__all__ = [
    "LINK_DOWN",
    "MONITOR_MISSING",
    "PEER_CODES",
    "PLAINTEXT",
    "TASK_PASSWORD",
    "VERSION",
    "account",
    "alarms",
    "api",
    "exposures",
    "links",
    "monitor",
    "peers",
    "plugins",
    "versions",
]

API_DOWN = Code(
    "RABBITMQ_API_DOWN", "critical", "The broker's management API does not answer.", ("node", "PORT_NOT_LISTENING")
)
ALARM = Code("RABBITMQ_ALARM", "critical", "The broker accepts no messages because memory or disk is short.", ("node",))
PLUGIN_MISSING = Code("RABBITMQ_PLUGIN_MISSING", "critical", "The broker runs without a plugin that FATE needs.")
USER_MISSING = Code("RABBITMQ_USER_MISSING", "critical", "The broker does not let flow's account in.")
USER_RIGHTS = Code("RABBITMQ_USER_RIGHTS", "critical", "Flow's account lacks rights in the broker.")
MONITOR_MISSING = Code(
    "RABBITMQ_MONITOR_MISSING", "critical", "The broker does not let fatecloud's own account read its state."
)
_UNREAD = ("RABBITMQ_API_DOWN", "RABBITMQ_MONITOR_MISSING")


@service_check(API_DOWN, component="rabbitmq")
def api(view: ServiceView) -> Iterator[Finding]:
    """The management API answers."""
    answer = answer_of(view, "rabbitmq.admin")
    if not answer["ok"]:
        yield finding(
            view,
            API_DOWN,
            str(answer["error"]),
            "rabbitmq.admin",
            cause="the plugin rabbitmq_management is off or failed, or the broker is still starting",
            remedy=(logs(view), verb(view, "restart")),
            expected="an answer from /api/whoami",
            got=str(answer["kind"]),
        )


@service_check(USER_MISSING, USER_RIGHTS, component="rabbitmq", after=("RABBITMQ_API_DOWN",))
def account(view: ServiceView) -> Iterator[Finding]:
    """Flow's account is an administrator with all rights: tasks create users, vhosts and queues."""
    known = answer_of(view, "rabbitmq.admin")["account"]
    if known["ok"]:
        return
    name = view.service.facts["account"]
    rights = known["kind"] == "rights"
    yield finding(
        view,
        USER_RIGHTS if rights else USER_MISSING,
        f"account {name}: {known['error']}",
        "rabbitmq.admin",
        cause="its tags or rights were taken away" if rights else "it was deleted or got another password",
        remedy=(apply_objects(view),),
        expected="administrator with .* .* .* in vhost /",
        got=", ".join(known.get("tags", ())) or str(known["error"]),
    )


@service_check(MONITOR_MISSING, component="rabbitmq", after=("RABBITMQ_API_DOWN",))
def monitor(view: ServiceView) -> Iterator[Finding]:
    """The account with which fatecloud reads the broker's state works."""
    known = answer_of(view, "rabbitmq.admin")["monitor"]
    if not known["ok"]:
        yield finding(
            view,
            MONITOR_MISSING,
            f"account {view.service.facts['monitor']}: {known['error']}",
            "rabbitmq.admin",
            cause="it was deleted, or got another password or tag: alarms, plugins and version were not read",
            remedy=(apply_objects(view),),
            expected="a login with the tag monitoring",
            got=str(known["error"]),
        )


@service_check(ALARM, component="rabbitmq", after=_UNREAD)
def alarms(view: ServiceView) -> Iterator[Finding]:
    """No alarm blocks senders."""
    answer = answer_of(view, "rabbitmq.admin")
    if answer["alarms"]:
        use = answer["use"]
        memory = f"memory {_mib(use['mem_used'])} of {_mib(use['mem_limit'])}"
        disk = f"disk {_mib(use['disk_free'])} free, {_mib(use['disk_free_limit'])} needed"
        yield finding(
            view,
            ALARM,
            f"alarm: {', '.join(answer['alarms'])}",
            "rabbitmq.admin",
            cause="the broker blocks every sender until the alarm clears, so tasks wait",
            remedy=(
                replace(as_service(view.service, f"{view.service.home}/bin/rabbitmqctl list_vhosts"), looks=True),
                administrator(view.facts.node, "make room in its memory or on its disk; vhosts of dead jobs fill both"),
            ),
            expected="no alarm",
            got=f"{memory}; {disk}",
        )


@service_check(PLUGIN_MISSING, component="rabbitmq", after=_UNREAD)
def plugins(view: ServiceView) -> Iterator[Finding]:
    """The running broker has the plugins that federation needs."""
    running = answer_of(view, "rabbitmq.admin")["plugins"]
    missing = [name for name in view.service.facts["plugins"] if name not in running]
    if missing:
        yield finding(
            view,
            PLUGIN_MISSING,
            f"not enabled: {', '.join(missing)}",
            "rabbitmq.admin",
            cause="it was switched off by hand, or the broker was started with another list",
            remedy=(PLAN, verb(view, "restart")),
            expected=", ".join(view.service.facts["plugins"]),
            got=", ".join(running) or "none",
        )


def _mib(number: int | None) -> str:
    return "?" if number is None else f"{number >> 20} MiB"
