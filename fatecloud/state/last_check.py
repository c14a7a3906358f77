"""The newest check of a whole cluster on this controller: a small file in its state directory."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from fatecloud.atomic import write_private
from fatecloud.errors import InputError
from fatecloud.model.last_check import LastCheck

FILE = "last-check.json"


def keep_last_check(directory: Path, check: LastCheck) -> None:
    """Write it. If that fails, `status` shows an older one; the check itself is right all the same.

    Args:
        directory: the cluster's state directory.
    """
    body = {
        "taken": check.taken,
        "exit_status": check.exit_status,
        "passed": check.passed,
        "counts": dict(check.counts),
        "roots": list(check.roots),
    }
    with suppress(InputError):
        write_private(directory / FILE, json.dumps(body).encode(), replace=True)


def last_check(directory: Path) -> LastCheck | None:
    """The newest check; None if there is none that can be read."""
    try:
        body = json.loads((directory / FILE).read_text(encoding="utf-8"))
        counts = {str(severity): int(number) for severity, number in body["counts"].items()}
        roots = tuple(str(root) for root in body["roots"])
        return LastCheck(float(body["taken"]), int(body["exit_status"]), int(body["passed"]), counts, roots)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
