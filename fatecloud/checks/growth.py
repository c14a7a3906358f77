"""What a process uses more and more of, until it reaches a limit: descriptors and threads, of every service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from fatecloud.checks.service import finding, manage
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.duration import duration_text
from fatecloud.model.finding import Finding
from fatecloud.model.samples import Sample, seconds_until, slope

DAY = 86400.0
HORIZON = 7 * DAY
"""Seconds: long enough to choose a time for a restart."""
SPAN = 6 * 3600.0
"""Seconds that samples must span: a job takes more for an hour or two, and then returns it."""
FULL = 0.9
"""Part of a limit that is an alarm by itself."""
STACK = 1 << 20
"""Bytes of a node's memory for each thread."""

DESCRIPTORS = Code(
    "SERVICE_DESCRIPTORS",
    "warning",
    "A service's process has nearly as many open files and connections as it may have, or will have within days.",
    settles=False,
    underlies=True,
)
THREADS = Code(
    "SERVICE_THREADS",
    "warning",
    "A service's process has nearly as many threads as it may have, or will have within days.",
    settles=False,
    underlies=True,
)
_UP = ("MANIFEST_ABSENT", "SERVICE_ABSENT", "SERVICE_STOPPED", "SERVICE_FAILED", "SERVICE_RESTARTING")


def of_this_run(view: ServiceView, name: str) -> tuple[Sample, ...]:
    """The samples of a value since the service's process began."""
    since = view.state.get("since") or 0.0
    return tuple(sample for sample in view.history(name) if sample.time >= since)


def taken(view: ServiceView) -> Mapping[str, float]:
    """What the main process has now: the samples of both checks, kept once."""
    main = view.state.get("main") or {}
    return {name: float(main[name]) for name in ("fds", "threads") if main.get(name) is not None}


@service_check(DESCRIPTORS, after=_UP, samples=taken)
def descriptors(view: ServiceView) -> Iterator[Finding]:
    """The main process will not run out of descriptors within days."""
    allowed = (view.state.get("main") or {}).get("files")
    # A unit that was changed by hand may allow fewer than ours.
    limit = float(min(view.service.needs.descriptors, allowed or view.service.needs.descriptors))
    yield from _near(view, DESCRIPTORS, "fds", limit, "open files and connections", "it does not close what it opens")


@service_check(THREADS, after=_UP)
def threads(view: ServiceView) -> Iterator[Finding]:
    """The main process will not run out of threads, or the node of memory for them, within days."""
    memory = view.facts.fact("memory").value or {}
    # Software whose pools have fewer says so.
    own = float(view.service.facts.get("threads", view.service.process.nproc))
    limit = min(own, float(view.service.process.nproc), memory.get("total", 1 << 60) / STACK)
    yield from _near(
        view, THREADS, "threads", limit, "threads", "threads wait for what never comes, or are never ended"
    )


def _near(view: ServiceView, code: Code, name: str, limit: float, what: str, cause: str) -> Iterator[Finding]:
    now, samples = taken(view).get(name), of_this_run(view, name)
    left = seconds_until(samples, limit, span=SPAN)
    full = now is not None and now >= FULL * limit
    if now is None or not (full or (left is not None and left < HORIZON)):
        return
    rate = slope(samples)
    yield finding(
        view,
        code,
        f"it has {now:.0f} {what}, and may have {limit:.0f}"
        + ("" if full or left is None else f": so many in about {duration_text(left)}"),
        cause=cause,
        remedy=(replace(manage(view, "restart"), when="when no job runs"),),
        expected=f"less than {FULL:.0%} of {limit:.0f}, for at least {duration_text(HORIZON)}",
        got=f"{now:.0f}",
        evidence=(f"{rate * DAY:.0f} more a day",) if rate and rate > 0 else (),
        source="fact services, now and earlier",
    )
