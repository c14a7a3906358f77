"""Tests a Python interpreter by running it, because its path and name are not reliable."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT = 30
"""Seconds that an interpreter has to answer; the first start on a cold disk takes a few."""

_QUESTION = """
import importlib, json, os, platform, sys, sysconfig
missing = []
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception:
        missing.append(name)
print(json.dumps({
    "implementation": platform.python_implementation(),
    "version": platform.python_version(),
    "machine": platform.machine(),
    "program": os.path.realpath(getattr(sys, "_base_executable", sys.executable)),
    "stdlib": sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix, "base": sys.base_prefix}),
    "missing": missing,
}))
"""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an interpreter reported about itself, or why it cannot be used."""

    problem: str
    """Why it cannot be used; empty if it can."""
    version: str = ""
    program: Path = Path()
    """The real program, with shims, links and virtual environments resolved."""
    stdlib: Path = Path()
    missing: tuple[str, ...] = ()
    """Those of the given modules that it cannot import."""


def judge(python: Path, modules: Iterable[str], *, minor: str, machine: str) -> Judgement:
    """Run an interpreter and ask it for its version and for modules.

    Args:
        python: absolute path of the program; it may be a shim.
        modules: standard modules to import.
        minor: the required series, `3.10`.
        machine: the required processor, as in `uname -m`.
    """
    if python.is_dir():
        return Judgement(f"is a directory; name the program in it: {python / 'bin' / f'python{minor}'}")
    # Isolated, and nothing is written into an installation that may be the distribution's.
    argv = [str(python), "-I", "-B", "-c", _QUESTION, *modules]
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=TIMEOUT, check=False, env={"PATH": "/usr/bin:/bin"}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Judgement(f"does not run: {error}")
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return Judgement(f"does not run: exit status {done.returncode}, {last}")
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        return Judgement(f"does not answer like a Python: {done.stdout[:80]!r}")
    problem = _unfit(answer, minor, machine)
    if problem:
        return Judgement(problem)
    return Judgement("", answer["version"], Path(answer["program"]), Path(answer["stdlib"]), tuple(answer["missing"]))


def _unfit(answer: Mapping[str, Any], minor: str, machine: str) -> str:
    # Wheels are compiled for CPython's own interface.
    if answer["implementation"] != "CPython" or not answer["version"].startswith(f"{minor}."):
        return f"is {answer['implementation']} {answer['version']}, expected CPython {minor}"
    return "" if answer["machine"] == machine else f"is for {answer['machine']}, expected {machine}"
