"""The flag in a service's data directory while its migration is not finished: nothing starts the service then.

Its unit and its start script look for it too, so that a reboot in between does not start the new version on old data.
Python 3.8, stdlib.
"""

from __future__ import annotations

import os

from ansible.module_utils.fatecloud_inside import remove_file
from ansible.module_utils.fatecloud_node import replace
from ansible.module_utils.fatecloud_places import MIGRATION_FLAG


def flag_of(data: str) -> str:
    """Path of the flag, which is also in the unit, see `model/layout.py`."""
    return os.path.join(data, MIGRATION_FLAG)


def raise_flag(data: str, text: str) -> None:
    """Let nothing start the service.

    Args:
        text: why, for people who find the file.
    """
    replace(flag_of(data), f"{text}; `fatecloud deploy` goes on with it\n".encode(), 0o644)


def lower_flag(data: str) -> None:
    """Let the service start again."""
    remove_file(flag_of(data))
