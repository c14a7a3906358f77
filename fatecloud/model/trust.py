"""What a node's own records need before anyone believes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RECORDS = ("manifest", "lease", "data")
"""Facts that are read from our records on a node."""


def untrusted_records(fact: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Why a node's records are not believed; empty if they are.

    Args:
        fact: the fact `records`.
    """
    return tuple(map(str, (fact or {}).get("untrusted", ())))
