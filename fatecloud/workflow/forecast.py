"""`plan`: read everything, compare, and find the reasons why a deploy would be refused. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from fatecloud.checks.preflight_memory import MEMORY
from fatecloud.errors import FatecloudError, Refused, RunError
from fatecloud.model.event import Event
from fatecloud.model.finding import Finding
from fatecloud.model.forecast import Forecast, Refusal
from fatecloud.model.observed import Observed
from fatecloud.model.plan import Plan
from fatecloud.model.selection import select_nodes
from fatecloud.resolve.machines import resized
from fatecloud.workflow.data import data_wish, refuse_gone_data, still_blocking
from fatecloud.workflow.departed import departed_notes
from fatecloud.workflow.deploy_options import DeployOptions
from fatecloud.workflow.early import texts
from fatecloud.workflow.java_trials import with_trials
from fatecloud.workflow.job_runners import runners_there
from fatecloud.workflow.jobs import refuse_or_wait
from fatecloud.workflow.leases import held_nodes, locked
from fatecloud.workflow.load import load_session
from fatecloud.workflow.moved import moved_note, refuse_example
from fatecloud.workflow.observe import observe
from fatecloud.workflow.options import Options
from fatecloud.workflow.plan import plan_from
from fatecloud.workflow.preflight import blocking, judge_preflight, reading
from fatecloud.workflow.refusals import owners_hit, refuse_drift, refuse_left_data, refuse_unready
from fatecloud.workflow.session import Session
from fatecloud.workflow.stored import require_complete, stored
from fatecloud.workflow.upgrades import refuse_upgrades

DEADLINE = 20.0
"""Seconds for each node."""


def forecast_deploy(
    options: Options, wanted: DeployOptions, note: Callable[[str], None], deadline: float = DEADLINE
) -> Forecast:
    """Read the nodes, and work out what a deploy with these options would do and why it would be refused.

    Args:
        wanted: the deploy's options; `wait_lock` and `wait_jobs` have no effect here.
        note: receives a sentence about what the plan cannot show.
        deadline: seconds for each node.

    Raises:
        UsageError: an unknown name, or a selection that is not made of whole nodes.
        SecretsError: the vault cannot be opened or lacks a secret.
    """
    session = load_session(options, need_secrets=False)
    wanted = replace(wanted, limit=select_nodes(session.resolved, wanted.selection, wanted.limit))
    wanted = replace(wanted, wish=data_wish(session.resolved, wanted.adopt_data, wanted.new_data, wanted.limit))
    refusals: list[Refusal] = []
    with _noting(refusals):
        require_complete(stored(session.resolved.releases.values(), session.store)[1])
    with _noting(refusals):
        refuse_example(session)
    asked = reading(session.resolved, texts(session))
    observed = observe(
        session, probes=False, nodes=wanted.limit, deadline=deadline, extra=asked, meanwhile=session.make_ready
    )
    if line := moved_note(session, observed):
        note(f"{line}; fatecloud deploy asks whether it moved or this is a copy")
    cluster = session.cluster
    for line in (*departed_notes(session), *resized(cluster, observed), *cluster.compatibility.notes):
        note(line)
    with _noting(refusals):
        _refuse_held(observed)
    with _noting(refusals):
        refuse_upgrades(session, observed, wanted.wish)
    report = judge_preflight(session.desired, with_trials(session, observed, deadline))
    for finding in report.findings:
        if finding.code == MEMORY.name:  # it does not stop a deploy, and its figures belong beside the plan
            note(f"{finding.subject}: {finding.symptom}")
    blockers = still_blocking(blocking(report), wanted.wish)
    with _noting(refusals, tuple(line for finding in blockers for line in _details(finding))):
        refuse_unready(report, wanted.wish)
    plan = None
    try:
        plan = plan_from(session, observed, wanted.limit, wanted.wish)
    except RunError as error:
        # Preflight has already reported the nodes that were not reached.
        if isinstance(error, Refused) or not refusals or all(map(observed.reached, observed.nodes)):
            refusals.append(Refusal(error.exit_status, error.message, error.remedy))
    if plan is not None:
        refusals += _of_plan(session, observed, plan, wanted, note)
    return Forecast(session.cluster.name, plan, report, tuple(refusals))


def _details(finding: Finding) -> Iterator[str]:
    yield f"{finding.code}  {finding.subject}: {finding.symptom}"
    yield from (f"  {line}" for line in finding.remedy)


def _refuse_held(observed: Observed) -> None:
    if held := held_nodes(observed):
        raise locked(held, 0)


def _of_plan(
    session: Session, observed: Observed, plan: Plan, wanted: DeployOptions, note: Callable[[str], None]
) -> list[Refusal]:
    def listen(event: Event) -> None:
        if event.kind == "note":
            note(event.text)

    found: list[Refusal] = []
    # Nothing would be changed, so nothing could be refused.
    if plan.empty:
        return found
    with _noting(found):
        refuse_drift(plan, wanted)
    with _noting(found):
        refuse_left_data(plan, wanted)
    with _noting(found):
        refuse_gone_data(plan)
    with _noting(found):
        hit = runners_there(session.desired, observed, owners_hit(plan, session.desired))
        refuse_or_wait(session, hit, interrupt=wanted.interrupt_jobs, wait=0, events=listen)
    return found


@contextmanager
def _noting(refusals: list[Refusal], details: tuple[str, ...] = ()) -> Iterator[None]:
    """Turn an error of the body into a refusal of the forecast."""
    try:
        yield
    except FatecloudError as error:
        refusals.append(Refusal(error.exit_status, error.message, error.remedy, details))
