"""`preflight` on a session: selects the nodes, opens the store, and carries out repairs on the nodes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from fatecloud.model.duration import seconds
from fatecloud.model.event import Listener
from fatecloud.model.finding import Fix
from fatecloud.model.observed import Observed
from fatecloud.model.selection import Selection, select_nodes
from fatecloud.workflow.early import texts
from fatecloud.workflow.java_trials import with_trials
from fatecloud.workflow.leases import FACTS, read_when_free
from fatecloud.workflow.load import load_session
from fatecloud.workflow.observe import observe
from fatecloud.workflow.options import Options
from fatecloud.workflow.preflight import Outcome, fix_variables, preflight
from fatecloud.workflow.recorded import recorded
from fatecloud.workflow.session import Session
from fatecloud.workflow.stored import stored


def preflight_cluster(
    options: Options,
    events: Listener,
    *,
    selection: Selection,
    limit: Sequence[str],
    deadline: float,
    fix: bool,
    wait_lock: str | None = None,
    confirm: Callable[[Sequence[Fix]], bool] | None,
) -> Outcome:
    """Judge the nodes of an inventory, and repair what is safe if the operator agrees.

    Args:
        selection: which nodes, by their services; empty for all.
        limit: names of nodes.
        deadline: seconds for each node to answer.
        fix: whether to offer repairs.
        wait_lock: how long to wait before the repairs for another run that holds their nodes.
        confirm: asks the operator; None means that the answer is yes.

    Raises:
        UsageError: an unknown name, or a selection that is not made of whole nodes.
        Locked: another run holds a node that needs a repair.
        Refused: the base directory of such a node belongs to another cluster.
        RunError: a repair failed.
    """
    patience = seconds(wait_lock)
    session = load_session(options)
    _, gaps = stored(session.resolved.releases.values(), session.store)
    nodes = select_nodes(session.resolved, selection, limit)

    def read(*, probes: bool, extra: Mapping[str, Mapping[str, Any]]) -> Observed:
        found = observe(session, probes=probes, nodes=nodes, deadline=deadline, extra=extra)
        return with_trials(session, found, deadline)

    return preflight(
        lambda: session.desired,
        read,
        texts(session),
        artifacts_missing=gaps,
        repair=partial(_repair, session, events, patience) if fix else None,
        confirm=confirm or (lambda _: True),
    )


def _repair(session: Session, events: Listener, wait: float, fixes: Sequence[Fix]) -> None:
    nodes = fix_variables(fixes)
    # A repair is safe whatever another run has done meanwhile: it brings about a state, and the nodes are judged again.
    read = partial(observe, session, probes=False, nodes=nodes, want=FACTS)
    read_when_free(session, read, nodes, wait, events, verb="preflight", argv=sys.argv)
    with recorded(session, "preflight", sys.argv, events, nodes) as run:
        run.ansible.play("lease.yml")
        for node, actions in nodes.items():
            run.interruption.check()
            run.ansible.play("fix.yml", {"fix_actions": actions}, limit=[node])
