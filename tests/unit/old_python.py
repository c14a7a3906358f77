"""Interpreters of this machine that are as old as those of nodes."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import pytest

from fatecloud.artifacts.rungs import installed


@cache
def _found(minor: str) -> Path | None:
    for program in installed(minor):
        works = program.is_file() and subprocess.run([program, "-c", ""], capture_output=True, check=False)
        if works and works.returncode == 0:  # a shim of pyenv may lead nowhere
            return program
    return None


def oldest() -> Path:
    """A Python 3.6, the oldest that is promised on nodes; the test is skipped where there is none."""
    program = _found("3.6")
    if program is None:
        pytest.skip("this machine has no Python 3.6")
    return program
