"""What a check remembers of earlier ones on this controller."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from fatecloud.checks.history import joined
from fatecloud.checks.registry import running_checks
from fatecloud.errors import RunError
from fatecloud.model.desired import Desired
from fatecloud.model.observed import Observed
from fatecloud.model.samples import History
from fatecloud.state.samples import keep_samples, kept_samples


def with_history(state: Path, desired: Desired, observed: Observed) -> Observed:
    """What was read, with the samples of earlier checks and those of this one, which are kept.

    Without a history that can be read or written a check is still right about all that needs none.

    Args:
        state: the cluster's state directory.
    """
    kept: History = {}
    with suppress(RunError):
        kept = kept_samples(state)
    history = joined(kept, desired, observed, running_checks())
    with suppress(RunError):
        keep_samples(state, kept, history)
    return replace(observed, history=history)
