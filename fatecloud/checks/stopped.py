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
    booted = _boot_without_start(view)
    ours = _counting_stop(view)
    if ours:
        if ours.get("migrates"):
            return f"stopped for its migration by run {ours['run']} at {_utc(ours['at'])}, which did not finish it"
        return (
            f"stopped by fatecloud stop, run {ours['run']}, at {_utc(ours['at'])} by {ours['by'] or 'an unknown user'}"
        )
    if booted is not None and (unwatched or (systemd and not state["enabled"])):
        what = "its unit is disabled" if systemd else "nothing starts supervisord at boot (PREFLIGHT_BOOT_START)"
        return f"the node was rebooted at {_utc(booted)}, and {what}"
    if booted is not None and systemd:
        return f"the node was rebooted at {_utc(booted)}, and the boot has not got to start it"
    if unwatched:
        return "supervisord has ended: it was killed or shut down"
    return "it was stopped by hand, or it ended by itself without an error"


def left_by_boot(view: ServiceView) -> bool:
    """Whether a boot was to start it and has not: it may wait for what it needs, and no one stopped it by hand."""
    systemd = view.desired.node(view.facts.node).supervision == "systemd"
    boots = systemd and view.state["enabled"] and view.state["state"] == "stopped"
    return boots and _boot_without_start(view) is not None and not _counting_stop(view)


def _boot_without_start(view: ServiceView) -> float | None:
    """When the node was booted, if the service ran before and has not been started since; seconds since the epoch."""
    clock: Mapping[str, Any] = view.facts.fact("clock").value or {}
    booted, last = clock.get("boot_epoch"), view.state.get("last_start")
    return float(booted) if booted is not None and last is not None and last <= booted else None


def _counting_stop(view: ServiceView) -> Mapping[str, Any] | None:
    """Our own stop, if it is why the service is stopped now."""
    ours, last = _our_stop(view), view.state.get("last_start")
    if not ours or (last is not None and last > ours["at"]):
        return None
    # After a reboot systemd starts an enabled service again, so an earlier `fatecloud stop` is no longer the cause.
    systemd = view.desired.node(view.facts.node).supervision == "systemd"
    booted = (view.facts.fact("clock").value or {}).get("boot_epoch")
    return None if systemd and view.state["enabled"] and booted is not None and booted > ours["at"] else ours


def migrates(view: ServiceView) -> bool:
    """Whether it was stopped for a migration that has not been finished."""
    return bool((_our_stop(view) or {}).get("migrates"))


def _our_stop(view: ServiceView) -> Mapping[str, Any] | None:
    manifest: Mapping[str, Any] = view.facts.fact("manifest").value or {}
    found: Mapping[str, Any] | None = manifest.get("services", {}).get(view.service.id.key, {}).get("stopped")
    return found


def _utc(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
