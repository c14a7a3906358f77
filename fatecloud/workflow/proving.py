"""`test`: a smoke test, on a cluster that is deployed and that no run holds."""

from __future__ import annotations

import time

from fatecloud.errors import NotDeployed
from fatecloud.model.duration import seconds
from fatecloud.model.observed import Observed
from fatecloud.model.proof import ProofResult
from fatecloud.workflow.deployed import FACTS, REMEDY, nothing_deployed, require_read
from fatecloud.workflow.leases import read_when_free
from fatecloud.workflow.load import load_session
from fatecloud.workflow.observe import observe
from fatecloud.workflow.options import Options
from fatecloud.workflow.prove import chosen_proof, prove, refuse_apart
from fatecloud.workflow.ui import Ui


def prove_cluster(
    options: Options,
    kind: str | None,
    guest: str | None,
    host: str | None,
    *,
    deadline: float | None,
    wait_lock: str | None,
    ui: Ui,
    argv: tuple[str, ...],
) -> ProofResult:
    """Run a smoke test. First wait for runs that change the cluster: the test and the run would block each other.

    Args:
        kind: the name of the test; None means the one that a deploy ends with.
        deadline: seconds for everything, reading the nodes included; None means what the test says. The time that
            `wait_lock` waits comes on top.
        wait_lock: how long to wait for a run that holds the nodes.

    Raises:
        NotDeployed: nothing is deployed.
        Locked: a run holds a node.
        UsageError: there is no such test or party.
        ProofFailed: the test failed.
        RunError: a node could not be read.
    """
    patience = seconds(wait_lock)
    session = load_session(options)
    if guest and host:
        refuse_apart(session.cluster, guest, host)
    whole = deadline or chosen_proof(session.resolved, kind)[0].deadline
    nodes = {service.id.node for service in session.resolved.services.values()}
    began = time.monotonic()

    def read() -> Observed:
        nonlocal began
        began = time.monotonic()
        return observe(session, probes=False, nodes=nodes, want=FACTS, deadline=min(whole, 20.0))

    observed = read_when_free(session, read, nodes, patience, ui, verb="test", argv=argv)
    require_read(observed)
    if nothing_deployed(session.resolved, observed):
        raise NotDeployed("nothing is deployed here", remedy=REMEDY)
    return prove(session, kind, guest, host, ui, whole - (time.monotonic() - began))
