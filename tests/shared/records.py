"""What tests and measurements change in the records of their own nodes."""

from __future__ import annotations

from fatecloud.sandbox.nodes import Sandbox

_FORGET_MARKS = """\
import json, sys
with open(sys.argv[1], "r+") as file:
    record = json.load(file)
    record.pop("data", None)
    file.seek(0)
    file.truncate()
    json.dump(record, file)
"""
"""Writes into the file that is there, so that its owner and mode stay."""


def forget_marks(sandbox: Sandbox, node: str, base: str) -> None:
    """Take the marks of data out of a node's record, as if no service had kept any there."""
    sandbox.check(node, ["python3", "-c", _FORGET_MARKS, f"{base}/.fatecloud/manifest.json"])
