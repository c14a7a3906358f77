"""What can be wrong with a flow of 2.x: what its generations share, and its version, algorithms and brokers."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.flow.check_database import DATABASE_CODES, cores, database
from fatecloud.components.flow.check_service import api, computing, jobs, proxy, scheduler
from fatecloud.components.flow.v2.check_broker import BROKER_AUTH, BROKER_REFUSED, BROKER_RIGHTS, broker
from fatecloud.components.flow.v2.check_sites import APPS_WRONG, AUTH_REFUSED, CLOCK_BEHIND, apps, signatures
from fatecloud.components.flow.v2.exposures import exposures
from fatecloud.components.judging import answer_of, finding, logs, verb
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PUT_BACK, REDEPLOY

__all__ = [
    "APPS_WRONG",
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

_DATABASE = tuple(code.name for code in DATABASE_CODES)

VERSION_WRONG = Code("FLOW_VERSION_WRONG", "critical", "Flow's version is not the release's.")
PROVIDER_MISSING = Code(
    "FLOW_PROVIDER_MISSING", "critical", "Flow has not registered FATE's algorithms in the right version."
)
ROUTE_MISSING = Code(
    "FLOW_ROUTE_MISSING",
    "critical",
    "Flow's table of brokers lacks a party or has another address.",
    ("configuration",),
    settles=False,
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
