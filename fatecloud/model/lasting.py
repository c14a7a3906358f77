"""Answers that stay away for longer than load alone keeps them away. Pure."""

from __future__ import annotations

from itertools import takewhile

from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.observed import NodeFacts, Observed
from fatecloud.model.samples import Sample

SECONDS, CHECKS = 300.0, 3
"""How long, and in how many checks in a row, an answer was late. A process that waits for a core among a hundred others
gets it within seconds, so in this time some answer of a service that is well comes."""
WINDOW = 3600.0
"""Seconds that these checks may span: three that each met the same nightly backup say nothing."""


def sample_of(ident: str) -> str:
    """Name of the samples of a question: 1 where its answer was late, or else 0. Their subject is the node.

    Args:
        ident: `<service key>:<probe name>`.
    """
    return f"late {ident}"


def stays_away(service: DesiredService, desired: Desired, observed: Observed, probe: str = "") -> bool:
    """Whether a question to a service has had no answer in time for long, while others on its node are answered.

    A service that asks another one whose answers are late as well may only wait for it.

    Args:
        probe: name of the question; empty for any of them.
    """
    seen = observed.reached(service.id.node)
    if seen is None:
        return False
    series = observed.history.get(service.id.node, {})
    idents = [f"{service.id.key}:{probe}"] if probe else _idents(service)
    late = [ident for ident in idents if (answer := seen.probes.get(ident)) and answer.delayed]
    asked = [desired.services[edge.target] for edge in service.edges if edge.target in desired.services]
    return (
        any(_is_long(series.get(sample_of(ident), ())) for ident in late)
        and not any(fact.late for fact in seen.facts.values())
        and _others_answer(service, desired, seen)
        and not any(_is_late(target, observed) for target in asked)
    )


def _others_answer(service: DesiredService, desired: Desired, seen: NodeFacts) -> bool:
    """Whether some other service of the node answers in time, if there is any."""
    others = [ident for other in desired.on_node(seen.node) if other is not service for ident in _idents(other)]
    answers = [seen.probes[ident] for ident in others if ident in seen.probes]
    return not answers or any(not answer.delayed for answer in answers)


def _is_late(service: DesiredService, observed: Observed) -> bool:
    seen = observed.reached(service.id.node)
    return seen is not None and any(answer.delayed for ident in _idents(service) if (answer := seen.probes.get(ident)))


def _idents(service: DesiredService) -> list[str]:
    return [f"{service.id.key}:{probe.name}" for probe in service.probes]


def _is_long(samples: tuple[Sample, ...]) -> bool:
    recent = [sample for sample in samples if sample.time >= samples[-1].time - WINDOW]
    late = list(takewhile(lambda sample: sample.value > 0, reversed(recent)))
    return len(late) >= CHECKS and late[0].time - late[-1].time >= SECONDS
