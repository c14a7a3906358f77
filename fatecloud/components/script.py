"""The text of a script from a component's package that runs on a node, with the modules of the project that it imports.

On the node there is nothing else of the project. So the text has each module under its own name, where Python's import
finds it, and then runs the script: every import statement works as it does here, also one that is reached only
sometimes, and errors name the file and the line that they have here.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib.abc import InspectLoader
from importlib.util import find_spec

_OURS = "fatecloud."
_CARRIED = "fatecloud.probing.carried"
_HEAD = "# Made by fatecloud from its own files, without their annotations: Python 3.6 cannot read all of those.\n"
_MODULE = """\
Carried.texts[{name!r}] = r'''{text}'''
"""
_SCRIPT = """\
exec(compile(r'''{text}''', {file!r}, "exec", dont_inherit=True), {{"__name__": "__main__"}})
"""

Place = tuple[int, int]
"""Line, from 1, and byte in it, from 0."""


def package_of(component: str) -> str:
    """The package of a component, or of one of its generations: `serving_server/v2` for `serving-server/v2`."""
    return component.replace("-", "_")


def script_text(package: str, name: str) -> str:
    """What a probe passes to an interpreter on the node, Python 3.6 or later, for `components/<package>/<name>`.

    Args:
        package: name of a component.
        name: file name below it, with `.py`.

    Raises:
        ValueError: there is no such file, or its text has three single quotes in a row, which end a text here.
    """
    (script, text), *modules = parts_of(package, name).items()
    parts = [_MODULE.format(name=module, text=content) for module, content in modules]
    return "".join(
        [_HEAD, _read(_CARRIED)[1], "\n\n", *parts, _SCRIPT.format(file=f"{script.replace('.', '/')}.py", text=text)]
    )


def module_text(name: str) -> str:
    """The text of a module that runs on nodes by itself: it imports none of ours. `name` is its full name."""
    return _read(name)[1]


def parts_of(package: str, name: str) -> dict[str, str]:
    """Texts of the script, and then of the modules that it needs, by their names."""
    texts: dict[str, str] = {}
    _add(f"{_OURS}components.{package_of(package)}.{name.removesuffix('.py').replace('/', '.')}", texts)
    return texts


def _add(module: str, texts: dict[str, str]) -> None:
    imported, texts[module] = _read(module)
    for other in imported:
        if other not in texts:
            _add(other, texts)


@cache
def _read(module: str) -> tuple[tuple[str, ...], str]:
    """The modules of ours that it imports, and its text without annotations, each line with its number.

    `typing` goes with the annotations: it would cost a node 6 ms of CPU, for them alone.
    """
    spec = find_spec(module)
    source = spec.loader.get_source(module) if spec and isinstance(spec.loader, InspectLoader) else None
    if source is None or "'''" in source:
        raise ValueError(f"{module} cannot be part of a script for nodes")
    lines = source.encode().split(b"\n")
    imported: list[str] = []
    cuts: list[tuple[Place, Place]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg) and node.annotation:
            cuts.append(((node.lineno, node.col_offset + len(node.arg.encode())), _end(node.annotation)))
        elif isinstance(node, ast.FunctionDef) and node.returns:
            number = node.returns.lineno
            arrow = lines[number - 1].rindex(b" -> ", 0, node.returns.col_offset)
            cuts.append(((number, arrow), _end(node.returns)))
        elif isinstance(node, ast.AnnAssign) and node.value:
            cuts.append((_end(node.target), _end(node.annotation)))
        elif isinstance(node, ast.ImportFrom) and node.module in ("__future__", "typing"):
            cuts.append(((node.lineno, node.col_offset), _end(node)))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(_OURS):
            imported.append(node.module)
    for start, end in sorted(cuts, reverse=True):
        kept = lines[start[0] - 1][: start[1]] + lines[end[0] - 1][end[1] :]
        lines[start[0] - 1 : end[0]] = [kept, *[b""] * (end[0] - start[0])]
    return tuple(imported), b"\n".join(lines).decode()


def _end(node: ast.stmt | ast.expr) -> Place:
    return int(node.end_lineno or 0), int(node.end_col_offset or 0)
