"""How a verb that changes something inside services goes about it: it asks, and holds their nodes while it works."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fatecloud.errors import Refused
from fatecloud.model.observed import Observed
from fatecloud.plan.belonging import refuse_strangers
from fatecloud.workflow.deployed import require_read
from fatecloud.workflow.leases import read_when_free
from fatecloud.workflow.recorded import Recorded, recorded
from fatecloud.workflow.session import Session
from fatecloud.workflow.ui import Ui

LEASE = "lease.yml"


@dataclass(frozen=True, slots=True)
class Changing:
    """How such a verb is called."""

    verb: str
    """For the history."""
    ui: Ui
    confirm: Callable[[str], bool] | None
    """Asks the operator; None means that the answer is yes."""
    wait: float
    """Seconds to wait for another run that holds the nodes."""
    deadline: float
    """Seconds for each node to answer when it is read."""
    argv: tuple[str, ...]

    def ask(self, question: str) -> None:
        """Ask the operator. Raises Refused for a no."""
        if self.confirm and not self.confirm(question):
            raise Refused("nothing was done")


def read_free(session: Session, read: Callable[[], Observed], nodes: Collection[str], changing: Changing) -> Observed:
    """What nodes are when no other run holds them.

    Args:
        read: reads these nodes, at least `deployed.FACTS`.
        nodes: names.

    Raises:
        Locked: another run holds a node.
        Refused: a node is not the one that the inventory means.
        RunError: a node could not be read.
    """
    observed = read_when_free(session, read, nodes, changing.wait, changing.ui, verb=changing.verb, argv=changing.argv)
    require_read(observed)
    refuse_strangers(session.cluster, observed, nodes)
    return observed


@contextmanager
def held(session: Session, nodes: Collection[str], changing: Changing) -> Iterator[Recorded]:
    """A run of the history that holds the nodes. Raises Locked where another one was faster."""
    with recorded(session, changing.verb, changing.argv, changing.ui, nodes) as run:
        run.ansible.play(LEASE)
        yield run
