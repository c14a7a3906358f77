"""Distribution packages."""

import os
import re

from .hints import Dict, Optional
from .reading import Spec, Unreadable, spawn
from .system import family


def packages(spec: Spec) -> Dict[str, Optional[str]]:
    """Version of each asked package, None where it is not installed."""
    names = list(spec.get("packages", ()))
    by_family = spec.get("family_packages", {})
    if by_family:
        names += by_family.get(family(), ())
    if not names:
        return {}
    if os.path.exists("/usr/bin/dpkg-query"):
        argv = ["dpkg-query", "-W", "-f", "${Package}\t${Version}\t${db:Status-Status}\n"]
    elif os.path.exists("/usr/bin/rpm") or os.path.exists("/bin/rpm"):
        argv = ["rpm", "-q", "--qf", "%{NAME}\t%{VERSION}-%{RELEASE}\tinstalled\n"]
    else:
        raise Unreadable("neither dpkg-query nor rpm is installed")
    ended = spawn(argv + sorted(set(names)))
    if ended.error:
        raise Unreadable(ended.error)
    found = dict.fromkeys(sorted(set(names)))  # type: Dict[str, Optional[str]]
    for line in ended.stdout.splitlines():
        match = re.match(r"(\S+)\t(\S+)\tinstalled$", line)
        if match and match.group(1) in found:
            found[match.group(1)] = match.group(2)
    return found
