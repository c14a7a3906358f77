"""Runs a smoke test on a session's cluster."""

from __future__ import annotations

import shlex
import time
import uuid
from functools import partial

from fatecloud.checks.engine import judge
from fatecloud.components.declared import component_checks
from fatecloud.errors import ProofFailed, UsageError
from fatecloud.model.event import Event, Listener
from fatecloud.report.kinds.run import SmokeTest
from fatecloud.workflow.as_service import as_service
from fatecloud.workflow.jobs import JobApis
from fatecloud.workflow.load import Session
from fatecloud.workflow.observe import observe
from fatecloud.workflow.proof import CLEAN_UP, LrResult, ToyResult, run_lr, run_toy

KINDS = ("toy", "lr")
SHOWN = 6
"""The most findings in the message of a job that failed."""


class ProofFiles:
    """Files of a smoke test on the nodes that run it; see `proof_traces.NodeFiles`."""

    def __init__(self, apis: JobApis, session: Session) -> None:
        self._apis = apis
        self._session = session

    def _run(self, party: str, argv: tuple[str, ...], stdin: bytes = b"") -> None:
        # The directories are the service's, which could put a link where root would write: root does not.
        service = self._apis.services[party]
        node = self._session.cluster.nodes[service.id.node]
        timeout, become = self._apis.seconds_for(60), node.become == "root"
        done = self._apis.transport(party).run(
            as_service(service, node, argv), stdin=stdin, timeout=timeout, become=become
        )
        if done.exit != 0:
            raise ProofFailed(f"party {party}: {done.stderr.decode(errors='replace').strip()}")

    def put(self, party: str, name: str, data: bytes) -> str:
        """Write a new file that the party's flow can read, and return its path."""
        path = f"{self._apis.services[party].facts['upload_directory']}/{name}"
        self._run(party, ("sh", "-c", f"umask 077 && set -C && cat >{shlex.quote(path)}"), data)
        return path

    def discard(self, party: str, path: str) -> None:
        """Remove a file that `put` wrote."""
        self._run(party, ("rm", "-f", "--", path))

    def discard_job(self, party: str, job: str) -> None:
        """Remove what flow keeps of a job on its disk."""
        if not job.isdigit():
            raise ProofFailed(f"not a job id: {job!r}")
        patterns = " ".join(pattern.format(job=job) for pattern in self._apis.services[party].facts["job_traces"])
        self._run(party, ("sh", "-c", f"rm -rf -- {patterns}"))


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
    session: Session, kind: str, guest: str | None, host: str | None, deadline: float, events: Listener
) -> ToyResult | LrResult:
    """Run the toy or the LR between two parties.

    Args:
        kind: `toy` or `lr`.
        guest: party that starts the job; None means the first managed one.
        host: the other side; None means the next managed one, or the same if there is only one.
        deadline: seconds for everything: the job is stopped early enough to remove what it created.

    Raises:
        UsageError: the kind or a party does not exist, or a peer would have to run the LR's upload.
        ProofFailed: the job failed.
    """
    if kind not in KINDS:
        raise UsageError(f"invalid smoke test {kind!r}: use {' or '.join(KINDS)}")
    managed = sorted(session.cluster.parties, key=lambda party: (len(party), party))
    guest = guest or managed[0]
    host = host or next((party for party in managed if party != guest), guest)
    known = set(managed) | set(session.cluster.peers)
    for party in (guest, host):
        if party not in known:
            raise UsageError(f"there is no party {party}", remedy=f"use one of {', '.join(sorted(known))}")
    if guest not in managed or (kind == "lr" and host not in managed):
        raise UsageError("only parties of this inventory can start a job or upload data; peers cannot")
    events(Event("step", f"{kind} job {guest} -> {host}"))
    clean_up = min(CLEAN_UP, deadline / 3)
    with JobApis(session, time.monotonic() + deadline) as apis:
        reachable = {party: apis.api(party) for party in {guest, host} & set(apis.services)}
        files = ProofFiles(apis, session)
        waits = partial(waiting, session, clean_up / 2)
        if kind == "toy":
            return run_toy(
                reachable, guest, host, events, deadline - clean_up, files=files, clean_up=clean_up, waits=waits
            )
        tag = f"fatecloud_{uuid.uuid4().hex[:10]}"
        return run_lr(
            reachable, guest, host, events, deadline - clean_up, files=files, tag=tag, clean_up=clean_up, waits=waits
        )


def result_document(result: ToyResult | LrResult) -> SmokeTest:
    """The result as data for programs."""
    return {
        "test": "toy" if isinstance(result, ToyResult) else "lr",
        "job": result.job,
        "guest": result.guest,
        "host": result.host,
        "seconds": {"job": result.seconds} if isinstance(result, ToyResult) else dict(result.timings),
        "model": None
        if isinstance(result, ToyResult)
        else {"auc": result.auc, "losses": list(result.losses), "shared": result.shared},
        "not_removed": list(result.left),
    }


def result_text(result: ToyResult | LrResult) -> str:
    """The result as text for people."""
    lines = []
    if isinstance(result, ToyResult):
        sides = f"{result.guest} -> {result.host}"
        lines.append(f"toy {sides}: success in {result.seconds:.0f} s (job {result.job})")
    else:
        losses = ", ".join(f"{loss:.4f}" for loss in result.losses)
        lines.append(f"hetero-LR {result.guest} -> {result.host}: success (job {result.job})")
        lines.append(f"  AUC {result.auc:.4f}, loss per epoch {losses}, {result.shared} rows in common")
        lines.append("  seconds: " + ", ".join(f"{name} {value:.0f}" for name, value in result.timings.items()))
    lines += [f"  could not remove: {left}" for left in result.left]
    return "\n".join(lines)
