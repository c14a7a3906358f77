"""What a user may do beyond its own files: its groups, and what sudo lets it run."""

import os
import pwd
from typing import Any, Dict, List, Optional

from .accounts import group_name
from .reading import Spec, Unreadable, last_line, spawn

SUDO = "/usr/bin/sudo"
_ALLOWED = "may run the following commands"
_SHOWN = 5
_LONGEST = 200


def privileges(spec: Spec) -> Dict[str, Optional[Dict[str, Any]]]:
    """Number, groups and sudo's rules of each asked user; None for a user that does not exist."""
    found: Dict[str, Optional[Dict[str, Any]]] = {}
    for name in spec.get("privileges", ()):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            found[name] = None
            continue
        # Membership comes from the name service too, not only from /etc/group.
        groups = sorted({group_name(gid) for gid in os.getgrouplist(name, entry.pw_gid)})
        found[name] = {"uid": entry.pw_uid, "groups": groups, "sudo": _rules(name)}
    return found


def _rules(name: str) -> List[str]:
    """The first commands that sudo lets a user run; a node without sudo lets it run none."""
    if not os.path.exists(SUDO):
        return []
    ended = spawn([SUDO, "-n", "-l", "-U", name])
    if ended.error:
        raise Unreadable("sudo -l -U %s: %s" % (name, ended.error))
    # Old versions say with status 0, new ones with 1, that a user has no rights.
    if _ALLOWED not in ended.stdout and "not allowed" not in ended.stdout + ended.stderr:
        raise Unreadable("sudo -l -U %s: exit %s: %s" % (name, ended.exit, last_line(ended.stderr)))
    lines = ended.stdout.partition(_ALLOWED)[2].splitlines()[1:]
    return [line.strip()[:_LONGEST] for line in lines if line.startswith(" ")][:_SHOWN]
