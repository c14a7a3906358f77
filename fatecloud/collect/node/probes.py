"""Questions to our services in their own protocols, each asked by a process that the collector starts."""

import json
import os
import pwd
import sys
import time
from typing import Any, Dict

from .reading import last_line, spawn

_DEFAULT_SECONDS = 10.0


def ask(probe: Dict[str, Any]) -> Dict[str, Any]:
    """Exit status, the JSON object that the probe printed, why there is none, and how long it took."""
    begun = time.time()
    answer = _ask(probe)
    answer["seconds"] = round(time.time() - begun, 3)
    return answer


def _ask(probe: Dict[str, Any]) -> Dict[str, Any]:
    name = probe.get("user")
    user = None
    try:
        if name and pwd.getpwuid(os.geteuid()).pw_name != name:
            if os.geteuid() != 0:
                return _none("must be asked as %s, and only root can become that user" % name)
            user = pwd.getpwnam(name)
    except KeyError:
        return _none("there is no user %s" % name)
    argv = probe["argv"]
    if argv[0] == "python3":
        # A node may have no Python of its own: then the interpreter that runs this is the one that was shipped there.
        argv = [sys.executable or argv[0], *argv[1:]]
    ended = spawn(argv, probe.get("stdin", ""), float(probe.get("timeout", _DEFAULT_SECONDS)), user)
    if ended.error:
        return _none(ended.error)
    data = _document(ended.stdout)
    error = None
    if data is None:
        said = last_line(ended.stderr) or last_line(ended.stdout) or "it printed nothing"
        error = "exit %s: %s" % (ended.exit, said)
    return {"exit": ended.exit, "data": data, "error": error}


def _none(error: str) -> Dict[str, Any]:
    return {"exit": None, "data": None, "error": error}


def _document(text: str) -> Any:
    """The JSON object in a probe's output: the whole of it, or its last line where libraries chatter before."""
    for part in (text, last_line(text, len(text))):
        try:
            data = json.loads(part)
        except ValueError:
            continue
        if isinstance(data, dict):
            return data
    return None
