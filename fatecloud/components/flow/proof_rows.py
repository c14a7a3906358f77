"""The made-up data of the smoke test, and where it is kept."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Literal

DataRole = Literal["guest", "host"]

NAMESPACE = "fatecloud_proof"
"""Of its tables; no one else's are in it."""
_FEATURES: Mapping[DataRole, int] = {"guest": 4, "host": 6}
_SHARED = 0.8


def shared_rows(n: int) -> int:
    """How many of `n` rows have a key that the other party has too."""
    return int(n * _SHARED)


def lr_rows(role: DataRole, n: int, seed: int) -> str:
    """One party's share of a small data set that can be learned, as CSV with a header.

    Both parties call this with the same `n` and `seed`: then the first `shared_rows(n)` keys are the same people,
    and the guest's label depends on the features of both. The other keys are known to one party only.
    """
    shared = shared_rows(n)
    # The same numbers at both parties without any exchange: each makes all rows, and writes its own columns.
    people = random.Random(seed)  # noqa: S311 (made-up data)
    columns = [f"x{number}" for number in range(_FEATURES[role])]
    lines = [",".join(["id", *(["y"] if role == "guest" else []), *columns])]
    for number in range(n):
        features = {who: [people.gauss(0, 1) for _ in range(count)] for who, count in _FEATURES.items()}
        score = sum(value * (-1) ** index for values in features.values() for index, value in enumerate(values))
        label = int(score + people.gauss(0, 0.5) > 0)
        key = f"p{number}" if number < shared else f"{role}{number}"
        fields = [key, *([str(label)] if role == "guest" else []), *(f"{value:.4f}" for value in features[role])]
        lines.append(",".join(fields))
    return "\n".join(lines) + "\n"
