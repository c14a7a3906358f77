"""How a module runs a program as a service's user: bounded in time and in what it prints. Python 3.8, stdlib."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import tempfile

from ansible.module_utils.fatecloud_node import become, clean_environment, home_of

PRINTED = 4 << 20
"""Bytes that a program may print, and of any file that it may write."""
LEAST = "nobody"


class Ended:
    """How a program ended: `status` is None where its time was over."""

    def __init__(self, status: int | None, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


def run(
    argv: list,
    user: str,
    stdin: bytes = b"",
    timeout: float | None = None,
    *,
    bounded: bool = True,
    keep: tuple = (),
) -> Ended:
    """Run a program as a user, and end its whole group when its time is over.

    Args:
        user: never root: where we are root and no user is named, it is "nobody".
        timeout: seconds.
        bounded: whether files that it writes are bounded too.
        keep: descriptors that it inherits.

    Raises:
        OSError: it cannot be started.
    """
    user = (LEAST if user in ("", "root") else user) if os.geteuid() == 0 else ""
    change = become(user)

    def prepare() -> None:
        if bounded:
            resource.setrlimit(resource.RLIMIT_FSIZE, (PRINTED, PRINTED))
        if change:
            change()

    # Files, and no pipes: what a program prints costs us no memory, and what it leaves running keeps nothing open.
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        child = subprocess.Popen(
            argv,
            stdin=given,
            stdout=out,
            stderr=err,
            env=clean_environment(home_of(user) if user else "/"),
            cwd="/",
            preexec_fn=prepare,  # noqa: PLW1509 - there are no threads
            start_new_session=True,
            pass_fds=keep,
        )
        try:
            status = child.wait(timeout)
        except subprocess.TimeoutExpired:
            status = None
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        return Ended(status, _text(out), _text(err))


def _text(file: object) -> str:
    file.seek(0)
    return file.read(PRINTED).decode(errors="replace")
