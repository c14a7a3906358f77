"""The order in which checks run: each after the checks that it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from fatecloud.model.check import CheckSpec

DOWN = (
    "MANIFEST_ABSENT",
    "SERVICE_ABSENT",
    "SERVICE_USER_MISSING",
    "PORT_STOLEN",
    "SERVICE_STOPPED",
    "SERVICE_FAILED",
    "SERVICE_RESTARTING",
    "SERVICE_CRASHED",
    "SERVICE_HUNG",
    "PORT_NOT_LISTENING",
)
"""Codes under which a service cannot answer: a component's own checks run only when none of them is raised."""


def prerequisites(spec: CheckSpec) -> tuple[str, ...]:
    """Codes that make a check skip: its own, and for a component's check everything that means "down".

    DEPLOY_INCOMPLETE counts as down: a deployment that ended before it reached the services left none of them.
    """
    if spec.while_down:
        codes = (*spec.after, "MANIFEST_ABSENT", "SERVICE_ABSENT")
    else:
        codes = spec.after + (DOWN if spec.component else ())
    return (*codes, "DEPLOY_INCOMPLETE") if spec.scope == "service" and "MANIFEST_ABSENT" in codes else codes


def in_order(specs: Sequence[CheckSpec]) -> tuple[CheckSpec, ...]:
    """Node checks first, then each check after those that may raise its prerequisites; otherwise in the given order."""
    raising: dict[str, list[CheckSpec]] = {}
    for spec in specs:
        for code in spec.codes:
            raising.setdefault(code.name, []).append(spec)
    placed: list[CheckSpec] = []
    visited: set[CheckSpec] = set()

    def place(spec: CheckSpec) -> None:
        if spec in visited:
            return
        visited.add(spec)
        for code in prerequisites(spec):
            for earlier in raising.get(code, ()):
                place(earlier)
        placed.append(spec)

    for spec in sorted(specs, key=lambda spec: spec.scope != "node"):
        place(spec)
    return tuple(placed)
