"""The beginning of every script that is sent to a node: makes the modules importable that its text carries.

See `components/script.py`, which writes them behind this.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class Carried:
    """Finds and loads them, as Python's import asks for it; their packages are empty."""

    texts: dict[str, str] = {}  # noqa: RUF012 - the only one

    @classmethod
    def find_spec(cls, name: str, *_: Any) -> Any:
        """None for what others may find."""
        below = any(other.startswith(name + ".") for other in cls.texts)
        return ModuleSpec(name, cls, is_package=below) if below or name in cls.texts else None  # type: ignore[arg-type]

    @staticmethod
    def create_module(_: ModuleSpec) -> Any:
        """As Python does it."""

    @classmethod
    def exec_module(cls, module: ModuleType) -> None:
        """Errors in it have the name and the lines of its file."""
        file = module.__name__.replace(".", "/") + ".py"
        exec(compile(cls.texts.get(module.__name__, ""), file, "exec", dont_inherit=True), vars(module))  # noqa: S102


sys.meta_path.insert(0, Carried)
