"""Who runs this program, and where that user's home is: also where the system knows neither, as in many containers."""

from __future__ import annotations

import getpass
import os
import pwd
from pathlib import Path

from fatecloud.errors import UsageError


def login() -> str:
    """The name of who runs us; empty where the user id has none here."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def user_name() -> str:
    """The name of who runs us, for people and records: `uid-4711` where the user id has none here."""
    return login() or f"uid-{os.getuid()}"


def has_entry() -> bool:
    """Whether the system's user database knows who we are; OpenSSH refuses to work for anybody else."""
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    return True


def home() -> Path:
    """The home directory.

    Raises:
        UsageError: neither HOME nor the system's user database names one.
    """
    try:
        return Path.home()
    except RuntimeError:
        raise UsageError(
            f"user id {os.getuid()} has no home directory on this machine",
            remedy="set HOME to a directory that you may write to",
        ) from None
