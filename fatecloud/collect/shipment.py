"""Packs the collector for one exec on a node: a POSIX-sh prologue as arguments, code and spec on standard input."""

from __future__ import annotations

import json
import marshal
import zlib
from collections.abc import Mapping
from functools import cache
from importlib.abc import SourceLoader
from importlib.util import MAGIC_NUMBER, find_spec
from pathlib import Path
from threading import Lock
from types import CodeType
from typing import Any

from fatecloud.model.node import Node

PARTS = (
    "family",
    "opening",
    "streams",
    "reading",
    "sockets",
    "processes",
    "bounds",
    "system",
    "filters",
    "load",
    "accounts",
    "own_records",
    "hashes",
    "listing",
    "watched",
    "store",
    "storage",
    "records",
    "endings",
    "log_ends",
    "heaps",
    "marks",
    "state_words",
    "supervision",
    "confinement",
    "members",
    "java",
    "twins",
    "services",
    "packages",
    "asking",
    "listening",
    "forking",
    "probes",
    "privileges",
    "surroundings",
    "usage",
    "register",
    "afresh",
    "main",
)
"""Files below `node/` in the order of their imports; the last one has the `main` that is called with the spec."""

# Neither a shell nor Python ends with this status or the next one by itself.
NO_INTERPRETER = 96
"""Exit status of the prologue when the node has no Python 3.6 or later."""

_FOREIGN = 97
_PACKING = Lock()

# Each file becomes a module of its own name, so that a traceback says where something went wrong.
_MODULES = """\
package = types.ModuleType("collector")
package.__path__ = []
sys.modules["collector"] = package
for name, code in parts:
    module = types.ModuleType("collector." + name)
    module.__package__ = "collector"
    sys.modules[module.__name__] = module
    setattr(package, name, module)
    exec(code, module.__dict__)
"""
_COMPILED = '[(name, compile(source, "collector/" + name + ".py", "exec")) for name, source in json.loads(sources)]'

# Runs in the candidate interpreter. It leaves standard input alone until it knows that it can do the work, so that the
# prologue can offer the same input to the next candidate.
_BOOT = f"""
import sys
try:
    if sys.version_info < (3, 6): raise ImportError
    import gc, json, marshal, socket, subprocess, types, typing, zlib
    from _frozen_importlib_external import MAGIC_NUMBER
    stream = sys.stdin.buffer
    magic, *sizes = map(int, stream.readline().split())
    code, sources, spec = [stream.read(size) for size in sizes]
except Exception:
    sys.exit({_FOREIGN})
gc.disable()  # it ends before there is anything to collect
if magic == int.from_bytes(MAGIC_NUMBER, "big"):
    parts = marshal.loads(zlib.decompress(code))
else:
    sources = zlib.decompress(sources).decode()
    parts = {_COMPILED}
{_MODULES}
module.main(json.loads(zlib.decompress(spec).decode()))
"""

_INSTALLED = f"""\
#!{{python}} -IBS
# Made by fatecloud. It takes no arguments, and reads only what the spec below names. Its sha256 belongs in sudoers.
import json, sys, types
if len(sys.argv) > 1:
    sys.exit("it takes no arguments")
sources = {{sources}}
parts = {_COMPILED}
{_MODULES}
module.main({{place}})
"""

_PROLOGUE = f"""
boot=$1; base=$2
ours() {{
  for path in "$base" "$(cd -P "$base" && pwd -P)"; do
    while [ -n "$path" ]; do
      [ -O "$path" ] || return 1
      case $(ls -ldL "$path") in ????????w[!tT]*) return 1 ;; esac
      path=${{path%/*}}
    done
  done
  for path in "$base/store" "$base/store/python" "${{1%/bin/python3}}" "${{1%/python3}}" "$1"; do
    [ -O "$path" ] || return 1
  done
}}
for python in python3 /usr/bin/python3 /usr/bin/python3.[0-9] /usr/bin/python3.[0-9][0-9] /usr/local/bin/python3 \\
    /usr/libexec/platform-python "$base"/store/python/*/bin/python3; do
  command -v "$python" >/dev/null 2>&1 || continue
  # Root runs nothing that is in a directory of someone else.
  case $python:$(id -u) in "$base"/*:0|"$base"/*:) ours "$python" || continue ;; esac
  "$python" -I -S -B -c "$boot"
  status=$?
  case $status in {_FOREIGN}|126|127) ;; *) exit $status ;; esac
done
echo "no Python 3.6 or later was found" >&2
exit {NO_INTERPRETER}
"""


