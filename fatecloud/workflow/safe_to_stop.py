"""`safe-to-stop`: reads all nodes, asks for running jobs, and changes nothing."""

from __future__ import annotations

from dataclasses import replace

from fatecloud.checks.outage import outage_of
from fatecloud.model.outage import HitJob, Outage
from fatecloud.model.owner import needing
from fatecloud.model.selection import Selection, select_nodes
from fatecloud.workflow.deployed import FACTS
from fatecloud.workflow.job_runners import runners_there
from fatecloud.workflow.jobs import active_jobs
from fatecloud.workflow.observe import observe
from fatecloud.workflow.session import Session


def forecast_outage(session: Session, node: str, deadline: float) -> Outage:
    """What stopping a node would mean now.

    Args:
        node: its name.
        deadline: seconds for each node to answer.

    Raises:
        NoMatch: there is no such node.
    """
    select_nodes(session.resolved, Selection((f"@{node}",)))
    # With the probes of services, because an ensemble that has a process may still be without a quorum.
    observed = observe(session, want=FACTS, deadline=deadline)
    found = outage_of(session.resolved, observed, node)
    owners = session.cluster.owners
    idents = [session.resolved.services[key].id for key in found.stops]
    concerned = {name for one in idents for name in needing(owners, one.owner, one.component)}
    answers = active_jobs(session, runners_there(session.resolved, observed, concerned) if concerned else ())
    jobs = tuple(HitJob(one.id, one.sides, one.status, one.partners, one.age) for one in answers.jobs)
    return replace(found, jobs=jobs, unknown=(*found.unknown, *answers.silent, *answers.blind))
