"""The end of a deploy: is the cluster healthy, and does a real job run on it?"""

from __future__ import annotations

import time
from functools import partial

from fatecloud.checks.partners import about_partners, without_partners
from fatecloud.checks.service import YOUNG_SECONDS
from fatecloud.errors import FatecloudError, ProofFailed, Unverified
from fatecloud.model.event import Event
from fatecloud.model.finding import Report
from fatecloud.model.plan import Plan
from fatecloud.plan.proofs import owners_digest
from fatecloud.workflow.check import FACTS, check_cluster
from fatecloud.workflow.deploy_options import DeployOptions
from fatecloud.workflow.interrupt import Interruption
from fatecloud.workflow.observe import observe
from fatecloud.workflow.prove import Round, prove, result_text, rounds
from fatecloud.workflow.recorded import Recorded
from fatecloud.workflow.session import Session
from fatecloud.workflow.ui import Ui


def verify(session: Session, wanted: DeployOptions, plan: Plan, run: Recorded, ui: Ui) -> None:
    """Check what a deploy left, and run the smoke tests that are due.

    Raises:
        Unverified: the check has critical findings, or the smoke test failed or could not run.
        Interrupted: a signal came.
    """
    run.interruption.check()
    if wanted.limit:
        # The other nodes may lack something, and waiting does not change that: one check, shown but not judged.
        report = check(session, wanted.limit)
        if report.findings:
            ui.report(report)
        run.events(Event("note", "no smoke test: the deploy was limited to some nodes"))
        return
    report = _settled(session, run.interruption)
    if _failed(session, report):
        ui.report(report)
        raise Unverified("deployed, but the check has findings", remedy="see the findings above")
    if lost := about_partners(report, session.desired):
        ui.report(report)
        parties = ", ".join(sorted({part.rstrip("/") for finding in lost for part in finding.about.split()}))
        run.events(Event("note", f"jobs with party {parties}, which others manage, will fail: see the findings above"))
    if not wanted.verify:
        run.events(Event("note", "no smoke test: --no-verify"))
        return
    due = rounds(session.desired, plan.proof, wanted.proof)
    if not due:
        run.events(Event("note", "no smoke test: nothing that offers one has changed"))
    for one in due:
        _prove(session, one, run, ui)


def _prove(session: Session, wanted: Round, run: Recorded, ui: Ui) -> None:
    """Run a smoke test, and record on the nodes for which owners it counts."""
    try:
        result = prove(session, wanted.kind, wanted.guest, wanted.host, run.events)
    except ProofFailed as error:
        run.interruption.check()
        ui.report(check(session))
        raise Unverified(f"deployed, but {error.message}", remedy=error.remedy or "fatecloud check") from error
    except FatecloudError as error:
        raise Unverified(f"deployed, but the smoke test could not run: {error.message}", remedy=error.remedy) from error
    desired = session.desired
    recorded = {"id": result.id, "kind": result.kind, "at": time.time()}
    confirmed = [owner for owner in result.confirmed if owner in desired.cluster.owners]
    proofs = {owner: {**recorded, "digest": owners_digest(desired, owner)} for owner in confirmed}
    if proofs:
        run.ansible.play("record.yml", {"fatecloud_proofs": proofs})
    run.events(Event("ok", result_text(result)))


_PATIENCE = YOUNG_SECONDS + 30
"""Seconds: a service that ended once after its start has to show in them that it does not end again."""


def _settled(session: Session, interruption: Interruption) -> Report:
    """The check's verdict, after services had time to reconnect to those that were just restarted."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        interruption.check()
        report = check(session)
        if not _failed(session, report) or time.monotonic() > deadline:
            return report
        time.sleep(2)


def _failed(session: Session, report: Report) -> bool:
    """Whether the own cluster has critical or unknown findings. A partner's outage must not fail our deploy."""
    return without_partners(report, session.desired).exit_status >= 2  # noqa: PLR2004 - see Report.exit_status


def check(session: Session, nodes: tuple[str, ...] = ()) -> Report:
    """The check's report on these nodes; on the whole cluster when none is named.

    Nothing counts as settling: a deploy waits until the services show that they work, and believes no start that was
    only a moment ago.
    """
    read = partial(observe, session, nodes=nodes, want=FACTS)
    return check_cluster(lambda: session.desired, read, session.redact, settle=0)
