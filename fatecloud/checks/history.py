"""What is kept of a check for later ones: a few numbers of each subject, bounded in number and age. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice

from fatecloud.model.check import CheckSpec, NodeView, ServiceView
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.observed import Observed
from fatecloud.model.samples import History, Sample

MOST = 64
"""Samples of one value. When there are more, every second one of the older half goes: the last ones stay close to each
other, and the first ones reach far back, however often someone checks."""
NAMES = 256
"""Values of one subject."""
AGE = 60 * 86400.0
"""Seconds."""


def joined(kept: History, desired: Desired, observed: Observed, specs: Sequence[CheckSpec]) -> History:
    """The samples that were kept, with those of this pass over the nodes.

    Args:
        kept: of earlier passes.
        desired: the whole cluster.
        observed: this pass.
        specs: the checks; those that need samples say which.
    """
    found = {subject: _living(series, observed.taken) for subject, series in kept.items()}
    for subject, name, value in _taken(desired, observed, specs):
        mine = found.setdefault(subject, {})
        mine[name] = _thinned((*mine.get(name, ()), Sample(observed.taken, value)))
    return {subject: dict(islice(series.items(), NAMES)) for subject, series in found.items() if series}


def _living(series: Mapping[str, tuple[Sample, ...]], now: float) -> dict[str, tuple[Sample, ...]]:
    """Without what is too old, or was seen after now: the clock may have been set back."""
    young = {name: tuple(s for s in samples if now - AGE <= s.time < now) for name, samples in series.items()}
    return {name: samples for name, samples in young.items() if samples}


def _thinned(samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    if len(samples) <= MOST:
        return samples
    return (*samples[: -MOST // 2 : 2], *samples[-MOST // 2 :])


def _taken(desired: Desired, observed: Observed, specs: Sequence[CheckSpec]) -> Iterator[tuple[str, str, float]]:
    """Subject, name and value of everything that a check wants to be kept and that could be read."""
    for name in sorted(desired.cluster.nodes):
        facts = observed.reached(name)
        if facts is None:
            continue
        views: list[tuple[DesiredService | None, NodeView]] = [(None, NodeView(desired, observed, facts))]
        views += [(s, ServiceView(desired, observed, facts, s)) for s in desired.on_node(name)]
        for service, view in views:
            for take in [spec.samples for spec in specs if spec.samples and spec.is_for(service)]:
                # A reading that is missing, or not what it should be, is for the check to report.
                with suppress(Exception):
                    for key, value in take(view).items():
                        yield str(view.subject), key, float(value)
