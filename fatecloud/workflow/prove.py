"""Runs a smoke test on a session's cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator

from fatecloud.checks.engine import judge
from fatecloud.components.declared import component_checks
from fatecloud.components.registry import all_components, proof_of
from fatecloud.errors import UsageError
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.event import Event, Listener
from fatecloud.model.proof import ProofGround, ProofKind, ProofResult
from fatecloud.report.kinds.run import SmokeTest
from fatecloud.workflow.observe import observe
from fatecloud.workflow.service_commands import ServiceCommands
from fatecloud.workflow.session import Session

SHOWN = 6
"""The most findings in the message of a job that failed."""


def proofs(desired: Desired) -> dict[str, tuple[ProofKind, str]]:
    """The smoke tests that the services of a cluster offer, by name, each with its component."""
    there = {service.id.component for service in desired.services.values()}
    components = [component for name, component in all_components().items() if name in there]
    return {kind.name: (kind, component.name) for component in components for kind in component.proofs}


def default_proof(desired: Desired) -> str:
    """The smoke test at the end of a deploy that names none; empty where no component offers one."""
    return next(iter(proofs(desired)), "")


def chosen_proof(desired: Desired, name: str | None) -> tuple[ProofKind, str]:
    """A smoke test by its name, else the default one, and its component. Raises UsageError if there is none."""
    known = proofs(desired)
    name = name or default_proof(desired)
    if name not in known:
        words = f"use {' or '.join(known)}" if known else "no component of this cluster offers one"
        raise UsageError(f"invalid smoke test {name!r}: {words}")
    return known[name]


def waiting(session: Session, seconds: float) -> str:
    """What the services' own checks find at this moment, including the links between the parties; empty if nothing.

    Args:
        session: the cluster's.
        seconds: for each node; a node that takes longer is one of the findings.

    Raises:
        FatecloudError: the nodes cannot be read.
    """
    report = judge(session.resolved, observe(session, want=("clock", "services"), deadline=seconds), component_checks())
    found = [finding for finding in report.findings if finding.severity == "critical"]
    return "; ".join(f"{finding.subject} has {finding.code}: {finding.symptom}" for finding in found[:SHOWN])


def prove(
    session: Session,
    name: str | None,
    guest: str | None,
    host: str | None,
    events: Listener,
    deadline: float | None = None,
) -> ProofResult:
    """Run a smoke test between two parties.

    Args:
        name: which; None means the first that the cluster's components offer.
        guest: party that starts it; None means the first managed one.
        host: the other side; None means the next managed one, or the same if there is only one.
        deadline: seconds for everything; None means what the test says.

    Raises:
        UsageError: the test or a party does not exist, or a peer would have to do what it cannot.
        ProofFailed: it failed.
    """
    kind, component = chosen_proof(session.desired, name)
    guest, host = _sides(session, guest, host)
    deadline = deadline or kind.deadline
    events(Event("step", f"{kind.name} {guest} -> {host}"))
    with ServiceCommands(session, time.monotonic() + deadline) as commands:
        return proof_of(kind)(
            ProofGround(
                guest=guest,
                host=host,
                services=dict(_services(session.desired, component)),
                run=commands.of,
                waits=lambda seconds: waiting(session, seconds),
                events=events,
                deadline=deadline,
            )
        )


def _services(desired: Desired, component: str) -> Iterator[tuple[str, DesiredService]]:
    for service in desired.services.values():
        if service.id.component == component:
            yield service.id.owner, service


def _sides(session: Session, guest: str | None, host: str | None) -> tuple[str, str]:
    managed = sorted(session.cluster.parties, key=lambda party: (len(party), party))
    guest = guest or managed[0]
    host = host or next((party for party in managed if party != guest), guest)
    known = set(managed) | set(session.cluster.peers)
    for party in (guest, host):
        if party not in known:
            raise UsageError(f"there is no party {party}", remedy=f"use one of {', '.join(sorted(known))}")
    if guest not in managed:
        raise UsageError("only parties of this inventory can start a job; peers cannot")
    return guest, host


def result_document(result: ProofResult) -> SmokeTest:
    """The result as data for programs."""
    return {
        "test": result.kind,
        "id": result.id,
        "guest": result.guest,
        "host": result.host,
        "seconds": dict(result.seconds),
        "figures": {name: list(value) if isinstance(value, tuple) else value for name, value in result.figures.items()},
        "not_removed": list(result.left),
    }


def result_text(result: ProofResult) -> str:
    """The result as text for people."""
    return "\n".join([*result.summary, *(f"  could not remove: {left}" for left in result.left)])
