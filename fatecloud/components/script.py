"""The text of a script from a component's package that runs on a node, with the modules of the project that it imports.

On the node there is nothing else of the project. So the text first makes each module, under its own name, and then runs
the script: every import statement works as it does here, and errors name the file and the line that they have here.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib.abc import InspectLoader
from importlib.util import find_spec

_OURS = "fatecloud."
_HEAD = """\
# Made by fatecloud from its own files, without their annotations: Python 3.6 cannot read all of those.
import sys
import types


def _module(name, file, text):
    sys.modules[name] = types.ModuleType(name)
    exec(compile(text, file, "exec", dont_inherit=True), sys.modules[name].__dict__)


"""
_MODULE = """\
_module({name!r}, {file!r}, r'''{text}''')
"""
_SCRIPT = """\
exec(compile(r'''{text}''', {file!r}, "exec", dont_inherit=True), {{"__name__": "__main__"}})
"""

Place = tuple[int, int]
"""Line, from 1, and byte in it, from 0."""


def script_text(package: str, name: str) -> str:
    """What a probe passes to an interpreter on the node, Python 3.6 or later, for `components/<package>/<name>`.

    Args:
        package: below `fatecloud.components`, dotted.
        name: file name below it, with `.py`.

    Raises:
        ValueError: there is no such file, or its text has three single quotes in a row, which end a text here.
    """
    *modules, (script, text) = parts_of(package, name).items()
    parts = [_MODULE.format(name=module, file=_file(module), text=content) for module, content in modules]
    return "".join([_HEAD, *parts, _SCRIPT.format(file=_file(script), text=text)])


def parts_of(package: str, name: str) -> dict[str, str]:
    """Texts of the modules that it needs, each behind those that it imports, and of the script itself as the last."""
    texts: dict[str, str] = {}
    _add(f"{_OURS}components.{package}.{name.removesuffix('.py').replace('/', '.')}", texts)
    return texts


def _add(module: str, texts: dict[str, str]) -> None:
    """Add a module of ours, behind those that it imports."""
    imported, text = _read(module)
    for other in imported:
        if other not in texts:
            _add(other, texts)
    texts[module] = text


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


def _file(module: str) -> str:
    return module.replace(".", "/") + ".py"
