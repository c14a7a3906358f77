"""What an account that we make for a service has, and how one differs from that. Shared with the modules.

Pure, and Python 3.8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

NOWHERE = "/nonexistent"
"""Its home: no file of a login, no key."""
SHELLS = ("/usr/sbin/nologin", "/sbin/nologin", "/bin/false")
"""Its shell is one of these, the first that the node has."""


def differences(seen: Mapping[str, object]) -> dict[str, str]:
    """How an account of a service's own was changed: `shell`, `home`, `groups` -> what it has now.

    Args:
        seen: its entry of the fact `users`. `groups` has those that name it in /etc/group, besides its primary one.
    """
    found = {}
    if seen.get("shell") not in SHELLS:
        found["shell"] = str(seen.get("shell"))
    if seen.get("home") != NOWHERE:
        found["home"] = str(seen.get("home"))
    groups = seen.get("groups")
    others = [str(name) for name in groups if name != seen.get("group")] if isinstance(groups, Sequence) else []
    if others:
        found["groups"] = ", ".join(sorted(others))
    return found