def command(base: str) -> tuple[str, ...]:
    """The argv that finds an interpreter on a node and starts the collector in it.

    Args:
        base: the node's base directory, whose store may hold a shipped interpreter.
    """
    return ("sh", "-c", _PROLOGUE, "fatecloud-collect", _BOOT, base)


def question(node: Node, spec: Mapping[str, Any]) -> tuple[tuple[str, ...], bytes, bool]:
    """How the collector is sent and started: command, standard input, and whether it has to run as root."""
    return command(node.paths.base), stdin(spec), node.become == "root"


def program(place: str, python: str) -> str:
    """The collector as a program to be installed, see `node/limited.py`.

    Args:
        place: of the spec, on the node.
        python: interpreter on the node.
    """
    sources = [(name, _source(name)) for name in (*PARTS, "limited")]
    return _INSTALLED.format(python=python, sources=json.dumps(json.dumps(sources)), place=json.dumps(place))


def stdin(spec: Mapping[str, Any], parts: tuple[str, ...] = PARTS) -> bytes:
    """Standard input of that command.

    A line of numbers, then what they describe: which bytecode the code has, and the bytes of the code as this
    interpreter compiles it, for nodes that have the same; of its source, for all others; of the spec.

    Args:
        spec: what to read. It gets besides the text of `asking`, for interpreters that have a service's libraries.
        parts: files below `node/`.
    """
    code, sources = packed(parts)
    libraries = any(probe.get("libraries") for probe in spec.get("probes", ()))
    whole = {**spec, "asker": asker()} if libraries else spec
    asked = zlib.compress(json.dumps(whole, sort_keys=True).encode(), 1)
    magic = int.from_bytes(MAGIC_NUMBER, "big")
    return b"%d %d %d %d\n" % (magic, len(code), len(sources), len(asked)) + code + sources + asked


def packed(parts: tuple[str, ...] = PARTS) -> tuple[bytes, bytes]:
    """Code and source, as `stdin` has them; made once for all nodes alike."""
    with _PACKING:  # all nodes' threads come at the same time, and the first one's work is for all of them
        return _packed(parts)


@cache
def _packed(parts: tuple[str, ...]) -> tuple[bytes, bytes]:
    # Compiled here as well, because that saves a node a seventh of all that a check costs it: 0.17 instead of 0.20 s of
    # CPU with one service, measured in turns on a node with the controller's version of Python.
    code = zlib.compress(marshal.dumps([(name, _compiled(name)) for name in parts]))
    sources = zlib.compress(json.dumps([(name, _source(name)) for name in parts]).encode())
    return code, sources


def _compiled(name: str) -> CodeType:
    """From the cache that Python keeps of its modules, where it has one."""
    spec = find_spec(f"{__package__}.node.{name}")
    loader = spec.loader if spec else None
    code = loader.get_code(spec.name) if spec and isinstance(loader, SourceLoader) else None
    place = f"collector/{name}.py"
    return _named(code, place) if code else compile(_source(name), place, "exec", dont_inherit=True)


def _named(code: CodeType, place: str) -> CodeType:
    """The same code with another file in its tracebacks: this machine's paths mean nothing on a node."""
    constants = (_named(value, place) if isinstance(value, CodeType) else value for value in code.co_consts)
    return code.replace(co_filename=place, co_consts=tuple(constants))


def asker() -> str:
    """`asking` as a script of its own. It imports no other file."""
    return _source("asking")


@cache
def _source(name: str) -> str:
    return (Path(__file__).parent / "node" / f"{name}.py").read_text(encoding="utf-8")
