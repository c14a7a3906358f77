"""How a reading is taken: guarded, bounded in time, and either a value or the reason why there is none."""

import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time

from .hints import Any, Callable, Dict, List, Optional

Spec = Dict[str, Any]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
COMMAND_SECONDS = 8.0

_children = set()  # type: set[int]
_children_lock = threading.Lock()


class Unreadable(Exception):
    """A reading that cannot be taken; the text says why."""


class Ended:
    """How a child process ended; `exit` is None when it was killed at its deadline or could not be started."""

    def __init__(self, exit_: Optional[int], stdout: str, stderr: str, error: Optional[str]) -> None:
        self.exit, self.stdout, self.stderr, self.error = exit_, stdout, stderr, error


def text_of(path: str, limit: int = 4 << 20) -> str:
    """At most `limit` bytes of a text file. Raises Unreadable."""
    try:
        with open(path, "rb") as stream:
            return stream.read(limit).decode("utf-8", "replace")
    except OSError as error:
        raise Unreadable("%s: %s" % (path, error.strerror))


def guarded(function: Callable[[], Any]) -> Dict[str, Any]:
    """`{"value": ...}` or `{"error": ...}`, whatever the function does."""
    try:
        return {"value": function()}
    except Unreadable as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - one broken reading must not cost the others
        return {"error": "%s: %s" % (type(error).__name__, error)}


def spawn(
    argv: List[str],
    stdin: str = "",
    timeout: float = COMMAND_SECONDS,
    user: Optional[Any] = None,
    environment: Optional[Dict[str, str]] = None,
) -> Ended:
    """Run a command in a process group of its own, with a clean environment, and end the whole group at the deadline.

    `user` is a `pwd` entry to become (needs root); None keeps the current one.
    """
    try:
        child = _started(argv, user, environment)
    except Unreadable as error:
        return Ended(None, "", "", str(error))
    try:
        out, err = child.communicate(stdin.encode(), timeout)
    except subprocess.TimeoutExpired:
        _end_group(child.pid)
        _drain(child)
        return Ended(None, "", "", "timeout after %g s" % timeout)
    finally:
        forget(child.pid)
    return Ended(child.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), None)


def converse(argv: List[str], stdin: str, user: Optional[Any], answered: Callable[..., None]) -> Optional[str]:
    """Run an `asking` process and `listen` to it. Raises Unreadable when it cannot be started."""
    child = _started(argv, user)
    # All of the questions are read before the first is asked, so neither side waits for the other.
    with contextlib.suppress(OSError):
        child.stdin.write(stdin.encode())
        child.stdin.close()
    return listen(child, answered)


def listen(child: Any, answered: Callable[..., None]) -> Optional[str]:
    """Hand over every answer of an `asking` process as soon as it arrives. Returns why it failed, or None."""
    leaders = {}  # type: Dict[str, int]
    try:
        for line in child.stdout:
            message = json.loads(line.decode("utf-8", "replace"))
            if "pid" in message:
                leaders[message["id"]] = message["pid"]
                watch(message["pid"])
            else:
                forget(leaders.pop(message["id"]))
                answered(message["id"], message["exit"], message["stdout"], message["stderr"], message["error"])
        said = last_line(child.stderr.read().decode("utf-8", "replace"))
        return "exit %s: %s" % (child.returncode, said) if child.wait() else None
    finally:
        for pid in (child.pid, *leaders.values()):
            forget(pid)
        child.stdout.close()
        child.stderr.close()


def output_of(argv: List[str], timeout: float = COMMAND_SECONDS) -> str:
    """Standard output of a command. Raises Unreadable when it cannot be run or does not end in time."""
    ended = spawn(argv, timeout=timeout)
    if ended.error:
        raise Unreadable(ended.error)
    if ended.exit and not ended.stdout:
        raise Unreadable("%s: exit %s: %s" % (argv[0], ended.exit, last_line(ended.stderr)))
    return ended.stdout


def end_children() -> None:
    """End every command that still runs, with all its descendants of the same group."""
    with _children_lock:
        for pid in _children:
            _end_group(pid)


def last_line(text: str, limit: int = 300) -> str:
    """The last line that is not empty."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:limit] if lines else ""


def number(text: str) -> Optional[int]:
    """The first whole number in a text, or None."""
    match = re.search(r"-?\d+", text)
    return int(match.group()) if match else None


def _started(argv: List[str], user: Optional[Any], environment: Optional[Dict[str, str]] = None) -> Any:
    """A child process with pipes, in a session of its own. Raises Unreadable."""
    clean = environment_of(user)
    clean.update(environment or {})
    try:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=clean,
            # System calls only, and 3.6 has no `user` argument.
            preexec_fn=becoming(user) if user is not None else None,  # noqa: PLW1509
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Unreadable("cannot start %s: %s" % (argv[0], getattr(error, "strerror", None) or error))
    watch(child.pid)
    return child


def environment_of(user: Optional[Any]) -> Dict[str, str]:
    """All that a child process gets of an environment; `user` is the one that it becomes."""
    home = user.pw_dir if user is not None else os.environ.get("HOME", "/")
    return {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": home}


def watch(pid: int) -> None:
    """Note the leader of a process group, to be ended with it by `end_children`."""
    with _children_lock:
        _children.add(pid)


def forget(pid: int) -> None:
    """It has ended by itself."""
    with _children_lock:
        _children.discard(pid)


def becoming(user: Any) -> Callable[[], None]:
    """What makes a child process another user's: system calls only."""
    groups = os.getgrouplist(user.pw_name, user.pw_gid)

    def become() -> None:
        os.setgroups(groups)
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)

    return become


def _end_group(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def _drain(child: Any) -> None:
    """Reap a killed child, but wait no longer for a descendant that left the group and still holds the pipes."""
    until = time.monotonic() + 1
    while child.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    for stream in (child.stdin, child.stdout, child.stderr):
        with contextlib.suppress(OSError):
            stream.close()
