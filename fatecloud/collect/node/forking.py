"""A forked copy of this process: does work as another user without starting an interpreter."""

import contextlib
import os
import sys
from typing import Any, Callable, NoReturn, Optional

from .reading import becoming, environment_of, watch


class Forked:
    """A forked copy of this process, with the part of `subprocess.Popen` that `listen` needs."""

    def __init__(self, pid: int, stdout: int, stderr: int) -> None:
        self.pid = pid
        self.stdout, self.stderr = os.fdopen(stdout, "rb"), os.fdopen(stderr, "rb")
        self.returncode: Optional[int] = None

    def wait(self) -> int:
        """Its exit status, or the number of its signal below zero."""
        return self._ended(os.waitpid(self.pid, 0)[1])

    def poll(self) -> Optional[int]:
        """The same, or None while it runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return self._ended(status) if pid else None

    def _ended(self, status: int) -> int:
        self.returncode = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        return self.returncode


def forked(work: Callable[[], None], user: Optional[Any]) -> Forked:
    """Do something in a process of its own, with a clean environment and as another user, where there is one.

    That saves the start of an interpreter and all imports. To be called before there are threads.
    """
    out, err = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        _be(work, user, out[1], err[1])
    os.close(out[1])
    os.close(err[1])
    watch(pid, asks=True)
    return Forked(pid, out[0], err[0])


def _close_others() -> None:
    """Close all but the standard streams: among them are the pipes of another user's fork."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:  # noqa: PLR2004 - the number of standard error
            with contextlib.suppress(OSError):  # the one of this list
                os.close(int(name))


def _be(work: Callable[[], None], user: Optional[Any], out: int, err: int) -> NoReturn:
    status = 1
    try:
        # A session of its own, so that one signal ends it with all that it starts.
        os.setsid()
        for source, target in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (err, 2)):
            os.dup2(source, target)
        _close_others()
        sys.stdout, sys.stderr = (os.fdopen(fd, "w", encoding="utf-8", closefd=False) for fd in (1, 2))
        if user is not None:
            # After the pipes are in place and before any work: nothing of the questions runs as root.
            becoming(user)()
        # Root's environment may hold what the user must not read.
        os.environ.clear()
        os.environ.update(environment_of(user))
        # The login's directory may be one that the user cannot enter.
        os.chdir("/")
        work()
        status = 0
    except BaseException as error:  # noqa: BLE001 - a fork must not go on as its parent
        os.write(2, ("%s: %s\n" % (type(error).__name__, error)).encode())
    os._exit(status)
