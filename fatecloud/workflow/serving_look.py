"""`serving models`, `serving cache`: what servers have loaded, and what they keep of answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from fatecloud.errors import FatecloudError, Refused
from fatecloud.model.event import Event, Listener
from fatecloud.model.kept_answers import KeptAnswers
from fatecloud.model.serving import LoadedModel, ModelsPage, OwnModels, differences
from fatecloud.plain import plain_word
from fatecloud.state.listed import MODELS, SERVICE_IDS, VERSIONS, keep_listed
from fatecloud.workflow.recorded import done_as_run
from fatecloud.workflow.serving import Serving, serving
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


def show_kept(session: Session, *, owners: Collection[str]) -> tuple[KeptAnswers, ...]:
    """What the servers of each owner keep of answers. Raises UsageError as `show_models` does."""
    with serving(session, owners) as there:
        return tuple(_kept(there, owner) for owner in there.owners)


def _kept(there: Serving, owner: str, seconds: int | None = None) -> KeptAnswers:
    try:
        return there.api.kept(owner, seconds)
    except FatecloudError as error:
        return replace(there.api.setting(owner), error=error.message)


def change_kept(
    session: Session,
    seconds: int,
    *,
    owners: Collection[str],
    confirm: Callable[[str], bool] | None,
    events: Listener,
    argv: tuple[str, ...],
) -> tuple[KeptAnswers, ...]:
    """Say for how long what is kept stays from now.

    Args:
        seconds: 0 removes it.
        owners: only of these; empty for all.
        confirm: asks the operator; None means that the answer is yes.

    Raises:
        UsageError: as `show_models`.
        Refused: the operator said no, or nothing is kept where it can be reached.
        RunError: a store could not be changed.
    """
    with serving(session, owners) as there:
        able = [owner for owner in there.owners if there.api.setting(owner).store]
        if not able:
            raise Refused("answers are kept in the servers' own memory: only a restart removes them there")
        what = (
            f"let the answers that are kept stay {seconds} s from now"
            if seconds
            else "remove all answers that are kept"
        )
        if confirm and not confirm(f"{what} at {', '.join(able)}?"):
            raise Refused("nothing was done")
        done: list[KeptAnswers] = []

        def act() -> None:
            for owner in able:
                found = there.api.kept(owner, seconds)
                done.append(found)
                events(Event("ok", f"{owner}: {found.changed} answers changed at {found.store}"))

        done_as_run(session, "serving cache", argv, events, act)
    return tuple(done)
