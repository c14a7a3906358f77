"""Phases that read the nodes, and make sure that they are the ones that the operator means."""

from __future__ import annotations

import time

from fatecloud.model.event import Event
from fatecloud.resolve.machines import resized
from fatecloud.workflow.departed import departed_notes
from fatecloud.workflow.early import texts
from fatecloud.workflow.java_trials import with_trials
from fatecloud.workflow.leases import recording_locked, wait_until_free
from fatecloud.workflow.moved import ask_moved
from fatecloud.workflow.observe import observe
from fatecloud.workflow.phases.state import Deploy
from fatecloud.workflow.preflight import reading


def read_nodes(deploy: Deploy) -> None:
    """Read all facts, and what preflight needs beside them; the services are not asked."""
    count = len(deploy.wanted.limit or deploy.session.cluster.nodes)
    deploy.ui(Event("step", f"reading {count} node{'s' if count != 1 else ''}"))
    deploy.observed = observe(
        deploy.session,
        probes=False,
        nodes=deploy.wanted.limit,
        deadline=deploy.wanted.deadline,
        extra=reading(deploy.session.resolved, texts(deploy.session)),
        meanwhile=deploy.session.make_ready,
    )


def wait_for_other_runs(deploy: Deploy) -> None:
    """Let another run end, for as long as the operator allows. What was read before is then out of date."""
    left = max(0.0, deploy.until - time.monotonic())
    with recording_locked(deploy.session, "deploy", deploy.wanted.argv, deploy.ui):
        if wait_until_free(deploy.session, deploy.observed, deploy.wanted.limit, left, deploy.ui):
            read_nodes(deploy)


def ask_whether_it_moved(deploy: Deploy) -> None:
    """Find out whether an inventory on other machines is the same cluster or a copy."""
    ask_moved(deploy.session, deploy.observed, deploy.confirm, moved=deploy.wanted.moved)


def try_javas(deploy: Deploy) -> None:
    """Start the JVMs that are there with the flags of services that do not run with them yet."""
    deploy.observed = with_trials(deploy.session, deploy.observed, deploy.wanted.deadline)


def note_changes_of_nodes(deploy: Deploy) -> None:
    """Name nodes that left the inventory, machines that have changed, and parties that cannot run jobs together."""
    cluster = deploy.session.cluster
    for line in (*departed_notes(deploy.session), *resized(cluster, deploy.observed), *cluster.compatibility.notes):
        deploy.note(line)
