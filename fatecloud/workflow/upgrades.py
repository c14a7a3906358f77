"""Refuses to deploy a release over one from which there is no upgrade in place."""

from __future__ import annotations

from fatecloud import catalogue
from fatecloud.errors import Refused
from fatecloud.model.observed import Observed
from fatecloud.plan.data import NO_WISH, DataWish
from fatecloud.plan.upgrades import sentences, without_upgrade
from fatecloud.workflow.observe import manifests
from fatecloud.workflow.session import Session

PAGE = "docs/how-to/move-on.md"


def refuse_upgrades(session: Session, observed: Observed, wish: DataWish = NO_WISH) -> None:
    """Refuse a release that cannot take the place of the deployed one.

    Args:
        observed: the facts `manifest`; a node that was not read says nothing.
        wish: what the operator decided about the data of services.

    Raises:
        Refused: an owner has such a release; the message names its services, and what would be lost.
    """
    known = {name: catalogue.load(name).components for name in catalogue.names()}
    found = without_upgrade(session.resolved, manifests(observed), known, wish.new)
    if not found:
        return
    owners = session.cluster.owners
    back = "; ".join(dict.fromkeys(f"release: {one.now}" for one in found if one.now))
    raise Refused(
        "\n".join(line for one in found for line in sentences(one, owners[one.owner].title)),
        remedy=f"put the release back{f' ({back})' if back else ''}; to move, run the new release beside it as another "
        f"party, see {PAGE}",
    )
