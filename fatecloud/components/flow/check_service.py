"""What can be wrong with the API, the scheduler, the jobs and the ways of a flow of any generation."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.flow.check_database import DATABASE_CODES
from fatecloud.components.judging import answer_of, finding, logs, reached_again, verb
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, Edit, logs_of_service, look

STALLED_SECONDS = 90.0
WAITING_SECONDS = 600.0
# As in Python's logging.
_INFO = 20
"""The level of the scheduler's line."""
_DATABASE = tuple(code.name for code in DATABASE_CODES)

API_DOWN = Code("FLOW_API_DOWN", "critical", "Flow listens, but its API does not answer as flow does.", ("node",))
STALLED = Code(
    "FLOW_SCHEDULER_STALLED", "critical", "Flow's scheduler has stopped working.", ("node", "database", *_DATABASE)
)
COMPUTING_DOWN = Code(
    "FLOW_COMPUTING_DOWN",
    "critical",
    "Flow's node cannot reach EggRoll's managers, from which each task gets its workers.",
    ("computing", "node"),
)
PROXY_DOWN = Code("FLOW_PROXY_DOWN", "critical", "Flow cannot reach its own party's proxy.", ("proxy", "node"))
JOBS_WAITING = Code("FLOW_JOBS_WAITING", "warning", "A job has been waiting for its turn or for cores for a long time.")


@service_check(API_DOWN, component="flow")
def api(view: ServiceView) -> Iterator[Finding]:
    """Flow's API answers in flow's own format."""
    answer = answer_of(view, "flow.api")
    if not answer["ok"] and answer.get("stage") == "api":
        cause = "it runs with another token of its administrator than its settings have, or its user cannot read them"
        yield finding(
            view,
            API_DOWN,
            str(answer["error"]),
            "flow.api",
            cause=cause if answer["kind"] == "client-auth" else "",
            remedy=(logs(view), verb(view, "restart")),
            expected="flow's answer about itself",
            got=str(answer["kind"]),
        )


@service_check(STALLED, component="flow", after=("FLOW_API_DOWN", *_DATABASE))
def scheduler(view: ServiceView) -> Iterator[Finding]:
    """The scheduler has written its line a short time ago; the stamp inside the line counts, not the file's."""
    if view.service.facts["log_level"] > _INFO:
        return  # its log level suppresses this line
    answer, limit = answer_of(view, "flow.schedule"), view.service.facts.get("stalled", STALLED_SECONDS)
    if answer["ok"] and answer["age"] <= limit:
        return
    symptom = f"its last line is {answer['age']:.0f} s old" if answer["ok"] else str(answer["error"])
    yield finding(
        view,
        STALLED,
        symptom,
        "flow.schedule",
        source="log of flow's scheduler",
        cause="the disk of its log is full, or a call to its database or a peer never returned",
        remedy=(logs(view), verb(view, "restart")),
        expected=f"a line every {view.service.facts.get('beat', 2)} s, none older than {limit:.0f} s",
        got=symptom,
        evidence=(answer["last_error"],) if answer.get("last_error") else (),
    )


@service_check(PROXY_DOWN, component="flow")
def proxy(view: ServiceView) -> Iterator[Finding]:
    """Flow's node can reach the party's own proxy: all commands to other parties go through it."""
    for edge in view.service.edges:
        if edge.kind == "proxy" and not (answer := answer_of(view, "flow.proxy"))["ok"]:
            yield finding(
                view,
                PROXY_DOWN,
                f"{edge.source} -> {edge.target} at {edge.endpoint}: {answer['error']}",
                "flow.proxy",
                cause="the proxy is down, or a firewall blocks the connection from flow's node",
                remedy=(look(f"curl -m 5 http://{edge.endpoint}/", view.facts.node), *reached_again(view, "proxy")),
                expected=f"the proxy of party {view.service.id.owner}",
                got=str(answer["kind"]),
                about=edge.target,
            )


@service_check(COMPUTING_DOWN, component="flow")
def computing(view: ServiceView) -> Iterator[Finding]:
    """Flow's node can reach the clustermanager, where tasks run on EggRoll."""
    for edge in view.service.edges:
        if edge.kind == "computing" and not (answer := answer_of(view, "flow.computing"))["ok"]:
            yield finding(
                view,
                COMPUTING_DOWN,
                f"{edge.source} -> {edge.target} at {edge.endpoint}: {answer['error']}",
                "flow.computing",
                cause="the clustermanager is down, or a firewall blocks the connection from flow's node",
                remedy=(*reached_again(view, "computing"), logs_of_service(edge.target)),
                expected="an answer to a command of EggRoll's that needs no database",
                got=str(answer["kind"]),
                about=edge.target,
            )


@service_check(JOBS_WAITING, component="flow", after=("FLOW_API_DOWN", "FLOW_SCHEDULER_STALLED", *_DATABASE))
def jobs(view: ServiceView) -> Iterator[Finding]:
    """No job waits for ever: flow tries only the first one, so a job that is too large stops all behind it."""
    answer = answer_of(view, "flow.jobs")
    old = [job for job in answer.get("jobs", ()) if job["status"] == "waiting" and (job["age"] or 0) > WAITING_SECONDS]
    if old:
        first = max(old, key=lambda job: job["age"])
        # Flow 1.4 counts jobs, and has no setting for them.
        at_a_time = view.service.facts.get("at_a_time")
        reason = f"{at_a_time} jobs run at a time" if at_a_time else "it asks for more cores than are free"
        more = Edit("raise `computing.cores` of flow, then deploy", instead=True)
        yield finding(
            view,
            JOBS_WAITING,
            f"job {first['job']} has been waiting for {first['age'] / 60:.0f} min; {answer['waiting']} wait in total",
            "flow.jobs",
            cause=f"{reason}, here or at a partner; all later jobs wait behind it",
            remedy=(
                logs(view, "'host is busy'" if at_a_time else "'apply resource failed'"),
                Ask("who submitted the job", "stop it"),
                *(() if at_a_time else (more,)),
            ),
            expected=f"no job waits longer than {WAITING_SECONDS / 60:.0f} min",
            got=f"{first['age']} s",
            evidence=tuple(f"{job['job']} {job['role']} {job['age']} s" for job in old[:10]),
        )
