"""Where a way between parties stops. Pure."""

from __future__ import annotations

from dataclasses import replace

from fatecloud.checks.way_answers import Answer, answer_of
from fatecloud.checks.way_hops import Judge
from fatecloud.checks.way_look import SIGNATURES
from fatecloud.model.desired import Desired
from fatecloud.model.observed import Observed
from fatecloud.model.tried import Path, TriedHop, TriedWay


def tried_way(desired: Desired, observed: Observed, path: Path) -> TriedWay:
    """A way with the state of each hop.

    Args:
        observed: answers of the probes that the path names.
    """
    answers = tuple(answer_of(desired, observed, leg.witness) for leg in path.legs)
    trial = Judge(path, answers, answer_of(desired, observed, path.table))
    hops: list[TriedHop] = []
    for number in range(len(path.legs)):
        stopped = any(hop.state == "failed" for hop in hops)
        hops.append(trial.hop(number, "not reached") if stopped else trial.tried(number))
    if path.signed is not None and all(hop.state == "ok" for hop in hops):
        hops[-1] = _signed(hops[-1], answer_of(desired, observed, path.signed))
    return TriedWay(path.source, path.party, path.roles, tuple(hops))


def _signed(hop: TriedHop, answer: Answer) -> TriedHop:
    """The last hop, with what a signed request over the whole way got."""
    if not answer.known:
        return replace(hop, state="unknown", error=answer.said)
    if answer.answered:
        return replace(hop, evidence=(*hop.evidence, answer.said))
    kind, error = (str(answer.part(name) or "") for name in ("kind", "error"))
    evidence = (*hop.evidence, answer.said)
    return replace(
        hop, state="failed", kind=kind, error=error, look=SIGNATURES.get(kind, "other-end"), evidence=evidence
    )
