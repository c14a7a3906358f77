"""How the controller itself reaches package mirrors, so that the nodes can use the same settings."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from pathlib import Path

from fatecloud.sandbox.recipe import MIRROR, SECURITY, Apt

_AUTHORITIES = Path("/usr/local/share/ca-certificates")
_WANTED = re.compile(r'^(Acquire::(?:https?::(?:Proxy|CaInfo)|Check-Date|Check-Valid-Until)) "(.+)";$', re.MULTILINE)


def apt() -> Apt:
    """The controller's own mirror, proxies and date checks if it runs Debian, otherwise Debian's public mirror.

    The controller's own certificate authorities are only added if a mirror uses HTTPS.
    """
    if not shutil.which("apt-config"):
        return Apt()
    dump = _output("apt-config", "dump", "--no-empty", "--format", '%F "%v";%n')
    mirror, security = _mirrors()
    authorities = {}
    if mirror.startswith("https:") or security.startswith("https:"):
        authorities = {path.name: path.read_text() for path in sorted(_AUTHORITIES.glob("*.crt"))}
    return Apt(mirror, security, dict(_WANTED.findall(dump)), authorities)


def _mirrors() -> tuple[str, str]:
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        return MIRROR, SECURITY
    if system.get("ID") != "debian":
        return MIRROR, SECURITY
    # Ask apt instead of reading its source files, which have two formats.
    listing = _output("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages")
    known = {release: uri.rstrip("/") for uri, _, release in (line.partition(" ") for line in listing.splitlines())}
    codename = system.get("VERSION_CODENAME", "")
    return known.get(codename, MIRROR), known.get(f"{codename}-security", SECURITY)


def _output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30).stdout
