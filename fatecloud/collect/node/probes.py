"""Questions to our services in their own protocols, asked by processes that the collector starts.

Those for one interpreter and one user share a process, see `asking`.
"""

import json
import os
import pwd
import sys
import threading
import time
from typing import Any, Dict, List, Optional, Tuple  # noqa: F401 - Tuple stands in a type comment

from .reading import Unreadable, converse, last_line, spawn

_DEFAULT_SECONDS = 10.0
_SCRIPT = "-"
"""In a probe's argv: the interpreter's options end here, and the script, on standard input, gets what follows."""

Probe = Dict[str, Any]
Answers = Dict[str, Dict[str, Any]]


def started(probes: List[Probe], answers: Answers, asker: str) -> List[threading.Thread]:
    """Threads that put every answer where it belongs as soon as it is there.

    An answer is exit status, the JSON object that the probe printed, why there is none, and how long it took.
    `asker` is the text of the module `asking`.
    """
    groups = {}  # type: Dict[Tuple[Any, ...], List[Probe]]
    for probe in probes:
        argv = _argv(probe)
        shared = os.path.basename(argv[0]).startswith("python") and _SCRIPT in argv
        options = tuple(argv[: argv.index(_SCRIPT)]) if shared else ()
        alone = None if shared else probe["id"]
        groups.setdefault((probe.get("user"), alone, options), []).append(probe)
    threads = [
        threading.Thread(
            target=_ask, args=(group, [*options, "-c", asker] if options else [], user, answers), daemon=True
        )
        for (user, _, options), group in groups.items()
    ]
    for thread in threads:
        thread.start()
    return threads


def _ask(group: List[Probe], asker: List[str], user: Optional[str], answers: Answers) -> None:
    begun = time.time()

    def answered(identity: str, exit_: Optional[int], stdout: str, stderr: str, error: Optional[str]) -> None:
        answer = _none(error) if error else _answer(exit_, stdout, stderr)
        answers[identity] = dict(answer, seconds=round(time.time() - begun, 3))

    try:
        become = _become(user)
        if not asker:
            probe = group[0]
            seconds = float(probe.get("timeout", _DEFAULT_SECONDS))
            ended = spawn(_argv(probe), probe.get("stdin", ""), seconds, become)
            answered(probe["id"], ended.exit, ended.stdout, ended.stderr, ended.error)
            return
        said = converse(asker, json.dumps({"questions": _questions(group)}), become, answered)
    except Exception as error:  # noqa: BLE001 - one broken question must not cost the others
        said = str(error) if isinstance(error, Unreadable) else "%s: %s" % (type(error).__name__, error)
    for probe in group:
        if probe["id"] not in answers:
            answered(probe["id"], None, "", "", said or "its interpreter ended without an answer")


def _become(name: Optional[str]) -> Optional[Any]:
    """The user to become, or None to stay who we are."""
    try:
        if not name or pwd.getpwuid(os.geteuid()).pw_name == name:
            return None
        if os.geteuid() != 0:
            raise Unreadable("must be asked as %s, and only root can become that user" % name)
        return pwd.getpwnam(name)
    except KeyError:
        raise Unreadable("there is no user %s" % name)


def _argv(probe: Probe) -> List[str]:
    argv = list(probe["argv"])
    if argv[0] == "python3":
        # A node may have no Python of its own: then the interpreter that runs this is the one that was shipped there.
        argv[0] = sys.executable or argv[0]
    return argv


def _questions(group: List[Probe]) -> List[Dict[str, Any]]:
    return [
        {
            "id": probe["id"],
            "script": probe.get("stdin", ""),
            "arguments": _argv(probe)[_argv(probe).index(_SCRIPT) + 1 :],
            "timeout": float(probe.get("timeout", _DEFAULT_SECONDS)),
        }
        for probe in group
    ]


def _answer(exit_: Optional[int], stdout: str, stderr: str) -> Dict[str, Any]:
    data = _document(stdout)
    error = None
    if data is None:
        said = last_line(stderr) or last_line(stdout) or "it printed nothing"
        error = "exit %s: %s" % (exit_, said)
    return {"exit": exit_, "data": data, "error": error}


def _none(error: Optional[str]) -> Dict[str, Any]:
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
