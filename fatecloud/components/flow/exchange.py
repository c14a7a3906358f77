"""One exchange with a flow over HTTP, and what goes wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from fatecloud.errors import FatecloudError

_P = ParamSpec("_P")
_T = TypeVar("_T")
Query = Mapping[str, str | Sequence[str]]

NO_ANSWER = -1
REFUSED = -2
"""Code for a refused connection: flow does not run."""


class FlowApiError(FatecloudError):
    """Flow refused a request, or gave no usable answer.

    Args:
        code: flow's own code from the envelope; `NO_ANSWER` or `REFUSED` when nothing usable came back.
        message: flow's own message, or the reason why there is no answer.
        path: the path that was asked.
        job: id of a job that flow created although it reported an error; empty if it created none.
    """

    def __init__(self, code: int, message: str, path: str, *, job: str = "") -> None:
        result = "no usable answer" if code < 0 else f"code {code}"
        super().__init__(f"flow, {path}: {result}: {message}")
        self.code = code
        self.reason = message
        self.path = path
        self.job = job


class Exchange(Protocol):
    """One HTTP exchange with one flow.

    Raises:
        FlowApiError: with `NO_ANSWER` or `REFUSED`, when no JSON object came back.
    """

    def __call__(
        self,
        method: str,
        path: str,
        /,
        *,
        query: Query | None,
        body: Mapping[str, Any] | None,
        timeout: float,
    ) -> Mapping[str, Any]:
        """Return flow's envelope, whatever its code."""


def understood(call: Callable[_P, _T]) -> Callable[_P, _T]:
    """Turn what goes wrong with an answer of another form into a `FlowApiError`: who listens may not be a flow."""

    @wraps(call)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return call(*args, **kwargs)
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError, StopIteration):
            raise FlowApiError(NO_ANSWER, "the answer has another form than flow's", call.__name__) from None

    return wrapped
