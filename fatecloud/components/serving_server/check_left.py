"""Whether a server of several takes part in the work, also where a run that restarted one after the other was ended."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import answer_of, finding, logs, verb
from fatecloud.components.serving_server.check_models import SOURCE
from fatecloud.components.serving_server.want import LEFT
from fatecloud.model.check import Code, FactAbsent, ServiceView, service_check
from fatecloud.model.finding import Finding

__all__ = ["takes_part"]

_SHOWN = 5
DRAINED = Code(
    "SERVING_SERVER_DRAINED",
    "warning",
    "One of several servers of Serving gets no requests: it left its work to the others, and has not taken it back.",
    ("node",),
)


@service_check(
    DRAINED,
    probe=LEFT,
    after=("SERVICE_HUNG", "SERVING_SERVER_UNUSABLE", "SERVING_REGISTRY_DOWN", "SERVING_UNREGISTERED"),
)
def takes_part(view: ServiceView) -> Iterator[Finding]:
    """What it left to the others before a stop is its own again."""
    answer = answer_of(view, LEFT)
    if not answer["ok"]:
        raise FactAbsent(f"what {view.service.id.key} left to others: {answer['error']}")
    names = answer["left"]
    if names:
        yield finding(
            view,
            DRAINED,
            f"in ZooKeeper it has the weight 0 for {', '.join(names[:_SHOWN])}",
            LEFT,
            source=SOURCE,
            cause="a restart or a deploy was ended between its stop and the moment at which it takes part again",
            remedy=(verb(view, "start"), logs(view)),
            expected="the weight that it had before",
            got="0",
        )
