"""`serving predict`: scores for the requests in a file, as an application gets them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fatecloud.errors import InputError, UsageError
from fatecloud.model.predicting import Prediction, Question
from fatecloud.workflow.serving import owner_of, serving
from fatecloud.workflow.session import Session

MOST_BYTES, MOST = 1 << 20, 300
"""Of a file; requests in a batch, which is also Serving's own limit unless it is set otherwise."""
EXPECTED = 'an object of features, {"x0": 0.5}, or a list of these, or of {"features": {...}, "send": {...}}'
_FEATURES, _SEND = "features", "send"


def predict(
    session: Session, service: str, questions: Sequence[Question], *, owner: str | None, deadline: float
) -> tuple[Prediction, ...]:
    """Ask for scores.

    Args:
        service: id that a model is bound to.
        questions: one is asked as a single request, several as a batch.
        owner: whose servers answer it; None where the service id says that.
        deadline: seconds for each node to answer when it is read.

    Raises:
        UsageError: no server here has the service id.
        FatecloudError: there is no usable answer.
    """
    with serving(session, [owner] if owner else ()) as there:
        # Where there is one owner alone, it has to answer for itself what it does not know.
        known = there.owners[0] if len(there.owners) == 1 else None
        return there.api.predict(known or owner_of(there.loaded(there.observe(deadline)), service), service, questions)


def questions_in(file: Path, sent: Sequence[str]) -> tuple[Question, ...]:
    """The requests in a file.

    Args:
        file: JSON, see `EXPECTED`.
        sent: `NAME=VALUE` for all of them that say nothing of it: what other parties find their features by.

    Raises:
        InputError: the file cannot be read, or is of another form.
        UsageError: one of `sent` is of another form.
    """
    everyone = dict(_pair(word) for word in sent)
    try:
        with file.open("rb") as stream:
            text = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from error
    if len(text) > MOST_BYTES:
        raise InputError(f"{file}: more than {MOST_BYTES >> 20} MiB")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: not JSON: {error}; expected {EXPECTED}") from error
    listed = found if isinstance(found, list) else [found]
    if not 0 < len(listed) <= MOST:
        raise InputError(f"{file}: {len(listed)} requests; expected 1 to {MOST}")
    return tuple(_question(file, number, one, everyone) for number, one in enumerate(listed, 1))


def _question(file: Path, number: int, one: Any, everyone: Mapping[str, Any]) -> Question:
    whole = isinstance(one, dict) and isinstance(one.get(_FEATURES), dict)
    features = one[_FEATURES] if whole else one
    sent = one.get(_SEND, everyone) if whole else everyone
    odd = sorted(set(one) - {_FEATURES, _SEND}) if whole else []
    if odd:
        raise InputError(f"{file}: request {number}: unknown key {odd[0]!r}; expected {_FEATURES} and {_SEND}")
    for what, values in ((_FEATURES, features), (_SEND, sent)):
        if not isinstance(values, dict) or not all(isinstance(v, (str, int, float)) for v in values.values()):
            raise InputError(
                f"{file}: request {number}: {what} is not names with numbers or texts; expected {EXPECTED}"
            )
    return Question(features, sent)


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not name or not equals:
        raise UsageError(f"invalid --send {word!r}: use NAME=VALUE, for example device_id=17")
    return name, value
