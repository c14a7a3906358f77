"""Packs the collector for one exec on a node: a POSIX-sh prologue as arguments, code and spec on standard input."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

PARTS = (
    "reading",
    "processes",
    "system",
    "storage",
    "supervision",
    "services",
    "packages",
    "asking",
    "probes",
    "surroundings",
    "main",
)
"""Files below `node/` in the order of their imports."""

NO_INTERPRETER = 96
"""Exit status of the prologue when the node has no Python 3.6 or later."""

_FOREIGN = 97

# Runs in the candidate interpreter. It leaves standard input alone until it knows that it can do the work, so that the
# prologue can offer the same input to the next candidate.
_BOOT = f"""
import sys
try:
    if sys.version_info < (3, 6): raise ImportError
    import base64, hashlib, json, socket, subprocess, types, zlib
    code = sys.stdin.readline()
    if not code: raise ImportError
except Exception:
    sys.exit({_FOREIGN})
spec = json.loads(sys.stdin.readline())
package = types.ModuleType("collector")
package.__path__ = []
sys.modules["collector"] = package
for name, source in json.loads(zlib.decompress(base64.b64decode(code)).decode()):
    module = types.ModuleType("collector." + name)
    module.__package__, module.SHIPPED = "collector", source
    sys.modules[module.__name__] = module
    setattr(package, name, module)
    exec(compile(source, "collector/" + name + ".py", "exec"), module.__dict__)
package.main.main(spec)
"""

_PROLOGUE = f"""
boot=$1; base=$2
for python in python3 /usr/bin/python3 /usr/bin/python3.[0-9] /usr/bin/python3.[0-9][0-9] /usr/local/bin/python3 \\
    /usr/libexec/platform-python "$base"/store/python/*/bin/python3; do
  command -v "$python" >/dev/null 2>&1 || continue
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


def stdin(spec: Mapping[str, Any]) -> bytes:
    """Standard input of that command: the code on one line, the spec as JSON on the next."""
    return _code() + b"\n" + json.dumps(spec, sort_keys=True).encode() + b"\n"


@cache
def _code() -> bytes:
    folder = Path(__file__).parent / "node"
    parts = [(name, (folder / f"{name}.py").read_text(encoding="utf-8")) for name in PARTS]
    return base64.b64encode(zlib.compress(json.dumps(parts).encode(), 9))
