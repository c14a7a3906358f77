"""How a reading is taken: guarded, bounded in time, and either a value or the reason why there is none."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from typing import Any, Callable, Dict, List, Optional

from .streams import Late, TooMuch, both

Spec = Dict[str, Any]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
COMMAND_SECONDS = 8.0
COMMAND_BYTES = 4 << 20
"""Of the output of a command, and of its errors."""
_FAREWELL = 0.5
"""Seconds that an `asking` process has to end its questions."""

_children: Dict[int, bool] = {}
"""Leaders of process groups, all of them our own children, and whether they end their groups when they are asked to."""
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
    most: int = COMMAND_BYTES,
) -> Ended:
    """Run a command in a process group of its own, with a clean environment, and end the whole group at the deadline.

    `user` is a `pwd` entry to become (needs root); None keeps the current one. `most` bounds the bytes of its output,
    and those of its errors.
    """
    try:
        child = started(argv, user, environment)
    except Unreadable as error:
        return Ended(None, "", "", str(error))
    until = time.monotonic() + timeout
    try:
        out, err = both(child, stdin.encode(), until, most)
        child.wait(max(0.0, until - time.monotonic()))
    except (Late, subprocess.TimeoutExpired):
        end(child)
        return Ended(None, "", "", "timeout after %g s" % timeout)
    except TooMuch as error:
        end(child)
        return Ended(None, "", "", str(error))
    finally:
        forget(child.pid)
        for stream in (child.stdout, child.stderr):
            stream.close()
    return Ended(child.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), None)


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
        polite = [pid for pid, asks in _children.items() if asks]
        for pid in polite:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + _FAREWELL
        while any(map(_lives, polite)) and time.monotonic() < until:
            time.sleep(0.01)
        # Only children that were not waited for: the kernel keeps their numbers for us until then.
        for pid in filter(_is_ours, _children):
            _end_group(pid)


def last_line(text: str, limit: int = 300) -> str:
    """The last line that is not empty."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:limit] if lines else ""


def number(text: str) -> Optional[int]:
    """The first whole number in a text, or None."""
    match = re.search(r"-?\d+", text)
    return int(match.group()) if match else None


def started(argv: List[str], user: Optional[Any], environment: Optional[Dict[str, str]] = None) -> Any:
    """A child process with pipes, in a session of its own. Raises Unreadable."""
    # No locale but one of which the messages can be read, and no PATH of the login.
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


def watch(pid: int, *, asks: bool = False) -> None:
    """Note a child that leads a process group, to be ended with it by `end_children`.

    `asks` says that it is an `asking` process, which ends its questions at SIGTERM.
    """
    with _children_lock:
        _children[pid] = asks


def forget(pid: int) -> None:
    """It has ended by itself."""
    with _children_lock:
        _children.pop(pid, None)


def becoming(user: Any) -> Callable[[], None]:
    """What makes a child process another user's: system calls only."""
    groups = os.getgrouplist(user.pw_name, user.pw_gid)

    def become() -> None:
        # First the groups, then the user: afterwards there is no right left to change them.
        os.setgroups(groups)
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)

    return become


def end(child: Any) -> None:
    """End a child's group and reap it, but wait no longer for a descendant that left the group and holds its pipes."""
    _end_group(child.pid)
    until = time.monotonic() + 1
    while child.poll() is None and time.monotonic() < until:
        time.sleep(0.01)


def _end_group(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def _is_ours(pid: int) -> bool:
    """Whether a child was not waited for yet; after that its number may be another process's."""
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except OSError:
        return False
    return True


def _lives(pid: int) -> bool:
    """Whether a child runs; it may have ended without having been waited for."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except OSError:
        return False
