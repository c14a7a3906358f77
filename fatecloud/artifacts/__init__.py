"""The artifact store of the controller: its content, and how files get into it."""

from __future__ import annotations

from fatecloud.artifacts.index import python_sets
from fatecloud.artifacts.store import Store, default_store

__all__ = ["Store", "default_store", "python_sets"]
