"""Where programs come from that run as root or get a password: fixed places, never the PATH of a login's profile."""

from __future__ import annotations

SUDO = "/usr/bin/sudo"
SHELL = "/bin/sh"
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The PATH of everything that we start on a node as root, and of the services. Only root can write in these places."""
