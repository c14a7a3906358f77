"""What units deny their services: the reference page."""

from __future__ import annotations

from collections.abc import Mapping

from fatecloud.model.protections import LOW_PORT, PRIVILEGED_PORTS, PROTECTIONS, UnitException

_HEAD = f"""\
# What a service cannot do

Generated from the code. Under systemd each service runs with these directives in its unit, see `systemd.exec(5)`.
Its score in `systemd-analyze security` stays below 3.0 on Debian 12. Under supervisor there is none of this:
services are kept apart by their users alone. `fatecloud check` reads from the running processes what is in force
([UNIT_PROTECTION_MISSING](../runbooks/UNIT_PROTECTION_MISSING.md)); what the node's systemd is too old for is an
exposure ([EXPOSURE_SYSTEMD_OLD](../runbooks/EXPOSURE_SYSTEMD_OLD.md)).

`ReadWritePaths` names what a service writes: its data, its logs, its `run` directory and other places that its
component declares. A service that listens on a port below {PRIVILEGED_PORTS} has `{LOW_PORT}` as its only capability.
Homes stay visible (no `ProtectHome`) where the base, data or log directory is below /home or /root.

## In every unit

| directive | since systemd | the service cannot |
|---|---|---|
"""
_EXCEPTIONS = """
## Exceptions of a component

| component | line in its unit | reason |
|---|---|---|
"""
_ABSENT = """
## Not used, and why

| directive | reason |
|---|---|
| `PrivateUsers` | a node where user namespaces are switched off, as hardening guides ask, would start no service |
| `IPAddressDeny` | only where the inventory names who a service talks to; beside it, packet filters |
| `PrivateNetwork` | every service talks to others |
| `RootDirectory` | the programs come from the distribution's packages |
"""


def units_page(exceptions: Mapping[str, tuple[UnitException, ...]]) -> str:
    """The reference page in Markdown.

    Args:
        exceptions: component -> what its units do not deny.
    """
    common = [f"| `{p.directive}={p.value}` | {p.since} | {p.denies} |" for p in PROTECTIONS]
    own = [f"| {name} | `{e.directive}={e.value}` | {e.reason} |" for name, lines in exceptions.items() for e in lines]
    return _HEAD + "\n".join(common) + "\n" + _EXCEPTIONS + "\n".join(own) + "\n" + _ABSENT
