"""What the catalogue says about the release that an inventory names."""

from __future__ import annotations

from fatecloud.inventory.kinds import Reader


def offered_components(release: str, architecture: str, reader: Reader) -> frozenset[str]:
    """Components that the release has; an unknown release, or an architecture that it has not, is noted."""
    return frozenset()
