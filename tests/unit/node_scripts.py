"""The programs that components send to nodes."""

from __future__ import annotations

from pathlib import Path

from fatecloud import components

COMPONENTS = Path(components.__file__).parent
SCRIPTS = [path for path in sorted(COMPONENTS.rglob("*.py")) if '__name__ == "__main__"' in path.read_text()]


def package_of(path: Path) -> str:
    """Below `fatecloud.components`, dotted."""
    return ".".join(path.relative_to(COMPONENTS).parent.parts)
