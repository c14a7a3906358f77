"""The order in which checks run, so that each knows whether what it rests on holds."""

from __future__ import annotations

from collections.abc import Sequence

from fatecloud.model.check import CheckSpec

DOWN = (
    "MANIFEST_ABSENT",
    "SERVICE_ABSENT",
    "PORT_STOLEN",
    "SERVICE_STOPPED",
    "SERVICE_FAILED",
    "SERVICE_RESTARTING",
    "SERVICE_HUNG",
    "PORT_NOT_LISTENING",
)
"""Codes under which a service cannot answer for itself: a component's own checks rest on none of them being raised."""


def prerequisites(spec: CheckSpec) -> tuple[str, ...]:
    """Codes that make a check skip: its own, and for a component's check everything that means "down".

    Where a deployment ended before it came to the services, there is as little of them as where none began.
    """
    if spec.while_down:
        codes = (*spec.after, "MANIFEST_ABSENT", "SERVICE_ABSENT")
    else:
        codes = spec.after + (DOWN if spec.component else ())
    return (*codes, "DEPLOY_INCOMPLETE") if spec.scope == "service" and "MANIFEST_ABSENT" in codes else codes


def in_order(specs: Sequence[CheckSpec]) -> tuple[CheckSpec, ...]:
    """Node checks first, then each check behind those that may raise its prerequisites; else as given."""
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
