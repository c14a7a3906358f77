"""Where a password comes from. No value of one is in the model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SecretRef:
    """The name of a secret; its value lives in the vault file only."""

    name: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A password that is asked for on the terminal at each run and kept nowhere."""


PasswordSource = SecretRef | Prompt | None
