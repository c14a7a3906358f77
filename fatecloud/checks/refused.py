"""Check of the threads of a JVM: whether a pool of them was full, and work that came then was never done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fatecloud.checks.service import finding, manage, show_logs
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.duration import duration_text
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask

LATELY = 600.0
"""Seconds. Rollsite of EggRoll 2.0 gives the threads of what never comes back after five to eight minutes."""

REFUSED = Code(
    "JAVA_WORK_REFUSED",
    "critical",
    "All threads of a pool in a service's JVM were in use, and work that came then was never done.",
    ("JAVA_OUT_OF_MEMORY", "node"),
    explains=("SERVICE_HUNG", "SERVICE_THREADS"),
    settles=False,
    underlies=True,
)


@service_check(REFUSED, after=("MANIFEST_ABSENT", "SERVICE_ABSENT"))
def takes_work(view: ServiceView) -> Iterator[Finding]:
    """No pool of threads has refused work lately."""
    error = (view.state.get("jvm") or {}).get("refused")
    age = float(view.fact("clock")["epoch"]) - error["at"] if error else 0.0
    if view.service.java is None or not error or age > LATELY:
        return
    main = view.state.get("main") or {}
    yield finding(
        view,
        REFUSED,
        f"it refused work {duration_text(max(0.0, age))} ago: {error['line'].strip()}",
        cause="more work came at once than it has threads for, or its threads wait for what never comes",
        remedy=(
            show_logs(view),
            Ask(f"the users of {view.service.id.owner}", "run fewer jobs at once"),
            # What it holds is lost with a restart, and some of the threads come back by themselves.
            replace(manage(view, "restart"), when="when no job runs", instead=True),
        ),
        expected=f"no refused work within {duration_text(LATELY)}",
        got="RejectedExecutionException",
        evidence=(f"{main['threads']} threads now",) if main.get("threads") is not None else (),
        source="logs of the service",
    )
