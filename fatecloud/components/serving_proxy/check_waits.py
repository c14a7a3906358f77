"""Whether each hop of a request waits longer than the next one: else the error of the other end never arrives."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import answer_of, answer_of_other, finding
from fatecloud.components.serving_proxy.partners import KIND
from fatecloud.components.serving_server.probe_settings import (
    OF_OLD_SERVER,
    OF_SERVER,
    TO_APPLICATION,
    TO_PARTY,
    WHOLE,
)
from fatecloud.components.serving_server.want import SETTINGS
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PUT_BACK, Edit

__all__ = ["waits"]

WAIT_SHORT = Code(
    "SERVING_WAIT_SHORT",
    "warning",
    "A service of Serving stops waiting before what it asks does, so that the error of the other end never arrives.",
    explains=("FILE_DRIFTED", "RESTART_PENDING"),
    settles=False,
)
Hop = tuple[str, str, int]
"""Whose it is, its key, and its milliseconds."""


@service_check(WAIT_SHORT, component="serving-proxy", while_down=True)
def waits(view: ServiceView) -> Iterator[Finding]:
    """From the other party's proxy outwards, each hop waits at least as long as the one that it asks."""
    own = _milliseconds(answer_of(view, SETTINGS))
    name = view.service.id.key
    to_party, to_application, whole = ((name, key, own[key]) if key in own else None for key in _OWN)
    pairs: list[tuple[Hop | None, Hop | None]] = [(to_application, whole)]
    for server in _others(view, "server", (OF_SERVER, OF_OLD_SERVER)):
        pairs += [(to_party, server), (server, to_application)]
    theirs = [(hop, to_party) for hop in _others(view, KIND, (TO_PARTY,))]
    short = [(inner, outer) for inner, outer in (*pairs, *theirs) if inner and outer and outer[2] < inner[2]]
    if short:
        inner, outer = short[0]
        edited = (inner, outer) not in theirs or outer[2] != view.service.facts["timeout"]
        yield finding(
            view,
            WAIT_SHORT,
            "; ".join(f"{o[1]} of {o[0]} is {o[2]} ms, and {i[1]} of {i[0]} is {i[2]} ms" for i, o in short),
            SETTINGS,
            source="settings of the services",
            cause=(
                "a value was changed by hand" if edited else "the inventory lets this proxy wait shorter than theirs"
            )
            + ": a request that fails there ends here as a time-out, which does not say where",
            remedy=PUT_BACK
            if edited
            else (Edit("raise `timeout` of serving-proxy to that of the other party, then deploy"),),
            expected=f"{inner[2]} ms or more",
            got=f"{outer[2]} ms",
        )


_OWN = (TO_PARTY, TO_APPLICATION, WHOLE)


def _others(view: ServiceView, kind: str, keys: tuple[str, ...]) -> list[Hop]:
    """What the services at the ends of edges of a kind have for the first of the keys that they have."""
    found = []
    for edge in view.service.edges:
        other = view.desired.services.get(edge.target)
        if edge.kind == kind and other is not None:
            values = _milliseconds(answer_of_other(view, other, SETTINGS))
            found += [(other.id.key, key, values[key]) for key in keys if key in values][:1]
    return found


def _milliseconds(answer: dict[str, object]) -> dict[str, int]:
    values = answer.get("values")
    known = values if isinstance(values, dict) else {}
    return {key: int(text) for key, text in known.items() if isinstance(text, str) and text.isdecimal()}
