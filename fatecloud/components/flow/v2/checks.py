"""What can be wrong with flow's own API, scheduler and jobs. Its database and broker have modules of their own."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.flow.v2.check_broker import BROKER_AUTH, BROKER_REFUSED, BROKER_RIGHTS, broker
from fatecloud.components.flow.v2.check_database import DATABASE_CODES, cores, database
from fatecloud.components.flow.v2.check_sites import APPS_WRONG, AUTH_REFUSED, CLOCK_BEHIND, apps, signatures
from fatecloud.components.flow.v2.exposures import AUTH, exposures
from fatecloud.components.judging import answer_of, finding, logs, reached_again, verb
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PUT_BACK, REDEPLOY, Ask, Edit, logs_of_service, look

__all__ = [
    "APPS_WRONG",
    "AUTH",
    "AUTH_REFUSED",
    "BROKER_AUTH",
    "BROKER_REFUSED",
    "BROKER_RIGHTS",
    "CLOCK_BEHIND",
    "api",
    "apps",
    "broker",
    "computing",
    "cores",
    "database",
    "exposures",
    "jobs",
    "provider",
    "proxy",
    "routes",
    "scheduler",
    "signatures",
    "version",
]

STALLED_SECONDS = 90.0
WAITING_SECONDS = 600.0
# As in Python's logging.
_INFO = 20
"""The level of the scheduler's line."""
_DATABASE = tuple(code.name for code in DATABASE_CODES)

API_DOWN = Code("FLOW_API_DOWN", "critical", "Flow listens, but its API does not answer as flow does.", ("node",))
VERSION_WRONG = Code("FLOW_VERSION_WRONG", "critical", "Flow's version is not the release's.")
PROVIDER_MISSING = Code(
    "FLOW_PROVIDER_MISSING", "critical", "Flow has not registered FATE's algorithms in the right version."
)
STALLED = Code(
    "FLOW_SCHEDULER_STALLED", "critical", "Flow's scheduler has stopped working.", ("node", "database", *_DATABASE)
)
ROUTE_MISSING = Code(
    "FLOW_ROUTE_MISSING",
    "critical",
    "Flow's table of brokers lacks a party or has another address.",
    ("configuration",),
    settles=False,
)
COMPUTING_DOWN = Code(
    "FLOW_COMPUTING_DOWN",
    "critical",
    "Flow's node cannot reach the clustermanager, from which each task gets its workers.",
    ("computing", "node"),
)
PROXY_DOWN = Code("FLOW_PROXY_DOWN", "critical", "Flow cannot reach its own party's proxy.", ("proxy", "node"))
JOBS_WAITING = Code("FLOW_JOBS_WAITING", "warning", "A job has been waiting for cores for a long time.")


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
            expected="code 0 from GET /v2/server/fateflow",
            got=str(answer["kind"]),
        )


@service_check(VERSION_WRONG, component="flow", after=("FLOW_API_DOWN",))
def version(view: ServiceView) -> Iterator[Finding]:
    """Flow reports the version that the release has."""
    wanted, reported = view.service.facts["version"], answer_of(view, "flow.api").get("version", "")
    if reported != wanted:
        yield finding(
            view,
            VERSION_WRONG,
            f"flow reports version {reported or 'none'}",
            "flow.api",
            cause="another release was deployed, or packages in the environment were changed by hand",
            remedy=(*REDEPLOY, verb(view, "restart")),
            expected=wanted,
            got=reported,
        )


@service_check(PROVIDER_MISSING, component="flow", after=("FLOW_API_DOWN", *_DATABASE))
def provider(view: ServiceView) -> Iterator[Finding]:
    """Flow has registered FATE's algorithms."""
    answer = answer_of(view, "flow.api")
    wanted = view.service.facts["provider"]
    if answer["ok"] and wanted not in answer["providers"]:
        got = ", ".join(answer["providers"]) or "none"
        yield finding(
            view,
            PROVIDER_MISSING,
            f"no provider fate {wanted} is registered",
            "flow.api",
            cause="pyfate could not be imported when flow started, or is of another version",
            remedy=(logs(view, "provider"), verb(view, "restart")),
            expected=f"fate {wanted}",
            got=got,
        )


@service_check(STALLED, component="flow", after=("FLOW_API_DOWN", *_DATABASE))
def scheduler(view: ServiceView) -> Iterator[Finding]:
    """The scheduler has written its line a short time ago; the stamp inside the line counts, not the file's."""
    if view.service.facts["log_level"] > _INFO:
        return  # its log level suppresses this line
    answer = answer_of(view, "flow.schedule")
    if answer["ok"] and answer["age"] <= STALLED_SECONDS:
        return
    symptom = f"its last line is {answer['age']:.0f} s old" if answer["ok"] else str(answer["error"])
    yield finding(
        view,
        STALLED,
        symptom,
        "flow.schedule",
        cause="the disk of its log is full, or a call to its database or a peer never returned",
        remedy=(logs(view), verb(view, "restart")),
        expected=f"a line every 2 s, none older than {STALLED_SECONDS:.0f} s",
        got=symptom,
        evidence=(answer["last_error"],) if answer.get("last_error") else (),
    )


@service_check(ROUTE_MISSING, component="flow")
def routes(view: ServiceView) -> Iterator[Finding]:
    """The table that tasks read holds every party's broker."""
    wanted: dict[str, str] = view.service.facts["routes"]
    if not wanted:
        return
    answer = answer_of(view, "flow.broker")
    there: dict[str, str] = answer["routes"]
    wrong = sorted(party for party, endpoint in wanted.items() if there.get(party) != endpoint)
    if wrong:
        yield finding(
            view,
            ROUTE_MISSING,
            f"no good route to the broker of party {', '.join(wrong)}",
            "flow.broker",
            cause=str(answer.get("routes_error", "the table was changed by hand since it was deployed")),
            # The table is a file of ours: only an edit by hand makes it another one.
            remedy=PUT_BACK,
            expected=", ".join(f"{party} {wanted[party]}" for party in wrong),
            got=", ".join(f"{party} {there.get(party, 'absent')}" for party in wrong),
            evidence=(view.service.facts["route_table"],),
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
                expected="its settings, by EggRoll's command nodeMetaInfo",
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
        yield finding(
            view,
            JOBS_WAITING,
            f"job {first['job']} has been waiting for {first['age'] / 60:.0f} min; {answer['waiting']} wait in total",
            "flow.jobs",
            cause="it asks for more cores than are free, here or at a partner; all later jobs wait behind it",
            remedy=(
                logs(view, "'apply resource failed'"),
                Ask("who submitted the job", "stop it"),
                Edit("raise `computing.cores` of flow, then deploy", instead=True),
            ),
            expected=f"no job waits longer than {WAITING_SECONDS / 60:.0f} min",
            got=f"{first['age']} s",
            evidence=tuple(f"{job['job']} {job['role']} {job['age']} s" for job in old[:10]),
        )
