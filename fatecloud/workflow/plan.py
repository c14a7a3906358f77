"""Compares the observed state with the desired one, and gets the old texts for the differences from the nodes."""

from __future__ import annotations

from collections.abc import Collection

from fatecloud.model.observed import Observed
from fatecloud.model.plan import Plan
from fatecloud.plan.data import NO_WISH, DataWish
from fatecloud.plan.files import texts_needed
from fatecloud.plan.make import make_plan
from fatecloud.timing import phase
from fatecloud.workflow.edits import with_edits
from fatecloud.workflow.needed_secrets import values_on_nodes
from fatecloud.workflow.observe import manifests
from fatecloud.workflow.session import Session
from fatecloud.workflow.texts import texts_from


def plan_from(session: Session, observed: Observed, nodes: Collection[str] = (), wish: DataWish = NO_WISH) -> Plan:
    """Compare with what was observed, with diffs against the texts that are on the nodes.

    Args:
        nodes: names of the nodes that the plan is for; empty for all.
        wish: what the operator decided about the data of services.

    Raises:
        RunError: nodes gave no facts, or do not answer any more.
        SecretsError: a file needs a secret that has no value.
    """
    with phase("compared"):
        texts = _old_texts(session, observed)
        values = values_on_nodes(session.desired, session.vault.secrets)
        plan = make_plan(session.desired, observed, values, texts, nodes=nodes, wish=wish)
        return with_edits(session, observed, plan)


def _old_texts(session: Session, observed: Observed) -> dict[str, str]:
    """The texts of the last deploy, without secrets, as far as a diff needs them. Raises as `texts_from`."""
    return texts_from(
        session,
        {
            name: texts_needed(session.desired.files.get(name, ()), record.get("files", {}))
            for name, record in manifests(observed).items()
        },
    )
