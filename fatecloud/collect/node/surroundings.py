"""What a deployment will meet: addresses, names, directories, the environment, routes to other machines."""

import os
import re
import socket
import threading
import time
from typing import Any, Dict, List, Optional

from .opening import names
from .processes import user_name
from .reading import Spec, Unreadable, output_of, text_of

_NAMES = 10
_SECONDS = 3.0
_OF_THE_FILE_SYSTEM = "lost+found"
"""What a fresh ext file system holds: with it alone, a directory is empty."""
_PROXY = r"(?i)^\s*(?:export\s+)?((?:https?|ftp|all)_proxy|no_proxy)\s*=\s*(.*?)\s*$"


def addresses() -> List[str]:
    """The node's own IP addresses, loopback too."""
    local = set()
    before = ""
    # No program is needed for this: a minimal node has neither `ip` nor `ifconfig`.
    for line in text_of("/proc/net/fib_trie").splitlines():
        if "/32 host LOCAL" in line:
            local.add(before.rsplit(maxsplit=1)[-1])
        before = line
    try:
        for line in text_of("/proc/net/if_inet6").splitlines():
            local.add(socket.inet_ntop(socket.AF_INET6, bytes(bytearray.fromhex(line.split(None, 1)[0]))))
    except Unreadable:
        pass  # a kernel without IPv6
    return sorted(local)


def own_name() -> Dict[str, Any]:
    """The host name, and the addresses that it resolves to here; none when it does not resolve."""
    name = socket.gethostname()
    try:
        found = sorted({str(entry[4][0]) for entry in socket.getaddrinfo(name, None)})
    except OSError:
        found = []
    return {"hostname": name, "addresses": found}


def directories(spec: Spec) -> Dict[str, Optional[Dict[str, Any]]]:
    """Entries of each asked directory, but for `lost+found`; None where there is none.

    `entries` is their number, `names` the first ones; `others` is the number of those whose names do not begin with the
    spec's `label`, and `other_names` the first ones.
    """
    ours = (spec.get("label", "") + "-", *spec["layout"]["ours"])
    found: Dict[str, Optional[Dict[str, Any]]] = {}
    for path in spec.get("directories", ()):
        try:
            there = [name for name in names(path) if name != _OF_THE_FILE_SYSTEM]
            owner = user_name(os.stat(path).st_uid)
        except (FileNotFoundError, NotADirectoryError):
            found[path] = None
            continue
        except OSError as error:
            raise Unreadable("%s: %s" % (path, error.strerror))
        others = sorted(name for name in there if not name.startswith(ours))
        found[path] = {
            "entries": len(there),
            "names": sorted(there)[:_NAMES],
            "others": len(others),
            "other_names": others[:_NAMES],
            "owner": owner,
        }
    return found


def real_paths(spec: Spec) -> Dict[str, str]:
    """Each asked directory with the links in its path resolved, as far as it is there."""
    return {path: os.path.realpath(path) for path in spec.get("directories", ())}


def environment() -> Dict[str, Any]:
    """Proxy variables of our session and of /etc/environment (passwords left out), and whether UTF-8 can be had."""
    lines = ["%s=%s" % pair for pair in os.environ.items()]
    if os.access("/etc/environment", os.R_OK):
        lines += text_of("/etc/environment").splitlines()
    proxy: Dict[str, str] = {}
    for line in lines:
        found = re.match(_PROXY, line)
        if found and found.group(2).strip("\"'"):
            # The session's own variable counts before that of the machine.
            proxy.setdefault(found.group(1).lower(), re.sub(r"//[^/@]*@", "//***@", found.group(2).strip("\"'")))
    spared = proxy.pop("no_proxy", "")
    locales = output_of(["locale", "-a"]).lower()
    return {"proxy": proxy, "no_proxy": spared, "locale_utf8": "utf8" in locales or "utf-8" in locales}


def connects(spec: Spec) -> Dict[str, Dict[str, Any]]:
    """Whether each asked endpoint takes a TCP connection from here, all tried at once."""
    found: Dict[str, Dict[str, Any]] = {}
    threads = []
    for target in spec.get("connects", ()):
        thread = threading.Thread(target=_connect, args=(found, target["host"], target["port"]), daemon=True)
        thread.start()
        threads.append((thread, _text(target["host"], target["port"])))
    until = time.monotonic() + _SECONDS + 2  # a name server that does not answer has no deadline of its own
    for thread, text in threads:
        thread.join(max(0.0, until - time.monotonic()))
        found.setdefault(text, {"ok": False, "kind": "name", "error": "the name service does not answer"})
    return dict(found)


def _text(host: str, port: int) -> str:
    return "[%s]:%d" % (host, port) if ":" in host else "%s:%d" % (host, port)


def _connect(found: Dict[str, Dict[str, Any]], host: str, port: int) -> None:
    try:
        socket.create_connection((host, port), _SECONDS).close()
        answer: Dict[str, Any] = {"ok": True, "kind": "", "error": None}
    except socket.gaierror as error:
        answer = {"ok": False, "kind": "name", "error": "no such name: %s" % error.strerror}
    except socket.timeout:
        answer = {"ok": False, "kind": "timeout", "error": "no answer within %g s" % _SECONDS}
    except ConnectionRefusedError:
        answer = {"ok": False, "kind": "refused", "error": "refused: nothing listens there"}
    except OSError as error:
        answer = {"ok": False, "kind": "unreachable", "error": error.strerror or str(error)}
    found[_text(host, port)] = answer
