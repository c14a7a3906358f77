"""Ansible's own SSH connection, which takes no endless answer: a node's root may send whatever it likes.

Ansible collects in memory all that a command prints, without a bound, and looks at it only then.
"""

from __future__ import annotations

import io
import os
import subprocess

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ssh

DOCUMENTATION = ssh.DOCUMENTATION
LARGEST = 4 << 20
"""Bytes that one command may print, on each of its two streams. As JSON they may take a hundred times as much. An
installation of packages prints 0.2 MB, the answers of our own modules have a few kB."""
_STEP = 1 << 16


class Bounded(io.FileIO):
    """A stream of a process, of which no more than `LARGEST` bytes are taken."""

    def __init__(self, stream: io.BufferedReader, process: subprocess.Popen) -> None:
        super().__init__(os.dup(stream.fileno()))
        stream.close()
        self._process, self._taken = process, 0

    def read(self, size: int = -1) -> bytes | None:
        """A part of what is there: the whole of it could be endless. Raises AnsibleConnectionFailure."""
        part = super().read(_STEP if size < 0 else size)
        self._taken += len(part or b"")
        if self._taken > LARGEST:
            self._process.kill()
            raise AnsibleConnectionFailure(
                f"it answered with more than {LARGEST >> 20} MiB, which nothing of fatecloud does: "
                "something else prints there, such as a start file of the login's shell"
            )
        return part


class _Processes:
    """The module `subprocess` for Ansible's plugin, with bounded streams."""

    def __getattr__(self, name: str) -> object:
        return getattr(subprocess, name)

    @staticmethod
    def Popen(*argv: object, **options: object) -> subprocess.Popen:  # noqa: N802 - in the place of the class
        """Start a process whose streams are read in parts."""
        process = subprocess.Popen(*argv, **options)
        for name in ("stdout", "stderr"):
            if stream := getattr(process, name):
                setattr(process, name, Bounded(stream, process))
        return process


# It starts its processes in the middle of a function of 250 lines, of which this is the only part to change.
ssh.subprocess = _Processes()


class Connection(ssh.Connection):
    """The same in all else."""
