"""The text of a script from a component's package that runs on a node."""

from __future__ import annotations

import re
from importlib.resources import files

_FUTURE = "from __future__ import annotations\n"
_TYPING = re.compile(r"^from typing import [\w, ]+\n", re.MULTILINE)
_SHARED = re.compile(r"^from fatecloud\.components\.([\w.]+) import [\w, ]+\n", re.MULTILINE)


def script_text(package: str, name: str) -> str:
    """Source of `components/<package>/<name>`, which a probe passes to an interpreter on the node.

    Modules of `components/` that it imports are copied in, in place of the import: on the node there is
    nothing else of the project. Imports of types are removed: annotations are not evaluated, and `typing`
    costs a node 6 ms of CPU (for `pathlib`, 3 ms, scripts have plain calls of `os`).
    """
    text = files(f"fatecloud.components.{package}").joinpath(name).read_text(encoding="utf-8")
    written: set[str] = set()

    def module(found: re.Match[str]) -> str:
        """Text of such a module and of those that it imports, each once, to stand in the middle of another."""
        name = found.group(1)
        if name in written:
            return ""
        written.add(name)
        file = files("fatecloud.components").joinpath(f"{name.replace('.', '/')}.py")
        return _SHARED.sub(module, file.read_text(encoding="utf-8").replace(_FUTURE, ""))

    return _TYPING.sub("", _SHARED.sub(module, text))
