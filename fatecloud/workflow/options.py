"""What the operator can choose about files and access, the same for every verb."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator can choose about files and access, the same for every verb."""

    inventory: Path
    secrets: Path | None = None
    vault_password_file: Path | None = None
    state_dir: Path | None = None
    store: Path | None = None
    accept_new_host_keys: bool = False
