"""What every unit test starts with."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _empty_register() -> Iterator[None]:
    """A machine without clusters, for the tests of our modules: they all use the same cluster in many directories."""
    yield
    if modules := sys.modules.get("modules"):
        shutil.rmtree(modules.REGISTER / "clusters.d", ignore_errors=True)
