"""What verbs listed last on this controller, for TAB: small files in the cluster's state directory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from fatecloud.atomic import write_private
from fatecloud.errors import InputError

JOBS, SERVICE_IDS, MODELS, VERSIONS = "jobs", "service-ids", "models", "versions"


def keep_listed(directory: Path, what: str, words: Sequence[tuple[str, str]]) -> None:
    """Write words with what each is. If that fails, TAB offers the older ones."""
    with suppress(InputError):
        write_private(_file(directory, what), json.dumps(words).encode(), replace=True)


def listed(directory: Path, what: str) -> list[tuple[str, str]]:
    """The words that were kept, with what each is; empty if the file is missing or damaged."""
    try:
        kept = json.loads(_file(directory, what).read_text(encoding="utf-8"))
        return [(str(word), str(meaning)) for word, meaning in kept]
    except (OSError, ValueError, TypeError):
        return []


def _file(directory: Path, what: str) -> Path:
    return directory / f"last-{what}.json"
