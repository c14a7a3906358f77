"""The newest jobs that were listed on this controller, for TAB: a small file in the cluster's state directory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from fatecloud.atomic import write_private
from fatecloud.errors import InputError

FILE = "last-jobs.json"


def keep_last_jobs(directory: Path, jobs: Sequence[tuple[str, str]]) -> None:
    """Write their ids with what each is. If that fails, TAB offers the older ones."""
    with suppress(InputError):
        write_private(directory / FILE, json.dumps(jobs).encode(), replace=True)


def last_jobs(directory: Path) -> list[tuple[str, str]]:
    """The ids that were kept, with what each is; empty if the file is missing or damaged."""
    try:
        return [(str(job), str(what)) for job, what in json.loads((directory / FILE).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []
