"""Distribution packages."""

import os
import re
from typing import Dict, List, Optional

from .reading import Spec, Unreadable, spawn
from .system import family


def _asked(spec: Spec) -> List[str]:
    names = list(spec.get("packages", ()))
    by_family = spec.get("family_packages", {})
    return sorted(set(names).union(by_family.get(family(), ()) if by_family else ()))


def offered(spec: Spec) -> Dict[str, Optional[str]]:
    """Version of each asked package that an installation would bring; None where the node does not know it yet.

    Only for the Debian family: elsewhere the lists of repositories are fetched when they are asked.
    """
    names = _asked(spec)
    found: Dict[str, Optional[str]] = dict.fromkeys(names)
    if not names or not os.path.exists("/usr/bin/apt-cache"):
        return found
    name = None
    for line in spawn(["apt-cache", "policy", *names]).stdout.splitlines():
        title = re.match(r"(\S+):$", line)
        name = title.group(1) if title else name
        candidate = re.match(r"  Candidate: (\d\S*)$", line)
        if candidate and name in found:
            found[name] = candidate.group(1)
    return found


def packages(spec: Spec) -> Dict[str, Optional[str]]:
    """Version of each asked package, None where it is not installed."""
    names = _asked(spec)
    if not names:
        return {}
    if os.path.exists("/usr/bin/dpkg-query"):
        # With the status: a package that was removed and left its configuration is listed too.
        argv = ["dpkg-query", "-W", "-f", "${Package}\t${Version}\t${db:Status-Status}\n"]
    elif os.path.exists("/usr/bin/rpm") or os.path.exists("/bin/rpm"):
        argv = ["rpm", "-q", "--qf", "%{NAME}\t%{VERSION}-%{RELEASE}\tinstalled\n"]
    else:
        raise Unreadable("neither dpkg-query nor rpm is installed")
    ended = spawn(argv + names)
    if ended.error:
        raise Unreadable(ended.error)
    found: Dict[str, Optional[str]] = dict.fromkeys(names)
    for line in ended.stdout.splitlines():
        match = re.match(r"(\S+)\t(\S+)\tinstalled$", line)
        if match and match.group(1) in found:
            found[match.group(1)] = match.group(2)
    return found
