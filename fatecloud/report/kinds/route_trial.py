"""Ways between parties that were tried: of `route test`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fatecloud.model.tried import Look, State
from fatecloud.report.kinds.base import Rule


class TriedHopDocument(TypedDict):
    """One step of a way."""

    source: Annotated[str, "Key of a service, or `peer:10000`."]
    target: Annotated[str, "Likewise; `flow of party 10000` for what is behind a router that others manage."]
    endpoint: Annotated[str, "Where the target is reached; empty where that is not known."]
    state: Annotated[
        State, "`not reached`: the way stops before; `unknown`: not read; `theirs`: only a party outside can try it."
    ]
    kind: Annotated[str, "What went wrong, in a short word: `refused`, `timeout`, `large`, `denied`, ..."]
    error: Annotated[str, "The same as a sentence, or why it is not known."]
    look: Annotated[
        Look,
        "Where to look: at the own side, the network, the exchange, the other router, or what is behind it. Empty "
        "unless the hop failed.",
    ]
    evidence: Annotated[list[str], "Who was asked, and the answer."]


# The word `from` is one of Python's own.
TriedWayDocument = TypedDict(
    "TriedWayDocument",
    {
        "from": str,
        "to": str,
        "roles": Annotated[list[str], "What goes this way: `fateflow` for requests, `default` for data of tasks."],
        "works": Annotated[bool | None, "null if a hop is not known."],
        "hops": list[TriedHopDocument],
    },
)
TriedWayDocument.__doc__ = "From one party to another."


class RouteTest(TypedDict):
    """`fatecloud route test`: how far packets come."""

    exit_status: Annotated[int, Rule(enum=[0, 1, 3]), "0 all ways work, 1 one stops, 3 not all could be asked."]
    runs: Annotated[list[str], "One sentence for each run that is changing nodes now."]
    items: list[TriedWayDocument]
