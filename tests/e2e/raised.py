"""Every finding code that the program reported in these tests; an unexpected one fails the test."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import Any

from sampling import LONG

from fatecloud.checks.registry import all_codes
from fatecloud.model.check import OVERLOADED
from fatecloud.model.strain import PER_CORE

TRUE_OF_EVERY_SANDBOX = frozenset({"PREFLIGHT_CLOCK_UNSYNC", "PREFLIGHT_CORES", "PREFLIGHT_SWAP"})
"""A container has its machine's clock and kernel, which it may not set, and its cores, which may be two."""
BESIDE: frozenset[str] = frozenset() if LONG else frozenset({OVERLOADED})
"""What a check may find where all is well: the parts of a whole run load their machine, and a long run has it alone."""
_NEARLY = 0.75
"""Part of the load that a check calls too much: it may have fallen before this looks at it."""
_WORD = re.compile(r"\b(?:" + "|".join(sorted(all_codes(), key=len, reverse=True)) + r")\b")


class Raised:
    """Listens to what is printed, and keeps what was not expected."""

    def __init__(self) -> None:
        self._unexpected: list[str] = []
        self._expected: list[frozenset[str] | None] = []

    @contextmanager
    def expecting(self, *codes: str) -> Iterator[None]:
        """In this block these codes may be reported, and all findings that they explain."""
        unknown = set(codes) - all_codes().keys()
        assert not unknown, f"no such code: {unknown}"
        with self._with(frozenset(codes)):
            yield

    @contextmanager
    def anything(self) -> Iterator[None]:
        """In this block every code may be reported: the cluster does not exist, or not yet."""
        with self._with(None):
            yield

    @contextmanager
    def _with(self, codes: frozenset[str] | None) -> Iterator[None]:
        self._expected.append(codes)
        try:
            yield
        finally:
            self._expected.pop()

    def hear(self, words: str, text: str) -> None:
        """Take note of the codes in what a command printed.

        Args:
            words: the command.
            text: its output, a JSON document with findings or lines for people.
        """
        if None in self._expected:
            return
        findings = _findings(text)
        left = unexplained(findings, self.expected) if findings is not None else self._lines(text)
        self._unexpected += [f"{words}: {line}" for line in left]

    def take(self) -> list[str]:
        """The unexpected findings since the last call."""
        taken, self._unexpected = self._unexpected, []
        return taken

    @property
    def expected(self) -> set[str]:
        """The codes that may be reported now."""
        return {code for codes in (TRUE_OF_EVERY_SANDBOX, _of_the_load(), *self._expected) for code in codes or ()}

    def _lines(self, text: str) -> list[str]:
        return [line.strip() for line in text.splitlines() if set(_WORD.findall(line)) - self.expected]


def _of_the_load() -> set[str]:
    """What is true of each sandbox while their machine has more work than it can do."""
    return {OVERLOADED} if os.getloadavg()[0] >= _NEARLY * PER_CORE * (os.cpu_count() or 1) else set()


def _findings(text: str) -> list[dict[str, Any]] | None:
    if not text.startswith("{"):
        return None
    try:
        found: list[dict[str, Any]] | None = json.loads(text).get("findings")
    except ValueError:
        return None
    return found


def unexplained(findings: list[dict[str, Any]], expected: AbstractSet[str]) -> list[str]:
    """The findings whose code is not expected, and that none of an expected code explains."""
    fine = {finding["id"] for finding in findings if finding["code"] in expected}
    while more := {f["id"] for f in findings if f["id"] not in fine and fine.intersection(f["caused_by"])}:
        fine |= more
    return [f"{f['id']}: {f['symptom']}" for f in findings if f["id"] not in fine]


RAISED = Raised()
"""Shared by every program of a test session."""
