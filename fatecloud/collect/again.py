"""What a loaded node is asked once more, and what its second answers are worth. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fatecloud.model.observed import NodeFacts, Unreachable
from fatecloud.model.strain import Overdue

LOAD = "load"
PATIENCE = 2.0
"""How many times as long as usual a node may take, and each of its services to answer, when it is asked again."""
LOAD_COMMAND = ("cat", "/proc/loadavg", "/proc/stat")
_CORE = re.compile(rb"^cpu\d", re.MULTILINE)


def load_in(text: bytes) -> dict[str, Any] | None:
    """What that command says, as far as the fact of the same name has it; None for another text."""
    words, cores = text.split(maxsplit=1), len(_CORE.findall(text))
    try:
        return {"load1": float(words[0]), "cores": cores, "stolen": 0.0, "pressure": None} if cores else None
    except (ValueError, IndexError):
        return None


def spec_again(spec: Mapping[str, Any], late: Overdue) -> dict[str, Any]:
    """The spec without what came in time.

    Where a fact was late all facts are read again: a check compares them, so they must be of one moment.
    """
    # An empty list would mean all facts. The load is read to judge what is late now by the load of now.
    want = spec["want"] if late.facts else [LOAD]
    again = [probe for probe in spec["probes"] if probe["id"] in late.probes]
    patient = [{**probe, "timeout": probe["timeout"] * PATIENCE, "patience": PATIENCE} for probe in again]
    return {**spec, "want": want, "probes": patient}


def joined(first: NodeFacts | Unreachable, second: NodeFacts | Unreachable) -> NodeFacts | Unreachable:
    """A node's answers, each in its newest form; a second time without an answer changes nothing."""
    if not isinstance(first, NodeFacts) or not isinstance(second, NodeFacts):
        return first
    facts = {name: fact for name, fact in second.facts.items() if name in first.facts}
    # The clocks were compared around an exec, and the shorter one is the more exact.
    if len(second.facts) <= len((LOAD, "skew")):
        facts.pop("skew", None)
    return replace(
        first,
        facts={**first.facts, **facts},
        probes={**first.probes, **second.probes},
        seconds=first.seconds + second.seconds,
    )
