"""Why a service is stopped, as far as the facts show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fatecloud.model.check import ServiceView


def why_stopped(view: ServiceView) -> str:
    """The cause as a sentence: `fatecloud stop`, a reboot without a start, a dead supervisord, or a stop by hand."""
    state = view.state
    systemd = view.desired.node(view.facts.node).supervision == "systemd"
    unwatched = not systemd and str(state["result"]).startswith("supervisord")
    clock: Mapping[str, Any] = view.facts.fact("clock").value or {}
    booted, last = clock.get("boot_epoch"), state.get("last_start")
    since_boot = booted is not None and last is not None and last > booted
    ours = _our_stop(view)
    # After a reboot systemd starts an enabled service again, so an earlier `fatecloud stop` is no longer the cause.
    if ours and (last is None or last <= ours["at"]) and not (systemd and state["enabled"] and _after(booted, ours)):
        if ours.get("migrates"):
            return f"stopped for its migration by run {ours['run']} at {_utc(ours['at'])}, which did not finish it"
        return (
            f"stopped by fatecloud stop, run {ours['run']}, at {_utc(ours['at'])} by {ours['by'] or 'an unknown user'}"
        )
    if booted is not None and last is not None and not since_boot and (unwatched or (systemd and not state["enabled"])):
        what = "its unit is disabled" if systemd else "nothing starts supervisord at boot (PREFLIGHT_BOOT_START)"
        return f"the node was rebooted at {_utc(booted)}, and {what}"
    if unwatched:
        return "supervisord has ended: it was killed or shut down"
    return "it was stopped by hand, or it ended by itself without an error"


def migrates(view: ServiceView) -> bool:
    """Whether it was stopped for a migration that has not been finished."""
    return bool((_our_stop(view) or {}).get("migrates"))


def _our_stop(view: ServiceView) -> Mapping[str, Any] | None:
    manifest: Mapping[str, Any] = view.facts.fact("manifest").value or {}
    found: Mapping[str, Any] | None = manifest.get("services", {}).get(view.service.id.key, {}).get("stopped")
    return found


def _after(booted: float | None, stop: Mapping[str, Any]) -> bool:
    return booted is not None and booted > stop["at"]


def _utc(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
