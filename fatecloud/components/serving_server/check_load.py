"""Whether Serving's services take all requests that come."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import answer_of, finding, logs
from fatecloud.components.serving_server.probe_load import LATELY
from fatecloud.components.serving_server.want import ADMIN, LOAD
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, Edit, Remedy, look

__all__ = ["takes_requests"]

OVERLOADED = Code(
    "SERVING_OVERLOADED",
    "critical",
    "A service of Serving refuses requests: more come than it is allowed to take, or than it has threads for.",
    ("server", "proxy", "node", "JAVA_OUT_OF_MEMORY"),
)


@service_check(OVERLOADED, probe=LOAD, after=("SERVICE_HUNG",))
def takes_requests(view: ServiceView) -> Iterator[Finding]:
    """It refused no request lately, and has threads left for the next one."""
    answer = answer_of(view, LOAD)
    threads, most = answer["threads"], answer["most"]
    said = [f"it refused {answer['refused']} requests within {LATELY:.0f} s: {', '.join(answer['names'])}"]
    said = said if answer["refused"] else []
    full = threads >= most
    if full:
        said.append(f"all of its {most} threads are in use, and its queue is full")
    if said:
        yield finding(
            view,
            OVERLOADED,
            "; ".join(said),
            LOAD,
            source="log and threads of the service",
            cause="what it asks answers too slowly, or more requests come at once than it is made for"
            if full
            else "a limit on requests per second was set on the admin's page, or over its port",
            remedy=(*(() if full else _limits(view)), logs(view), Ask("the applications that use it", "send fewer")),
            expected="no request refused",
            got=f"{answer['refused']} refused, {threads} of {most} threads",
        )


def _limits(view: ServiceView) -> tuple[Remedy, ...]:
    """Where such a limit is seen and raised."""
    admin = any(s.id.component == ADMIN and s.id.owner == view.service.id.owner for s in view.desired.services.values())
    page = (look(f"fatecloud open {ADMIN} --party {view.service.id.owner}"),) if admin else ()
    rules = f"{view.service.home}/trees/{view.service.id.component}/.fate/flowRules.json"
    return (*page, Edit("raise the limit, then restart the service", rules, view.facts.node))
