"""What can be wrong with a clustermanager whose end ends all sessions: of all of EggRoll 2."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.clustermanager.want import ENDS
from fatecloud.components.judging import answer_of, finding, logs
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.duration import duration_text
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, administrator

KILLED = Code(
    "CLUSTERMANAGER_SESSIONS_KILLED",
    "warning",
    "A second clustermanager was started beside this one, and its end has ended the sessions of all jobs.",
    ("SERVICE_TWICE", "node"),
    settles=False,
)
_LATELY, _CLOCKS = 3600.0, 3.0
"""Seconds for which it explains why jobs failed, and by which the clocks of processes and logs differ."""


@service_check(KILLED, component="clustermanager")
def no_other_ended(view: ServiceView) -> Iterator[Finding]:
    """No clustermanager has ended while this one ran."""
    since, now = view.state.get("since") or 0.0, float(view.fact("clock")["epoch"])
    others = [at for at in answer_of(view, ENDS)["ends"] if at > since + _CLOCKS and now - at < _LATELY]
    if others:
        yield finding(
            view,
            KILLED,
            f"another clustermanager ended {duration_text(max(0.0, now - others[-1]))} ago while this one ran",
            ENDS,
            source="log of the clustermanager",
            cause="someone started EggRoll's own script, or a flow without a cluster, with this one's settings: the "
            "copy found its port taken and ended, and each clustermanager that ends kills all sessions in its database",
            remedy=(
                administrator(view.facts.node, "start EggRoll by fatecloud alone, and no second copy"),
                Ask(f"the users of party {view.service.id.owner}", "submit again the jobs that failed then"),
                logs(view, "'Shutting down'"),
            ),
            expected="no end of a clustermanager since this one began",
            got=f"{len(others)} since then",
        )
