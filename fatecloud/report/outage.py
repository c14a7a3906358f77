"""What stopping a node would mean, as text and as a document."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.duration import duration_text
from fatecloud.model.outage import HitJob, Outage
from fatecloud.plain import plain
from fatecloud.report.commands import typed
from fatecloud.report.kinds.outage import OutageForecast
from fatecloud.report.wrap import wrapped

_VERDICTS = {
    0: "safe to stop: no one would miss anything",
    1: "not safe to stop: no job runs, but services would be missed",
    2: "not safe to stop: jobs run",
    3: "not known whether it is safe to stop",
}


def outage_text(outage: Outage, width: int) -> str:
    """The answer first, then its reasons, then how to go on."""
    lines = [line for text in _lines(outage) for line in wrapped(plain(text), width, "", "    ")]
    # A command is not wrapped, so that it can be copied.
    return "\n".join([*lines, *(typed(line) for line in _next(outage))])


def _lines(outage: Outage) -> Iterator[str]:
    yield f"{outage.node}: {_VERDICTS[outage.exit_status]}"
    yield f"would stop: {', '.join(outage.stops) or 'nothing of this cluster runs there'}"
    if outage.down:
        yield f"is down already: {', '.join(outage.down)}"
    yield from outage.spared
    for job in outage.jobs:
        yield f"job {_job(job)}"
    if outage.owners:
        yield f"could not work meanwhile: {', '.join(outage.owners)}"
    if outage.partners:
        yield f"no jobs meanwhile with: {', '.join(outage.partners)}"
    for hit in outage.hits:
        what = "could not work without" if hit.stops else "would miss"
        yield f"{hit.service} {what} {', '.join(hit.misses)}"
    if outage.stays_down:
        yield f"would not start at boot: {', '.join(outage.stays_down)}"
    yield from outage.runs
    yield from (f"not found out: {text}" for text in outage.unknown)


def _next(outage: Outage) -> Iterator[str]:
    if outage.stops:
        wait = " --wait-jobs 30m" if outage.jobs else ""
        yield f"to stop it:   fatecloud stop @{outage.node}{wait}"
        yield f"afterwards:   fatecloud start @{outage.node}"
        yield "              fatecloud check --wait-healthy"


def _job(job: HitJob) -> str:
    return f"{job.id} ({', '.join(job.sides)}; {job.status} for {duration_text(job.age)}, {job.partners})"


def outage_document(outage: Outage) -> OutageForecast:
    """The same for programs."""
    return {
        "node": outage.node,
        "exit_status": outage.exit_status,
        "safe": {0: True, 1: False, 2: False, 3: None}[outage.exit_status],
        "stops": list(outage.stops),
        "down": list(outage.down),
        "stays_down": list(outage.stays_down),
        "spared": list(outage.spared),
        "hits": [{"service": hit.service, "misses": list(hit.misses), "stops": hit.stops} for hit in outage.hits],
        "owners": list(outage.owners),
        "partners": list(outage.partners),
        "jobs": [
            {
                "id": job.id,
                "sides": list(job.sides),
                "status": job.status,
                "partners": job.partners,
                "age": round(job.age, 3),
            }
            for job in outage.jobs
        ],
        "runs": list(outage.runs),
        "unknown": list(outage.unknown),
    }
