"""The id of a job, as an operator types it."""

from __future__ import annotations

import re

from fatecloud.errors import UsageError

LIST = "`fatecloud job list` shows the newest jobs"
JOB = re.compile(r"[0-9]{14,32}")
"""FATE makes an id from the time of submission. It becomes a part of paths on nodes, so only digits are accepted."""


def job_id(text: str) -> str:
    """The id.

    Raises:
        UsageError: it has another form.
    """
    if not JOB.fullmatch(text):
        raise UsageError(f"invalid job id {text!r}: an id has 14 to 32 digits, like 202611261932145550830", remedy=LIST)
    return text
