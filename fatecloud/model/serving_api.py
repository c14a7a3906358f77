"""How verbs about models ask the services that answer requests with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.jobs import Run
from fatecloud.model.kept_answers import KeptAnswers
from fatecloud.model.observed import Observed
from fatecloud.model.predicting import Prediction, Question
from fatecloud.model.serving import Loaded, LoadedModel


class ModelApi(Protocol):
    """The servers of a cluster that answer with models.

    Each method that asks a node raises FatecloudError when there is no usable answer.
    """

    @property
    def owners(self) -> tuple[str, ...]:
        """Who has such servers."""

    def servers(self, owner: str) -> tuple[DesiredService, ...]:
        """All of an owner's, in the order of their keys."""

    def party(self, owner: str) -> str:
        """The number of the party whose models an owner has; empty where it has no proxy, which says that."""

    def loaded(self, owner: str, observed: Observed) -> tuple[Loaded, ...]:
        """What each of them has, out of what was read."""

    def predict(self, owner: str, service: str, questions: Sequence[Question]) -> tuple[Prediction, ...]:
        """Ask for scores as an application does: one request alone, several in one batch.

        A generation that takes no batches is asked once for each.
        """

    def keeps_models(self, owner: str) -> str:
        """Why models cannot be taken out of an owner's servers, as a sentence; empty if they can."""

    def bind(self, server: str, model: LoadedModel, service: str) -> None:
        """Let a model that is loaded answer a service id, in the server of that key."""

    def unbind(self, server: str, model: LoadedModel, services: Sequence[str]) -> None:
        """Let it answer these no more."""

    def unload(self, server: str, model: LoadedModel) -> None:
        """Remove it from that server."""

    def setting(self, owner: str) -> KeptAnswers:
        """Where an owner's servers keep answers, and for how long; asks no node."""

    def kept(self, owner: str, seconds: int | None = None) -> KeptAnswers:
        """What an owner's servers keep of answers; with `seconds`, for how long it stays from now: 0 removes it."""


ModelApiAt = Callable[[Desired, Callable[[DesiredService], Run]], ModelApi]
"""What `Component.model_api` names; with what runs commands for a service on its node."""
