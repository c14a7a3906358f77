"""`route test`: asks the nodes on both sides about the ways between parties. Makes no job, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable

from fatecloud.checks.holders import runs_under_way
from fatecloud.checks.way_plan import paths_between
from fatecloud.checks.way_trial import tried_way
from fatecloud.collect.spec import question_of
from fatecloud.errors import NotDeployed
from fatecloud.model.tried import Path, Trial, Witness
from fatecloud.workflow.deployed import FACTS, REMEDY, nothing_deployed
from fatecloud.workflow.observe import observe
from fatecloud.workflow.session import Session


def try_routes(session: Session, source: str | None, party: str | None, deadline: float) -> Trial:
    """Try the ways there and back of each pair of parties.

    Args:
        source: one party, managed here; None for all of them.
        party: the other one; None for all others.
        deadline: seconds for each node to answer.

    Raises:
        NoMatch: one of them is not known, or not managed here.
        NotDeployed: none of the nodes has a service of this cluster.
    """
    desired = session.resolved
    paths = paths_between(desired, source, party)
    if not paths:
        return Trial(())
    questions: dict[str, list[object]] = {}
    for witness in witnesses(paths):
        service = desired.services[witness.service]
        probe = next(probe for probe in service.probes if probe.name == witness.probe)
        questions.setdefault(service.id.node, []).append(question_of(service, probe))
    # Of the probes no more than these: the ways are tried, and nothing else.
    extra = {node: {"probes": asked} for node, asked in questions.items()}
    # A node that is loaded is asked once more for what was late.
    want = (*FACTS, "load")
    observed = observe(session, probes=False, nodes=questions, want=want, deadline=deadline, extra=extra)
    if nothing_deployed(desired, observed):
        raise NotDeployed(f"nothing is deployed on {', '.join(sorted(questions))}", remedy=REMEDY)
    return Trial(tuple(tried_way(desired, observed, path) for path in paths), runs_under_way(observed))


def witnesses(paths: Iterable[Path]) -> tuple[Witness, ...]:
    """Each probe that is asked, once: its answer may be about several parties."""
    every = [one for path in paths for one in (*(leg.witness for leg in path.legs), path.signed, path.table)]
    return tuple({(one.service, one.probe): one for one in every if one is not None}.values())
