"""Runs a smoke test on a session's cluster."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from fatecloud.checks.engine import judge
from fatecloud.components.declared import component_checks
from fatecloud.components.registry import by_kind, proof_of
from fatecloud.errors import RunError, UsageError
from fatecloud.model.cluster import Cluster
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.event import Event, Listener
from fatecloud.model.identity import in_order
from fatecloud.model.proof import ProofGround, ProofKind, ProofResult
from fatecloud.model.timing import WHOLE, slower, usual_of
from fatecloud.report.kinds.run import SmokeTest
from fatecloud.state.timings import keep_timing, timings_of
from fatecloud.workflow.observe import observe
from fatecloud.workflow.service_commands import ServiceCommands
from fatecloud.workflow.session import Session

SHOWN = 6
"""The most findings in the message of a job that failed."""


def proofs(desired: Desired) -> dict[str, tuple[ProofKind, str]]:
    """The smoke tests that the services of a cluster offer, by name, each with its component; early ones come last."""
    there = {service.kind: service.id.component for service in desired.services.values()}
    offered = [(kind, name) for generation, name in sorted(there.items()) for kind in by_kind()[generation].proofs]
    return {kind.name: (kind, name) for kind, name in sorted(offered, key=lambda one: one[0].early)}


@dataclass(frozen=True, slots=True)
class Round:
    """One smoke test at the end of a deploy."""

    kind: str
    guest: str
    host: str


def rounds(desired: Desired, due: Collection[str], name: str | None) -> tuple[Round, ...]:
    """The smoke tests that show that owners work: two owners each, a last one with any other that can take part.

    Args:
        due: ids of these owners.
        name: the test that the operator chose; None, and for owners that do not offer it, means the first that a
            component of theirs offers.

    Returns:
        The early ones first.
    """
    known = list(proofs(desired).values())
    found = []
    for kind, component in known:
        if kind.early:
            offering = {owner for owner, own in _offered(desired, component).items() if kind.name in own}
            found += [Round(kind.name, *pair) for pair in _pairs(desired, offering, due)]
    left = set(due)
    for component in dict.fromkeys(component for kind, component in known if not kind.early):
        # The generations of a component need not offer the same tests.
        offered = {
            owner: [n for n, kind in own.items() if not kind.early]
            for owner, own in _offered(desired, component).items()
        }
        able = {owner for owner, names in offered.items() if names}
        for guest, host in _pairs(desired, able, left):
            found.append(Round(name if name in offered[guest] else offered[guest][0], guest, host))
        left -= able
    return tuple(found)


def _offered(desired: Desired, component: str) -> dict[str, dict[str, ProofKind]]:
    """The smoke tests by name that each owner's generation of a component offers."""
    kinds = by_kind()
    return {
        owner: {one.name: one for one in kinds[service.kind].proofs} for owner, service in _services(desired, component)
    }


def _pairs(desired: Desired, able: Collection[str], due: Collection[str]) -> Iterator[tuple[str, str]]:
    """Guest and host for each two of the due owners that can take part: a test shows of both sides that they work."""
    waiting = sorted((owner for owner in able if owner in due), key=in_order)
    while waiting:
        guest = waiting.pop(0)
        host = _partner(desired, guest, waiting) or _partner(desired, guest, able) or guest
        waiting = [owner for owner in waiting if owner != host]
        yield guest, host


def _partner(desired: Desired, guest: str, among: Collection[str]) -> str:
    """The first other owner with which one can run a job; empty if there is none."""
    apart = desired.cluster.compatibility.apart
    return next((one for one in sorted(among, key=in_order) if one != guest and not apart(guest, one)), "")


