"""What the smoke tests read off the numbers that their jobs recorded."""

from __future__ import annotations

from fatecloud.components.flow.proof_figures import auc, losses, shared
from fatecloud.model.jobs import Measure


def measure(name: str, value: float, step: int | None = None) -> Measure:
    return Measure("t", "guest", "9999", name, "train", step, value)


def test_the_figures_are_found_among_others() -> None:
    found = [measure("ks", 0.8), measure("auc", 0.97), measure("intersect_count", 160), measure("loss", 0.6, 1)]
    found.append(measure("loss", 0.7, 0))
    assert (auc(found), losses(found), shared(found)) == (0.97, (0.7, 0.6), 160)


def test_figures_that_are_not_there() -> None:
    assert (auc([]), losses([measure("loss", 0.7)]), shared([measure("input_count", 3)])) == (None, (), None)
