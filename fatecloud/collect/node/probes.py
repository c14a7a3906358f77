"""Questions to our services in their own protocols, asked by processes that the collector starts.

Those for one user share a process, a fork of the collector if they need nothing but the standard library, see `asking`.
"""

import functools
import json
import os
import pwd
import threading
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

from . import asking
from .forking import forked
from .listening import converse, listen
from .reading import Spec, Unreadable, last_line, spawn

_DEFAULT_SECONDS = 10.0
_SCRIPT = "-"
"""In a probe's argv: the interpreter's options end here, and the script, on standard input, gets what follows."""
_MOST = 256 << 10
"""Bytes of the answer of a probe that is not a script."""
_DEEPEST = 32
"""Levels of an answer."""

Probe = Dict[str, Any]
Answers = Dict[str, Dict[str, Any]]
Kind = Tuple[Optional[str], Optional[str], Optional[Tuple[str, ...]]]
"""User; id of a probe that is not a script, so it runs alone; interpreter, or None for a fork of the collector."""


def started(spec: Spec, answers: Answers) -> List[threading.Thread]:
    """Threads that store every answer as soon as it arrives. Call this before other threads start.

    An answer is exit status, the JSON object that the probe printed, why there is none, and how long it took.
    """
    groups: Dict[Kind, List[Probe]] = {}
    for probe in spec.get("probes", ()):
        groups.setdefault(_kind(probe), []).append(probe)
    listeners = {kind: _listener(kind, group, spec) for kind, group in groups.items()}
    threads = [
        threading.Thread(target=_ask, args=(group, listeners[kind], answers), daemon=True)
        for kind, group in groups.items()
    ]
    for thread in threads:
        thread.start()
    return threads


def _kind(probe: Probe) -> Kind:
    user, argv = probe.get("user"), probe["argv"]
    # A program of the service, such as a client of its database: it has nothing to share with others.
    if not (os.path.basename(argv[0]).startswith("python") and _SCRIPT in argv):
        return user, probe["id"], ()
    # A node may have no Python of its own: then the interpreter that runs this is the one that was shipped there.
    if argv[0] == "python3" or not probe.get("libraries"):
        return user, None, None
    return user, None, tuple(argv[: argv.index(_SCRIPT)])


def _listener(kind: Kind, group: List[Probe], spec: Spec) -> Callable[[Callable[..., None]], Optional[str]]:
    """A function that asks the group, passes every answer to its argument, and returns why it failed."""
    user, alone, interpreter = kind
    asked = [probe["id"] for probe in group]
    try:
        become = _become(user)
        if alone:
            return functools.partial(_ask_alone, group[0], become)
        if interpreter is None:
            # Before the collector has threads: a fork takes only the thread that calls it along, and locks that others
            # hold stay closed.
            child = forked(functools.partial(asking.serve, _questions(group)), become)
            return functools.partial(listen, child, asked)
        argv, stdin = [*interpreter, "-c", spec["asker"]], json.dumps({"questions": _questions(group)})
        return functools.partial(converse, argv, stdin, become, asked)
    except (OSError, Unreadable) as error:
        return functools.partial(_refuse, error)


def _refuse(error: Exception, _: Callable[..., None]) -> Optional[str]:
    raise error


def _ask_alone(probe: Probe, become: Optional[Any], answered: Callable[..., None]) -> Optional[str]:
    seconds = float(probe.get("timeout", _DEFAULT_SECONDS))
    ended = spawn(list(probe["argv"]), probe.get("stdin", ""), seconds, become, most=_MOST)
    answered(probe["id"], ended.exit, ended.stdout, ended.stderr, ended.error)
    return None


def _ask(group: List[Probe], ask: Callable[[Callable[..., None]], Optional[str]], answers: Answers) -> None:
    begun = time.monotonic()

    def answered(identity: str, exit_: Optional[int], stdout: str, stderr: str, error: Optional[str]) -> None:
        answer = _none(error) if error else _answer(exit_, stdout, stderr)
        answers[identity] = dict(answer, seconds=round(time.monotonic() - begun, 3))

    try:
        said = ask(answered)
    except Exception as error:  # noqa: BLE001 - one broken question must not cost the others
        said = str(error) if isinstance(error, Unreadable) else "%s: %s" % (type(error).__name__, error)
    for probe in group:
        if probe["id"] not in answers:
            answered(probe["id"], None, "", "", said or "its interpreter ended without an answer")


def _become(name: Optional[str]) -> Optional[Any]:
    """The user to become, or None to keep the current one."""
    try:
        if not name or pwd.getpwuid(os.geteuid()).pw_name == name:
            return None
        if os.geteuid() != 0:
            raise Unreadable("must be asked as %s, and only root can become that user" % name)
        return pwd.getpwnam(name)
    except KeyError:
        raise Unreadable("there is no user %s" % name)


def _questions(group: List[Probe]) -> List[Dict[str, Any]]:
    return [
        {
            "id": probe["id"],
            "script": probe.get("stdin", ""),
            "arguments": probe["argv"][probe["argv"].index(_SCRIPT) + 1 :],
            "timeout": float(probe.get("timeout", _DEFAULT_SECONDS)),
            "patience": float(probe.get("patience", 1)),
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
            data = json.loads(part, parse_constant=_no_number)
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict) and _is_flat(data, _DEEPEST):
            return data
    return None


def _no_number(text: str) -> None:
    raise ValueError("%s is not JSON" % text)


def _is_flat(data: Any, levels: int) -> bool:
    """Whether data are not nested deeper: what another user's process says must not end us, or who reads ours."""
    parts = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return levels > 0 and all(_is_flat(part, levels - 1) for part in parts)
