"""Runs on the node, as the user of eggs: has an egg all that it needs to start?

This reads the settings as EggRoll's scripts do, and starts the interpreter as they start it. That looks for the modules
without importing them, which would cost ten times as much. Whether eggs start is shown by `fatecloud test egg`.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from typing import Any

from fatecloud.probing.dialing import readable
from fatecloud.probing.patience import patient
from fatecloud.probing.properties import settings

SECONDS = 12.0
_LEAD = "eggroll.resourcemanager.bootstrap.egg_pair."
_SCRIPT = "eggroll.bootstrap.root.script"
_LOOK = """
import importlib.util, json, platform, sys
missing = [name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]
spec = None if "eggroll" in missing else importlib.util.find_spec("eggroll")
print(json.dumps({"version": platform.python_version(), "missing": missing, "eggroll": spec and spec.origin}))
"""


def judge(conf: str, modules: Sequence[str]) -> dict[str, Any]:
    """The first thing that keeps an egg from starting, as `kind` and `error`; else `version` of its interpreter.

    Args:
        conf: the nodemanager's settings, which each egg reads.
        modules: that an egg imports at its start, and as soon as it has work.
    """
    try:
        own = settings(conf)
        venv, path, file, start = (own[_LEAD + key] for key in ("venv", "pythonpath", "filepath", "exepath"))
        scripts = (own[_SCRIPT], start)
    except (OSError, KeyError) as error:
        return {"ok": False, "kind": "config", "error": f"{conf}: {type(error).__name__}: {readable(error)}"}
    for name in (*scripts, f"{venv}/bin/activate", file):
        if not os.access(name, os.R_OK):
            return {"ok": False, "kind": "path", "error": f"its user cannot read {readable(name)}"}
    return _asked(f"{venv}/bin/python", path, file, modules)


def _asked(python: str, path: str, file: str, modules: Sequence[str]) -> dict[str, Any]:
    """What the interpreter finds."""
    try:
        done = subprocess.run(
            [python, "-B", "-c", _LOOK, *modules],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": path, "LANG": "C.UTF-8"},
            timeout=patient(SECONDS),
            check=False,
        )
        found = json.loads(done.stdout.decode() or "null")
    except subprocess.TimeoutExpired:
        # A kind of its own: on a node that is loaded it says nothing about the interpreter.
        return {"ok": False, "kind": "timeout", "error": f"{python} did not end its look within {patient(SECONDS):g} s"}
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return {"ok": False, "kind": "interpreter", "error": f"{python}: {type(error).__name__}: {readable(error)}"}
    if not isinstance(found, dict):
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        return {
            "ok": False,
            "kind": "interpreter",
            "error": f"{python} ends with {done.returncode}: {readable(' '.join(last))}",
        }
    version = readable(found["version"])
    if found["missing"]:
        words = ", ".join(map(readable, found["missing"]))
        return {"ok": False, "kind": "module", "error": f"{python} does not find {words}", "version": version}
    origin = str(found["eggroll"])
    if not file.startswith(os.path.dirname(origin) + "/"):
        return {
            "ok": False,
            "kind": "path",
            "error": f"it would import EggRoll from {readable(origin)}, and start {readable(file)}",
            "version": version,
        }
    return {"ok": True, "version": version}
