"""What repeats is sampled by a seed, which `scripts/test` prints; the long mode leaves nothing out."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Sequence
from typing import TypeVar

LONG = os.environ.get("FATECLOUD_LONG") == "1"
SEED = int(os.environ.get("FATECLOUD_SEED") or random.SystemRandom().randrange(10_000))

Item = TypeVar("Item")
Other = TypeVar("Other")


def dice(what: str) -> random.Random:
    """Dice that fall the same for the same seed, whatever else is sampled."""
    return random.Random(f"{SEED} {what}")  # noqa: S311 - to be repeated, not to be secret


def sample(what: str, items: Iterable[Item], most: int) -> list[Item]:
    """So many of the items, in their order."""
    found = list(items)
    if LONG or most >= len(found):
        return found
    return [found[number] for number in sorted(dice(what).sample(range(len(found)), most))]


def pairs(what: str, items: Sequence[Item], others: Sequence[Other]) -> list[tuple[Item, Other]]:
    """Each of the items with one of the others, every other at least once if there are enough items.

    In the long mode each with each.
    """
    if LONG:
        return [(item, other) for other in others for item in items]
    fall = dice(what)
    chosen = [others[number % len(others)] for number in range(len(items))]
    fall.shuffle(chosen)
    return list(zip(items, chosen, strict=True))
