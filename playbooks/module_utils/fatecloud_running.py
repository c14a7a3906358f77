"""How a module runs a program as a service's user: bounded in time and in what it prints. Python 3.8, stdlib."""

from __future__ import annotations

import os
import select
import selectors
import signal
import subprocess
import sys
import tempfile
import time

from ansible.module_utils.fatecloud_node import clean_environment, home_of

PRINTED = 4 << 20
"""Bytes that a program may print; one that prints more is ended."""
LEAST = "nobody"
_STEP = 0.2
_AS_USER = """
import os, pwd, sys
user = pwd.getpwnam(sys.argv[1])
os.initgroups(user.pw_name, user.pw_gid)
os.setgid(user.pw_gid)
os.setuid(user.pw_uid)
try:
    os.execvp(sys.argv[2], sys.argv[2:])
except OSError as error:
    sys.exit("%s: %s" % (sys.argv[2], error.strerror))
"""
"""A program of its own and not a `preexec_fn`: a process of the user could stop that one before it is another program,
and `subprocess` would wait for it without end."""


class Ended:
    """How a program ended: `status` is None where its time was over, or where it was ended for printing too much."""

    def __init__(self, status: int | None, out: bytes, err: bytes) -> None:
        self.status, self.out, self.err = status, out.decode(errors="replace"), err.decode(errors="replace")


def deserted() -> bool:
    """Whether no one reads what this module is going to say: its run was interrupted, or killed.

    Only what changes nothing may end for that: it would keep the node locked until its own time is over.
    """
    poll = select.poll()
    poll.register(sys.__stdout__.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def run(
    argv: list,
    user: str,
    stdin: bytes = b"",
    timeout: float = float("inf"),
    keep: tuple = (),
    given_up: object = lambda: False,
    into: int = subprocess.PIPE,
) -> Ended:
    """Run a program as a user, and end its whole group when its time is over.

    Args:
        user: never root: where we are root and no user is named, it is "nobody".
        timeout: seconds.
        keep: descriptors that it inherits.
        given_up: asked now and then whether its time is over already; it may also do what has to be done meanwhile.
        into: descriptor of a file that takes all that it prints, without a bound; by default it is in the result.

    Raises:
        OSError: it cannot be started.
    """
    user = (LEAST if user in ("", "root") else user) if os.geteuid() == 0 else ""
    if user:
        argv = [sys.executable, "-I", "-S", "-c", _AS_USER, user, *argv]
    with tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        with subprocess.Popen(
            argv,
            stdin=given,
            stdout=into,
            stderr=subprocess.PIPE,
            env=clean_environment(home_of(user) if user else "/"),
            cwd="/",
            start_new_session=True,
            pass_fds=keep,
        ) as child:
            out, err, whole = _printed(child, time.monotonic() + timeout, given_up)
            if not whole:
                os.killpg(child.pid, signal.SIGKILL)
            status = child.wait()
        return Ended(status if whole else None, out, err)


def _printed(child: subprocess.Popen, deadline: float, given_up: object) -> tuple:
    """What a program prints until it ends, and whether it ended by itself.

    What it left running may hold its pipes for longer than it lives.
    """
    texts = {stream: bytearray() for stream in (child.stdout, child.stderr) if stream is not None}
    with selectors.DefaultSelector() as selector:
        for stream in texts:
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, selectors.EVENT_READ)
        while True:
            # It is not waited for yet, so that its number stays its own, and that of its group.
            ended = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
            read = _read(selector, texts, 0 if ended else _STEP)
            small = sum(map(len, texts.values())) <= PRINTED
            if not small or (ended and not read) or time.monotonic() > deadline or given_up():
                return bytes(texts.get(child.stdout, b"")), bytes(texts[child.stderr]), ended and small


def _read(selector: object, texts: dict, seconds: float) -> bool:
    """Take what has been printed. Whether there was anything."""
    if not selector.get_map():
        time.sleep(min(seconds, 0.02))
        return False
    read = False
    for key, _ in selector.select(seconds):
        part = os.read(key.fd, 1 << 16)
        if part:
            texts[key.fileobj] += part
            read = True
        else:
            selector.unregister(key.fileobj)
    return read
