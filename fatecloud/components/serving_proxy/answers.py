"""What Serving answers to requests for a score, in both of its generations."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.model.predicting import Score
from fatecloud.plain import plain_word

_NAMES = ("score", "prob")
"""Of the score: Serving 2, Serving 1."""
_KEPT = "hit host cache"
_CODE = re.compile(r"\d{1,7}")


def score_in(answer: Any) -> Any:
    """What one answer has for a score, whatever it is; None where it has none."""
    data = answer.get("data") if isinstance(answer, Mapping) else None
    return next((data[name] for name in _NAMES if name in data), None) if isinstance(data, Mapping) else None


def number(value: Any) -> float:
    """The value where it can be a score, else not a number. A whole number in JSON may be too large for a float."""
    if isinstance(value, float) and math.isfinite(value):
        return value
    return value if type(value) is int and 0 <= value <= 1 else math.nan


def scored(answer: Mapping[str, Any]) -> Score:
    """One answer.

    Serving 1 says success where another party failed, and gives the guest's part alone: only the code of that party,
    `data.retcode`, says that both are in it. Its proxy has `code` in the place of `retcode`.
    """
    found = answer.get("data")
    data: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    value = number(score_in(answer))
    code = _code(answer.get("retcode", answer.get("code")))
    old = "prob" in data
    words = plain_word(answer.get("retmsg", answer.get("message")))
    if old and code == 0 and _code(data.get("retcode")) != 0:
        code, words = _code(data.get("retcode")), "the other party did not answer: this is the guest's part alone"
    kept = words == _KEPT or (old and answer.get("flag") == 1)
    return Score(code, words, None if math.isnan(value) else value, plain_word(data.get("modelVersion")), kept)


def batch(answer: Mapping[str, Any], requests: int) -> tuple[Score, ...]:
    """The answers of a batch in the order of its requests, whose index begins with 1."""
    listed = answer.get("batchDataList")
    if _code(answer.get("retcode", answer.get("code"))) != 0 or not isinstance(listed, list):
        return (scored(answer),) * requests
    by_index = dict(_indexed(listed))
    lost = Score(-1, "the batch's answer has nothing for this request", None)
    return tuple(scored(by_index[n]) if n in by_index else lost for n in range(1, requests + 1))


def _indexed(listed: list[Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for one in listed:
        if isinstance(one, Mapping) and type(one.get("index")) is int:
            yield one["index"], one


def _code(value: Any) -> int:
    """-1 for none, and for anything else. Serving 1 writes some codes as texts."""
    if type(value) is int:
        return value
    return int(value) if isinstance(value, str) and _CODE.fullmatch(value) else -1
