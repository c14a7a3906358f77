"""Checks of the memory of a JVM, whatever service runs in it: used up, nearly used up, and used more and more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from fatecloud.checks.growth import DAY, HORIZON, SPAN, of_this_run
from fatecloud.checks.service import finding, manage, show_logs
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.duration import duration_text
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit, Remedy, administrator
from fatecloud.model.samples import seconds_until, slope
from fatecloud.model.sizes import size_text

FULL = 0.85
"""Part of a heap: with less left over, a JVM does little but collect."""
LATELY = 900.0
"""Seconds for which a collection of everything shows how the heap is now."""
_EXIT = "exit status 3"
"""How a JVM with `ExitOnOutOfMemoryError` ends."""
_ENDING = "Terminating due to"
"""Begins what it prints then, before its supervisor knows."""
_LIVE = "heap"

EXHAUSTED = Code(
    "JAVA_OUT_OF_MEMORY",
    "critical",
    "The memory of a service's JVM was used up: it has ended by that, or lives on with work that it lost.",
    ("JAVA_HEAP_FULL", "node"),
    explains=("SERVICE_RESTARTING", "SERVICE_CRASHED", "SERVICE_FAILED", "SERVICE_HUNG"),
    settles=False,
    underlies=True,
)
FULL_HEAP = Code(
    "JAVA_HEAP_FULL",
    "warning",
    "A service's JVM collects all of its heap, and little of it becomes free.",
    explains=("SERVICE_HUNG",),
    settles=False,
    underlies=True,
)
GROWING = Code("JAVA_HEAP_GROWING", "warning", "A service's JVM will have used up its heap within days.", settles=False)


@service_check(EXHAUSTED, after=("MANIFEST_ABSENT", "SERVICE_ABSENT"))
def had_memory(view: ServiceView) -> Iterator[Finding]:
    """The JVM has not run out of memory since it began, and did not end by that lately."""
    ended = view.state.get("ended")
    if view.service.java is None:
        return
    error = (view.state.get("jvm") or {}).get("exhausted")
    if error and error["line"].strip().startswith(_ENDING):
        line = error["line"].strip()
        yield _ended(view, f"its JVM ended {_age(view, error['at'])} ago because its memory was used up: {line}", line)
    elif error:
        yield finding(
            view,
            EXHAUSTED,
            f"{error['line'].strip()} ({_age(view, error['at'])} ago), and it lives on",
            cause="what ran out of memory was given up in the middle: threads have ended, and requests are lost",
            remedy=(*_more(view, error["line"]), _restart(view)),
            expected="no OutOfMemoryError in its logs since its start",
            got="OutOfMemoryError",
            source="logs of the service",
        )
    elif ended and ended["how"] == _EXIT:
        often = f"its JVM has ended {ended['count']} times lately because its memory was used up"
        yield _ended(view, f"{often}, last {_age(view, ended['at'])} ago", "")


def _ended(view: ServiceView, symptom: str, line: str) -> Finding:
    return finding(
        view,
        EXHAUSTED,
        symptom,
        cause="it needs a larger heap, or keeps what it does not need",
        remedy=(show_logs(view), *_more(view, line)),
        expected="a JVM that goes on",
        got=_EXIT,
        evidence=("what it had in its heap lies in `dumps` beside its logs, unless `jvm.dumps` says otherwise",),
    )


@service_check(FULL_HEAP, after=("MANIFEST_ABSENT", "SERVICE_ABSENT", EXHAUSTED.name))
def has_room(view: ServiceView) -> Iterator[Finding]:
    """A collection of everything leaves room in the heap."""
    heap = _heap(view)
    if heap and heap["full"] and heap["live"] > FULL * heap["capacity"] and _now(view) - heap["at"] < LATELY:
        got = f"{size_text(heap['live'])} of {size_text(heap['capacity'])}"
        yield finding(
            view,
            FULL_HEAP,
            f"{got} are left over after a collection of everything",
            cause="its heap is too small for what it has to do, or it keeps what it does not need",
            remedy=(*_more(view, ""), _restart(view)),
            expected=f"at most {FULL:.0%}",
            got=got,
            source="log of its collections",
        )


def left_over(view: ServiceView) -> Mapping[str, float]:
    """What collections of everything leave over: the sample of the check."""
    heap = _heap(view)
    return {_LIVE: float(heap["live"])} if heap and heap["live"] is not None else {}


@service_check(GROWING, after=("MANIFEST_ABSENT", "SERVICE_ABSENT", EXHAUSTED.name, FULL_HEAP.name), samples=left_over)
def keeps_its_size(view: ServiceView) -> Iterator[Finding]:
    """What is left over after collections will not fill the heap within days."""
    heap = _heap(view)
    if not heap or heap["live"] is None:
        return
    samples = of_this_run(view, _LIVE)
    rate, left = slope(samples), seconds_until(samples, heap["capacity"], span=SPAN)
    if rate is not None and left is not None and left < HORIZON:
        yield finding(
            view,
            GROWING,
            f"its heap of {size_text(heap['capacity'])} will be used up in about {duration_text(left)}",
            cause="it keeps more and more of what it does not need, or has more to do than before",
            remedy=(*_more(view, ""), _restart(view)),
            expected=f"room for at least {duration_text(HORIZON)} at the rate of the latest samples",
            got=duration_text(left),
            evidence=(f"{size_text(heap['live'])} left over now, {size_text(rate * DAY)} more a day",),
            source="log of its collections, now and earlier",
        )


def _heap(view: ServiceView) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = (view.state.get("jvm") or {}).get("heap")
    return found


def _more(view: ServiceView, line: str) -> tuple[Remedy, ...]:
    """What gives it more of the memory that ran out, by the words of the JVM."""
    component = view.service.id.component
    if "native thread" in line:
        return (administrator(view.facts.node, f"let user {view.service.user} have more processes and threads"),)
    key = "jvm.direct" if "irect" in line else "jvm.heap"
    return (Edit(f"raise {key} of {component}, then deploy"),)


def _restart(view: ServiceView) -> Remedy:
    """A deploy of more memory restarts it as well."""
    return replace(manage(view, "restart"), when="when no job runs", instead=True)


def _now(view: ServiceView) -> float:
    return float(view.fact("clock")["epoch"])


def _age(view: ServiceView, at: float) -> str:
    return duration_text(max(0.0, _now(view) - at))
