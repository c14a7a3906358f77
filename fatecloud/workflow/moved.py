"""An inventory whose cluster was deployed on other machines: the same cluster moved, or a copy for a new one."""

from __future__ import annotations

from collections.abc import Callable

from fatecloud.errors import Refused, RunError
from fatecloud.inventory.cluster_id import is_example
from fatecloud.model.observed import Observed
from fatecloud.state.nodes import known_again, past_nodes
from fatecloud.workflow.departed import named, present_nodes
from fatecloud.workflow.session import Session

_COPY = "fatecloud init --new-id makes a copied inventory a cluster of its own"


def refuse_example(session: Session) -> None:
    """Refuse an id that other clusters have too. Raises Refused."""
    if is_example(session.cluster.id):
        raise Refused(
            f"the id {session.cluster.id} is the one of a shipped example, so other clusters may have it too",
            remedy="fatecloud init --new-id writes a random one",
        )


def moved_note(session: Session, observed: Observed) -> str:
    """A sentence if the history has nodes and none of them is in the inventory; empty otherwise.

    A record on a node counts more than the history: if a node has a record of this cluster, it is this cluster.
    """
    try:
        past = past_nodes(session.state)
    except RunError:
        return ""  # `departed_notes` reports the error
    present = present_nodes(session.cluster, observed, unread="not read")
    ours = any(_recorded(session, observed, node.name) for node in present)
    if not past or ours or known_again(past, present):
        return ""
    return (
        f"cluster {session.cluster.name} (id {session.cluster.id}) was deployed on {', '.join(named(past))}, "
        "and none of these machines is in this inventory"
    )


def ask_moved(session: Session, observed: Observed, confirm: Callable[[str], bool] | None, *, moved: bool) -> None:
    """Ask once whether the cluster moved to other machines; a deploy that goes on puts them into the history.

    Args:
        confirm: asks the operator; None with --yes.
        moved: whether the operator used --moved.

    Raises:
        Refused: it is a copy, or it is not known which of the two it is.
    """
    note = "" if moved else moved_note(session, observed)
    if not note:
        return
    # With --yes no one can be asked, and taking a copy for the original would make two clusters of one id.
    if confirm is None:
        raise Refused(note, remedy=f"{_COPY}; fatecloud deploy --moved if it is the same one on other machines")
    if not confirm(f"{note}. Is this the same cluster, moved to other machines?"):
        raise Refused("nothing was done", remedy=_COPY)


def _recorded(session: Session, observed: Observed, name: str) -> bool:
    facts = observed.reached(name)
    return bool(facts and (facts.fact("manifest").value or {}).get("id") == session.cluster.id)
