"""Runs on the node of a server of Serving 2: see `serving_server.moving`. It loads a model from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fatecloud.components.serving_server.listing import CARRIED
from fatecloud.components.serving_server.messages import models
from fatecloud.components.serving_server.moving import SECONDS, main
from fatecloud.components.serving_server.publishing import publish_load


def listed(question: dict[str, Any]) -> dict[str, Any]:
    """What it has loaded."""
    return models(question["host"], question["port"], seconds=SECONDS, most=CARRIED)


def load(question: dict[str, Any], octets: bytes, path: Path) -> dict[str, Any]:
    """Load it from the file, of which it keeps a copy."""
    del octets
    return publish_load(question["host"], question["port"], question["own"], question["partners"], str(path))


if __name__ == "__main__":
    main(listed, load)
