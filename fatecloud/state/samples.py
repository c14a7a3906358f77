"""The samples that checks keep for later ones: a row of `state.db` per subject."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from fatecloud.model.samples import History, Sample
from fatecloud.state.database import execute, select


def kept_samples(directory: Path) -> History:
    """All of them; a row that cannot be read counts as none.

    Args:
        directory: the cluster's state directory.

    Raises:
        RunError: the history cannot be read.
    """
    found = {}
    for subject, text in select(directory, "samples", "select subject, series from samples"):
        with suppress(ValueError, TypeError, AttributeError):
            series = json.loads(text)
            found[str(subject)] = {
                str(name): tuple(Sample(float(time), float(value)) for time, value in points)
                for name, points in series.items()
            }
    return found


def keep_samples(directory: Path, history: History) -> None:
    """Replace what was kept.

    Raises:
        RunError: the history cannot be written.
    """
    rows = [
        (subject, json.dumps({name: [[round(s.time), s.value] for s in samples] for name, samples in series.items()}))
        for subject, series in history.items()
    ]
    execute(
        directory,
        # In one transaction with the new ones: what was kept is the whole of it.
        ("delete from samples", ()),
        *(("insert into samples values (?,?)", row) for row in rows),
    )
