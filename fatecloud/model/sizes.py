"""Bytes as people read them."""

from __future__ import annotations

_UNITS = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


def size_text(number: float) -> str:
    """Bytes as text: `1.5 GiB`, `512 MiB`, `12 bytes`."""
    for name, size in _UNITS:
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + f" {name}"
    return f"{number:.0f} bytes"
