"""Packs the collector for one exec on a node: a POSIX-sh prologue as arguments, code and spec on standard input."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock
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
    "accounts",
    "own_records",
    "hashes",
    "listing",
    "store",
    "storage",
    "log_ends",
    "marks",
    "state_words",
    "supervision",
    "confinement",
    "members",
    "java",
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
    "main",
)
"""Files below `node/` in the order of their imports; the last one has the `main` that is called with the spec."""

NO_INTERPRETER = 96
"""Exit status of the prologue when the node has no Python 3.6 or later."""

_FOREIGN = 97
_PACKING = Lock()

# Each file becomes a module of its own name, so that a traceback says where something went wrong.
_MODULES = """\
package = types.ModuleType("collector")
package.__path__ = []
sys.modules["collector"] = package
for name, source in json.loads(sources):
    module = types.ModuleType("collector." + name)
    module.__package__ = "collector"
    sys.modules[module.__name__] = module
    setattr(package, name, module)
    exec(compile(source, "collector/" + name + ".py", "exec"), module.__dict__)
"""

# Runs in the candidate interpreter. It leaves standard input alone until it knows that it can do the work, so that the
# prologue can offer the same input to the next candidate.
_BOOT = f"""
import sys
try:
    if sys.version_info < (3, 6): raise ImportError
    import gc, json, socket, subprocess, types, typing, zlib
    stream = sys.stdin.buffer
    sources, spec = [zlib.decompress(stream.read(int(size))).decode() for size in stream.readline().split()]
except Exception:
    sys.exit({_FOREIGN})
gc.disable()  # it ends before there is anything to collect
{_MODULES}
module.main(json.loads(spec))
"""

_INSTALLED = """\
#!{python} -IBS
# Made by fatecloud. It takes no arguments, and reads only what the spec below names. Its sha256 belongs in sudoers.
import json, sys, types
if len(sys.argv) > 1:
    sys.exit("it takes no arguments")
sources = {sources}
{modules}
module.main({place})
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
    return _INSTALLED.format(
        python=python, sources=json.dumps(json.dumps(sources)), modules=_MODULES, place=json.dumps(place)
    )


def stdin(spec: Mapping[str, Any], parts: tuple[str, ...] = PARTS) -> bytes:
    """Standard input of that command: a line with two sizes, then the collector's source and the spec, compressed.

    Args:
        spec: what to read. It gets besides the text of `asking`, for interpreters that have a service's libraries.
        parts: files below `node/`.
    """
    libraries = any(probe.get("libraries") for probe in spec.get("probes", ()))
    whole = {**spec, "asker": asker()} if libraries else spec
    asked = zlib.compress(json.dumps(whole, sort_keys=True).encode(), 1)
    sources = packed(parts)
    return b"%d %d\n" % (len(sources), len(asked)) + sources + asked


def packed(parts: tuple[str, ...] = PARTS) -> bytes:
    """The collector's source, as `stdin` has it; made once for all nodes alike."""
    with _PACKING:  # all nodes' threads come at the same time, and the first one's work is for all of them
        return _packed(parts)


@cache
def _packed(parts: tuple[str, ...]) -> bytes:
    return zlib.compress(json.dumps([(name, _source(name)) for name in parts]).encode())


def asker() -> str:
    """`asking` as a script of its own. It imports no other file."""
    return _source("asking")


@cache
def _source(name: str) -> str:
    return (Path(__file__).parent / "node" / f"{name}.py").read_text(encoding="utf-8")
