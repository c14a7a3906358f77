"""The text of a script that lies beside a component and runs on a node."""

from __future__ import annotations

from importlib.resources import files


def script_text(package: str, name: str) -> str:
    """Source of `components/<package>/<name>`, which a probe gives to an interpreter on the node."""
    return files(f"fatecloud.components.{package}").joinpath(name).read_text(encoding="utf-8")
