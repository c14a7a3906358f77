"""How a module says what it did, or that it will not do it. Python 3.8, stdlib."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Refused(Exception):
    """Something that a module refuses to do; `details` goes into the module's result."""

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.details = details


def conclude(module: Any, work: Callable, **always: object) -> None:
    """Do the work of a module, and end with its result or with why it was refused.

    Args:
        module: Ansible's.
        work: gets the parameters, and whether nothing may be changed.
        always: what the result says in both cases.
    """
    try:
        result = work(module.params, module.check_mode)
    except Refused as refusal:
        module.fail_json(msg=str(refusal), **always, **refusal.details)
    else:
        module.exit_json(**always, **result)
