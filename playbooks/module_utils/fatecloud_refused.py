"""How a module says that it will not do something. Python 3.8, stdlib."""

from __future__ import annotations


class Refused(Exception):
    """Something that a module refuses to do; `details` goes into the module's result."""

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.details = details