def chosen_proof(desired: Desired, name: str | None) -> tuple[ProofKind, str]:
    """A smoke test by its name, else the default one, and its component. Raises UsageError if there is none."""
    known = proofs(desired)
    name = name or next(iter(known), "")
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
    services = dict(_services(session.desired, component))
    guest, host = _sides(session, services, guest, host)
    kind = _own_kind(services[guest], kind)
    deadline = deadline or kind.deadline
    events(Event("step", f"{kind.name} {guest} -> {host}"))
    with ServiceCommands(session, time.monotonic() + deadline) as commands:
        result = proof_of(kind)(
            ProofGround(
                guest=guest,
                host=host,
                services=services,
                beside=lambda owner, beside: dict(_services(session.desired, beside)).get(owner),
                run=commands.of,
                waits=lambda seconds: waiting(session, seconds),
                events=events,
                deadline=deadline,
            )
        )
    return _compared(session, result, events)


def _own_kind(service: DesiredService, kind: ProofKind) -> ProofKind:
    """The smoke test as the party's own generation runs it. Raises UsageError if it has none of that name."""
    own = {one.name: one for one in by_kind()[service.kind].proofs}
    if kind.name not in own:
        raise UsageError(
            f"the release of party {service.id.owner} has no smoke test {kind.name!r}",
            remedy=f"use {' or '.join(own)}",
        )
    return own[kind.name]


def _compared(session: Session, result: ProofResult, events: Listener) -> ProofResult:
    """The result beside those of earlier tests, among which it is kept for later ones."""
    owner = session.cluster.owners[result.guest]
    series = " ".join((result.kind, result.guest, result.host, owner.release, owner.architecture or ""))
    try:
        usual = usual_of(timings_of(session.state, series))
        keep_timing(session.state, series, time.time(), result.seconds)
    except RunError as error:
        events(Event("note", f"its time is not compared with that of other tests: {error.message}"))
        return result
    return replace(result, usual=usual)


def _services(desired: Desired, component: str) -> Iterator[tuple[str, DesiredService]]:
    """Each owner that has services of a component, and the first of these."""
    for owner in desired.cluster.owners:
        found = [
            service
            for service in desired.services.values()
            if (service.id.owner, service.id.component) == (owner, component)
        ]
        yield from ((owner, service) for service in found[:1])


def _sides(session: Session, managed: Collection[str], guest: str | None, host: str | None) -> tuple[str, str]:
    able = sorted(managed, key=in_order)
    guest = guest or able[0]
    host = host or _partner(session.desired, guest, able) or guest
    known = {*managed, *session.cluster.peers}
    for owner in (guest, host):
        if owner not in known:
            raise UsageError(f"{owner} cannot take part in this test", remedy=f"use one of {', '.join(sorted(known))}")
    if guest not in managed:
        raise UsageError("only parties of this inventory can start a job; peers cannot")
    refuse_apart(session.cluster, guest, host)
    return guest, host


def refuse_apart(cluster: Cluster, guest: str, host: str) -> None:
    """Refuse two parties between which no job can run. Raises UsageError with the reason."""
    if why := cluster.compatibility.apart(guest, host):
        others = ", ".join(cluster.others(guest)) or guest
        raise UsageError(f"parties {guest} and {host}: {why}", remedy=f"--from {guest} works with {others}")


def result_document(result: ProofResult) -> SmokeTest:
    """The result as data for programs."""
    return {
        "test": result.kind,
        "id": result.id,
        "guest": result.guest,
        "host": result.host,
        "seconds": dict(result.seconds),
        "usual": dict(result.usual.seconds),
        "earlier": result.usual.tests,
        "figures": {name: list(value) if isinstance(value, tuple) else value for name, value in result.figures.items()},
        "not_removed": list(result.left),
    }


def result_text(result: ProofResult) -> str:
    """The result as text for people."""
    left = (f"  could not remove: {left}" for left in result.left)
    return "\n".join([*result.summary, *_beside_others(result), *left])


def _beside_others(result: ProofResult) -> Iterator[str]:
    usual = result.usual
    of = f"of {usual.tests} earlier {'test' if usual.tests == 1 else 'tests'}"
    if late := slower(result.seconds, usual):
        words = ", ".join(
            f"{phase} {result.seconds[phase]:.0f} s, usually {usual.seconds[phase]:.0f} s" for phase in late
        )
        yield f"  slower than usual: {words} (median {of})"
    elif WHOLE in usual.seconds:
        yield f"  usually {usual.seconds[WHOLE]:.0f} s in all (median {of})"
