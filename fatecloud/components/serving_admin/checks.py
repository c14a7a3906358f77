"""What can be wrong with Serving's admin."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import answer_of, finding, logs, open_ports, verb
from fatecloud.components.serving_admin.v2.want import STATE
from fatecloud.components.serving_server.checks import HANGS
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PUT_BACK, Edit, administrator, look

UNUSABLE = Code(
    "SERVING_ADMIN_UNUSABLE",
    "critical",
    "What answers on the port of Serving's admin does not work as one.",
    ("registry", "node"),
)
LOGIN_REFUSED = Code(
    "SERVING_ADMIN_LOGIN_REFUSED",
    "critical",
    "Serving's admin refuses the account and password of its own settings.",
    ("FILE_DRIFTED", "FILE_MISSING", "RESTART_PENDING"),
)
ACCOUNT_SHIPPED = Code(
    "SERVING_ADMIN_ACCOUNT_SHIPPED",
    "critical",
    "Serving's admin takes the account and password that upstream ships.",
    explains=("FILE_DRIFTED", "FILE_MISSING", "SERVING_ADMIN_LOGIN_REFUSED"),
    settles=False,
)
VIEW_INCOMPLETE = Code(
    "SERVING_ADMIN_VIEW_INCOMPLETE",
    "warning",
    "Serving's admin does not show a service that is registered.",
    ("registry", "server", "proxy"),
)
OPEN = Code(
    "EXPOSURE_SERVING_ADMIN_OPEN",
    "exposure",
    "The page of Serving's admin, and its password, cross the network unencrypted.",
)


@service_check(ACCOUNT_SHIPPED, component="serving-admin", after=("SERVICE_HUNG",))
def account(view: ServiceView) -> Iterator[Finding]:
    """It takes no account that everyone knows."""
    if answer_of(view, STATE).get("shipped"):
        yield finding(
            view,
            ACCOUNT_SHIPPED,
            "it takes the account admin with the password that upstream ships",
            STATE,
            cause="its settings were changed by hand, or are missing",
            remedy=(*PUT_BACK, verb(view, "restart")),
            expected=f"the account {view.service.facts['account']} alone",
            got="a login as admin",
        )


@service_check(UNUSABLE, LOGIN_REFUSED, component="serving-admin", after=("SERVICE_HUNG", ACCOUNT_SHIPPED.name))
def usable(view: ServiceView) -> Iterator[Finding]:
    """It takes its own login and shows its list."""
    answer = answer_of(view, STATE)
    if answer["ok"] or answer["kind"] in HANGS:
        return
    refused = answer["kind"] == "login"
    yield finding(
        view,
        LOGIN_REFUSED if refused else UNUSABLE,
        str(answer["error"]),
        STATE,
        cause="it reads other settings than those that fatecloud wrote"
        if refused
        else "another program has its port, or it cannot read what is registered",
        remedy=(*PUT_BACK, verb(view, "restart"), logs(view)),
        expected="a login, and a list of services",
        got=str(answer["kind"]),
    )


@service_check(VIEW_INCOMPLETE, component="serving-admin", after=(UNUSABLE.name, LOGIN_REFUSED.name, "SERVICE_HUNG"))
def view_complete(view: ServiceView) -> Iterator[Finding]:
    """It shows each server and proxy at the end of its edges."""
    answer = answer_of(view, STATE)
    if not answer["ok"]:
        return
    shown = {where for found in answer["shown"].values() for where in found}
    targets = [edge.target for edge in view.service.edges if edge.kind in ("server", "proxy")]
    wanted = {
        key: next(iter(service.facts["registers"].values()))
        for key in targets
        if (service := view.desired.services.get(key))
    }
    missing = sorted(key for key, where in wanted.items() if where and where not in shown)
    if missing:
        yield finding(
            view,
            VIEW_INCOMPLETE,
            f"it does not show {', '.join(missing)}",
            STATE,
            cause="they are not registered, or it lost its own connection to ZooKeeper",
            remedy=(look("fatecloud check"), verb(view, "restart")),
            expected=", ".join(sorted(wanted[key] for key in missing)),
            got=", ".join(sorted(shown)) or "nothing",
            about=" ".join(missing),
        )


@service_check(OPEN, component="serving-admin", while_down=True)
def exposures(view: ServiceView) -> Iterator[Finding]:
    """Whether others than its own node reach its page."""
    for port in open_ports(view, "http"):
        yield Finding(
            OPEN.name,
            OPEN.severity,
            view.subject,
            f"its page at {port.bind}:{port.number} speaks without TLS, and its token never changes",
            cause="`bind` of serving-admin makes other nodes reach it",
            remedy=(
                Edit("leave `bind` out: `fatecloud open` leads there through SSH"),
                administrator(
                    view.facts.node,
                    f"let only administrators reach port {port.number}",
                ),
            ),
            source="inventory",
        )
