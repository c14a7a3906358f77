"""The directories and the pipe that one playbook needs, and that are gone after it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from fatecloud.errors import RunError

POLL = 0.1
"""Seconds between two looks at what others may have done meanwhile."""
_LINKS = (".scratch", ".sockets")
_SHORT = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - only the parents of directories that no other user can enter
"""Where sockets of ssh can be: the path of one may have 107 bytes, and ssh adds 17 to it for a moment. Not below
XDG_RUNTIME_DIR: that goes when the operator logs out, and a run that was started with nohup goes on."""


@contextlib.contextmanager
def one_shot(path: Path, text: str) -> Iterator[None]:
    """A FIFO that gives its text to the first reader only, and is gone afterwards."""
    os.mkfifo(path, 0o600)
    over = threading.Event()

    def serve() -> None:
        while not over.wait(POLL):
            try:
                # Opening a FIFO blocks until there is a reader, and a play that fails early never becomes one.
                descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    return
                continue
            with os.fdopen(descriptor, "w") as pipe:
                # Before the text is written: a second reader that opens the path finds nothing.
                path.unlink()
                pipe.write(text)
            return

    thread = threading.Thread(target=serve, name="vault-password", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def scratch_in(artifacts_dir: Path) -> Iterator[Path]:
    """A private directory for one playbook. Raises RunError where none can be made."""
    try:
        path = Path(tempfile.mkdtemp(prefix="fatecloud-"))
    except OSError as error:
        remedy = "make room there, or set TMPDIR to another directory"
        raise RunError(f"no directory for temporary files: {error.strerror}: {error.filename}", remedy=remedy) from None
    with _linked(path, artifacts_dir.with_suffix(_LINKS[0])):
        yield path


@contextlib.contextmanager
def sockets_in(artifacts_dir: Path) -> Iterator[Path]:
    """A private directory for the sockets of ssh, whatever TMPDIR says: that may be too long for them.

    Raises:
        RunError: none can be made.
    """
    for parent in _SHORT:
        with contextlib.suppress(OSError):
            # Short on purpose: the names of sockets have to fit too.
            path = Path(tempfile.mkdtemp(prefix="fc-", dir=parent))
            break
    else:
        raise RunError(
            f"no directory for the sockets of ssh can be made in {', '.join(_SHORT)}",
            remedy=f"make {_SHORT[0]} writable (mode 1777), and make room there",
        )
    with _linked(path, artifacts_dir.with_suffix(_LINKS[1])):
        yield path


@contextlib.contextmanager
def _linked(path: Path, link: Path) -> Iterator[None]:
    """Remove a directory at the end; until then a link leads to it, in case the run is killed."""
    try:
        link.unlink(missing_ok=True)
        link.symlink_to(path)
        yield
    finally:
        shutil.rmtree(path, ignore_errors=True)
        link.unlink(missing_ok=True)


def clear_after(artifacts_dir: Path) -> None:
    """Remove what a killed run has left in the directory for temporary files; that may be a bundle of artifacts."""
    # A kill leaves the directory where TMPDIR was then, which only the link still says.
    for link in map(artifacts_dir.with_suffix, _LINKS):
        with contextlib.suppress(OSError):
            shutil.rmtree(link.readlink(), ignore_errors=True)
            link.unlink()
