"""Takes back what a verb about service ids had done when it failed, and says what it could not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from fatecloud.errors import FatecloudError, RunError
from fatecloud.model.serving import Loaded, LoadedModel
from fatecloud.workflow.serving import Serving


def require_known(instances: Collection[Loaded]) -> None:
    """Make sure that all models of each of these servers are known. Raises RunError."""
    if lost := [f"{one.id.key}: {one.unknown}" for one in instances if one.unknown]:
        raise RunError("; ".join(lost), remedy="fatecloud check")


def add_what_is_left(error: FatecloudError, left: Sequence[str]) -> None:
    """Let an error say whether what was done before it is taken back.

    Args:
        left: what is not, in words.
    """
    after = f"could not be taken back: {'; '.join(left)}" if left else "what was done is taken back"
    error.message = f"{error.message}; {after}"


def led_back(there: Serving, owner: str, before: Sequence[Loaded], service: str, deadline: float) -> list[str]:
    """Let the servers of an owner answer a service id with what they answered it with before.

    Args:
        before: what they had.
        deadline: seconds for each node to answer.

    Returns:
        What could not be done, in words.
    """
    try:
        now = there.api.loaded(owner, there.observe(deadline))
    except FatecloudError as error:
        return [error.message]
    former = {one.id.key: one.bound(service) for one in before}
    return [words for one in now for words in _led_back(there, owner, one, former.get(one.id.key), service)]


def _led_back(there: Serving, owner: str, now: Loaded, former: LoadedModel | None, service: str) -> Iterator[str]:
    model = now.bound(service)
    # What leads nowhere may lead to a model that was not read.
    if now.models is None or (now.unknown and model is None and former is None):
        yield f"{now.id.key}: {now.unknown}"
        return
    # A record is written a moment later.
    same = not now.recorded and model is not None and former is not None and model.name == former.name
    try:
        if former is not None and not same:
            there.api.bind(now.id.key, former, service)
        elif former is None and model is not None:
            if there.api.keeps_models(owner):
                yield f"{now.id.key} answers service id {service} with model {model.table}"
            else:
                there.api.unbind(now.id.key, model, [service])
    except FatecloudError as error:
        yield error.message
