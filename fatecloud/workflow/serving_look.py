"""`serving models`: what servers have loaded."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fatecloud.model.serving import LoadedModel, ModelsPage, OwnModels, differences
from fatecloud.plain import plain_word
from fatecloud.state.listed import MODELS, SERVICE_IDS, VERSIONS, keep_listed
from fatecloud.workflow.serving import serving
from fatecloud.workflow.session import Session


def show_models(session: Session, *, owners: Collection[str], deadline: float) -> ModelsPage:
    """What each server has.

    Args:
        owners: only those of these; empty for all.
        deadline: seconds for each node to answer.

    Raises:
        UsageError: no service answers requests with models.
        NotDeployed: none of these is deployed.
    """
    with serving(session, owners) as there:
        found = there.loaded(there.observe(deadline, limited=True))
    _keep(session, [model for own in found.values() for one in own for model in one.models or ()])
    return ModelsPage(tuple(OwnModels(owner, instances, differences(instances)) for owner, instances in found.items()))


def _keep(session: Session, models: Sequence[LoadedModel]) -> None:
    """For TAB."""
    ids = {service: f"version {model.table}" for model in models for service in model.services}
    names = {model.namespace.partition("#")[2].partition("#")[2]: f"version {model.table}" for model in models}
    versions = {model.table: f"{model.role} {model.party}" for model in models}
    for what, words in ((SERVICE_IDS, ids), (MODELS, names), (VERSIONS, versions)):
        keep_listed(session.state, what, [(plain_word(word), plain_word(said)) for word, said in words.items()])
