"""What can be wrong with a FATEBoard."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.board.want import FLOW, STATE
from fatecloud.components.judging import answer_of, finding, logs, reached_again, verb
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PUT_BACK, Edit, Remedy, logs_of_service, look

__all__ = ["account", "flow", "usable"]

UNUSABLE = Code("BOARD_UNUSABLE", "critical", "What answers on FATEBoard's port does not work as FATEBoard.", ("node",))
PAGE_MISSING = Code("BOARD_PAGE_MISSING", "critical", "FATEBoard answers its API and has no page for people.")
LOGIN_REFUSED = Code(
    "BOARD_LOGIN_REFUSED",
    "critical",
    "FATEBoard refuses the account and password of its own settings.",
    ("FILE_DRIFTED", "FILE_MISSING", "RESTART_PENDING"),
)
ACCOUNT_SHIPPED = Code(
    "BOARD_ACCOUNT_SHIPPED",
    "critical",
    "FATEBoard takes an account that everyone knows: upstream's own, or one without a name and a password.",
    # That the file was changed matters less than what may be done with it.
    explains=("FILE_DRIFTED", "FILE_MISSING"),
    settles=False,
)
FLOW_DOWN = Code("BOARD_FLOW_DOWN", "critical", "FATEBoard gets no answer from flow.", ("flow", "node"))
FLOW_SIGNED = Code(
    "BOARD_FLOW_SIGNED",
    "critical",
    "Flow takes signed requests only, and FATEBoard cannot sign as this flow expects it.",
    # Flow's settings, which were changed by hand.
    ("flow", "FILE_DRIFTED"),
)
MISDIRECTED = Code(
    "BOARD_MISDIRECTED",
    "critical",
    "The running FATEBoard shows the jobs of another flow than its party's, or asks where none is.",
    ("FILE_DRIFTED", "RESTART_PENDING"),
    settles=False,
    underlies=True,
)
JOBS_UNREADABLE = Code(
    "BOARD_JOBS_UNREADABLE",
    "critical",
    "Flow answers FATEBoard, and the list of jobs does not come.",
    ("flow", "FILE_DRIFTED", "RESTART_PENDING", "BOARD_DATABASE_REFUSED"),
)
_HANGS = ("timeout", "silent", "unanswered", "refused", "reset")
"""Kinds of answers that are for the checks of every service."""
_OLDER = "it runs with settings that were changed by hand, or with older ones"
_FLOW = {
    "flow": (FLOW_DOWN, "flow is down or frozen, or a firewall blocks the connection"),
    "signed": (
        FLOW_SIGNED,
        "client authentication was switched on in flow's settings, and FATEBoard has no key that this flow takes",
    ),
    "other": (MISDIRECTED, _OLDER),
    "unreached": (MISDIRECTED, _OLDER),
    "jobs": (
        JOBS_UNREADABLE,
        "flow does not reach its database, or FATEBoard has keys to sign with, which this flow does not know",
    ),
}
"""Kind of an answer -> what that means, and its cause."""


@service_check(ACCOUNT_SHIPPED, component="board", after=("SERVICE_HUNG",))
def account(view: ServiceView) -> Iterator[Finding]:
    """It takes no account that everyone knows."""
    answer = answer_of(view, STATE)
    for name in answer.get("shipped", ())[:1]:
        yield finding(
            view,
            ACCOUNT_SHIPPED,
            f"it takes the account {name} with the password that upstream ships",
            STATE,
            cause="its settings were changed by hand, or are missing: then those in its jar count, and their account",
            # It reads them again at each login.
            remedy=PUT_BACK,
            expected=f"{view.service.facts['works']} alone",
            got=f"a login as {name}",
        )


@service_check(UNUSABLE, PAGE_MISSING, LOGIN_REFUSED, component="board", after=("SERVICE_HUNG", ACCOUNT_SHIPPED.name))
def usable(view: ServiceView) -> Iterator[Finding]:
    """It shows its page and takes its own login."""
    answer = answer_of(view, STATE)
    if answer["ok"] or answer["kind"] in _HANGS:
        return
    if answer["kind"] == "page":
        yield finding(
            view,
            PAGE_MISSING,
            str(answer["error"]),
            STATE,
            cause="its jar was built without the front end, or another program has its port",
            remedy=(
                look("fatecloud release show"),
                Edit("import upstream's own archive of FATEBoard, then deploy", "the artifact store"),
            ),
            expected="HTTP 200 and FATEBoard's title",
            got=str(answer["answer"]),
        )
        return
    refused = answer["kind"] == "login"
    yield finding(
        view,
        LOGIN_REFUSED if refused else UNUSABLE,
        str(answer["error"]),
        STATE,
        cause="it reads other settings than those that fatecloud wrote"
        if refused
        else "another program has its port, or its settings cannot be read",
        remedy=(*PUT_BACK, verb(view, "restart"), logs(view)),
        expected=str(view.service.facts["works"]),
        got=str(answer["kind"]),
    )


@service_check(
    FLOW_DOWN,
    FLOW_SIGNED,
    MISDIRECTED,
    JOBS_UNREADABLE,
    component="board",
    after=("SERVICE_HUNG", UNUSABLE.name, LOGIN_REFUSED.name),
)
def flow(view: ServiceView) -> Iterator[Finding]:
    """Its party's flow answers it, and so does flow's list of jobs."""
    answer = answer_of(view, FLOW)
    if answer["ok"] or answer["kind"] in ("board", "config"):
        return
    edge = next(edge for edge in view.service.edges if edge.kind == "flow")
    code, cause = _FLOW[answer["kind"]]
    yield finding(
        view,
        code,
        f"{edge.source} -> {edge.target} at {edge.endpoint}: {answer['error']}",
        FLOW,
        cause=cause,
        remedy=_way_back(view, code, edge.target),
        expected=f"the jobs of the flow at {edge.endpoint}",
        got=str(answer["kind"]),
        about=edge.target,
    )


def _way_back(view: ServiceView, code: Code, flow_key: str) -> tuple[Remedy, ...]:
    if code == FLOW_DOWN:
        return (*reached_again(view, "flow"), logs_of_service(flow_key))
    if code == FLOW_SIGNED:
        return PUT_BACK
    if code == MISDIRECTED:
        return (*PUT_BACK, verb(view, "restart"))
    return (look(f"fatecloud check {flow_key}"), *PUT_BACK, verb(view, "restart"))
