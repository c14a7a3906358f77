"""Files and file systems: disks, hashes, the node's own records, the store, log tails."""

import contextlib
import fnmatch
import glob
import importlib
import json
import os
import re
import stat
import time

from . import listing
from .hints import Any, Dict, List, Optional, Tuple
from .opening import LARGEST, STRANGE, Strange, Untrusted, distrust, lent, names, opened, require_alone, text_in
from .processes import user_name
from .reading import Spec, Unreadable, text_of
from .system import group_name

_TAIL = 64 << 10
_STARTED = 1 << 20
_HASHED = 256 << 20
"""Bytes of the largest file that is hashed."""
_LOGS = 200
"""Files that one pattern may match."""
_LINE = 500
_KEPT = 5
_BROUGHT = ("artifacts", "incoming", "tmp")
"""Directories of the store whose entries were not made on the node."""
_LEVEL = re.compile(r"\[(?:ERROR|CRITICAL|FATAL)\]")
_SUM = re.compile(r"([0-9a-f]{64})  (.+)")
_WORD = re.compile(r"\bERROR\b|\[(?:error|crit|alert|emerg)\]|\berror:", re.MULTILINE)


def disks(spec: Spec) -> Dict[str, Dict[str, Any]]:
    """The file system under each asked path; of a path that is not there yet, under its nearest ancestor."""
    rows = mounts()
    found = {}
    for path in spec.get("paths", ()):
        there = path
        while not os.path.exists(there) and there != "/":
            there = os.path.dirname(there)
        real = os.path.realpath(there)
        figures = os.statvfs(real)
        mount = mount_of(real, rows)
        found[path] = dict(
            mount,
            total=figures.f_blocks * figures.f_frsize,
            available=figures.f_bavail * figures.f_frsize,
            inodes_total=figures.f_files,
            inodes_free=figures.f_favail,
            writable=os.access(real, os.W_OK | os.X_OK),
            exists=there == path,
        )
    return found


def own_record(spec: Spec, name: str) -> Optional[Any]:
    """A record of ours, `manifest` or `lease`; None when it is not there."""
    path = spec["layout"][name]
    try:
        return json.loads(text_in(path, LARGEST, believed=True))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Untrusted as error:
        raise Unreadable("%s is not believed: %s" % (path, error.strerror))
    except OSError as error:
        raise Unreadable("%s: %s" % (path, error.strerror))
    except (ValueError, RecursionError) as error:
        raise Unreadable("%s is damaged: %s" % (path, error))


def records(spec: Spec) -> Dict[str, Any]:
    """Which of our records on the node are not to be believed, with the reason; `untrusted` is empty when all are.

    The interpreter that reads and writes them counts as one.
    """
    layout = spec["layout"]
    paths = [layout["manifest"], layout["lease"], layout["rendered"] + "/any"]
    paths += [service["copy"] for service in spec.get("services", ()) if service.get("copy")]
    reasons = [distrust(path) for path in paths]
    if os.geteuid() == 0 and spec.get("python"):
        reasons.append(lent(spec["python"], spec.get("users", ())))
    return {"untrusted": sorted({reason for reason in reasons if reason})}


def lease(spec: Spec) -> Optional[Any]:
    """The node's lease. Where the clock was set since it was written, `expires` is in the clock's new time."""
    found = own_record(spec, "lease")
    if found and found.get("boot") == text_of("/proc/sys/kernel/random/boot_id", 4096).strip():
        found["expires"] += time.time() - time.monotonic() - found["offset"]
    return found


def files(spec: Spec) -> Dict[str, Optional[Dict[str, Any]]]:
    """Hash, mode, owner, size and age of each asked file and of each in the manifest; None where there is none."""
    wanted = set(spec.get("files", ()))
    with contextlib.suppress(Unreadable):  # the fact `manifest` reports why
        wanted.update((own_record(spec, "manifest") or {}).get("files", ()))
    return {path: _file(path) for path in sorted(wanted)}


def store(spec: Spec) -> Dict[str, Any]:
    """What the node's store holds: asked artifacts, and by directory what was made of artifacts and is complete.

    `changed` names the trees of which not every file is as it was when they were unpacked.
    """
    root = spec["layout"]["store"]
    asked = spec.get("store", {}).get("artifacts", ())
    made = {kind: _complete("%s/%s" % (root, kind)) for kind in _plain_files(root) if kind not in _BROUGHT}
    return {
        "artifacts": {sha: any(_plain_files("%s/artifacts/%s" % (root, sha))) for sha in asked},
        "made": made,
        "changed": sorted(path for path in made.get("tree", ()) if _is_changed("%s/tree/%s" % (root, path))),
    }


def logs(spec: Spec) -> Dict[str, Any]:
    """The end of each service's logs: size, age, last line, last lines that report an error."""
    found = {}  # type: Dict[str, Any]
    for service in spec.get("services", ()):
        for log in service.get("logs", ()):
            matches = _matching(log["path"]) if glob.has_magic(log["path"]) else [log["path"]]
            if not matches:
                found[log["path"]] = None
            for path in matches:
                found[path] = _log(path, _LEVEL if log.get("levels") else _WORD)
    return found


def digests_at_start(path: str) -> Optional[Tuple[Dict[str, str], float]]:
    """The record that a service's start script left, lines of `sha256sum`, and its age; None when there is none."""
    try:
        with os.fdopen(opened(path), "rb") as stream:
            lines = stream.read(_STARTED).decode("utf-8", "replace").splitlines()
            written = os.fstat(stream.fileno()).st_mtime
    except OSError:
        return None
    found = (_SUM.match(line) for line in lines)
    return {match.group(2): match.group(1) for match in found if match}, written


def mount_of(real: str, rows: List[Dict[str, str]]) -> Dict[str, str]:
    """The mount that holds a path without links: the longest mount point; of two on one point, the later one."""
    under = (row for row in enumerate(rows) if _is_under(real, row[1]["mount"]))
    return max(under, key=lambda row: (len(row[1]["mount"]), row[0]))[1]


def mounts() -> List[Dict[str, str]]:
    """Every mount of the node, in the order of mounting."""
    rows = []
    for line in text_of("/proc/self/mountinfo").splitlines():
        left, _, right = line.partition(" - ")
        fields, source = left.split(), right.split()
        mount = re.sub(r"\\(\d{3})", lambda match: chr(int(match.group(1), 8)), fields[4])
        row = {"mount": mount, "options": fields[5], "fstype": source[0], "device": source[1], "number": fields[2]}
        rows.append(row)
    return rows


def _is_under(path: str, mount: str) -> bool:
    return mount in ("/", path) or path.startswith(mount + "/")


def _file(path: str) -> Optional[Dict[str, Any]]:
    hidden = {"mode": "0000", "owner": "", "group": "", "size": 0, "mtime": 0.0, "sha256": None}
    try:
        descriptor = opened(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Strange as error:
        return dict(hidden, sha256=STRANGE, error=error.strerror)
    except OSError as error:
        return dict(hidden, error=error.strerror)
    with os.fdopen(descriptor, "rb") as stream:
        return _read(stream)


def _read(stream: Any) -> Dict[str, Any]:
    status, left = os.fstat(stream.fileno()), _HASHED
    entry = {
        "mode": "%04o" % stat.S_IMODE(status.st_mode),
        "owner": user_name(status.st_uid),
        "group": group_name(status.st_gid),
        "size": status.st_size,
        "mtime": status.st_mtime,
        "sha256": None,
    }
    digest = _sha256()
    try:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
            left -= len(block)
            if left < 0:
                return dict(entry, sha256=STRANGE, error="it has more than %d MiB" % (_HASHED >> 20))
    except OSError as error:
        return dict(entry, error=error.strerror)
    return dict(entry, sha256=digest.hexdigest())


def _sha256() -> Any:
    """A hash by Python's own code: for a few small files, `hashlib` would load OpenSSL, 5 ms of CPU."""
    for name in ("_sha2", "_sha256"):  # since Python 3.12, and before it
        with contextlib.suppress(ImportError):
            return importlib.import_module(name).sha256()
    return importlib.import_module("hashlib").sha256()


def _plain_files(folder: str) -> List[str]:
    try:
        return [name for name in names(folder) if not name.endswith(".part")]
    except OSError:
        return []


def _complete(folder: str) -> List[str]:
    """Names whose `.complete` marker says that unpacking or building them ended well."""
    try:
        there = names(folder)
    except OSError:
        return []
    return sorted(name for name in there if os.path.exists("%s/%s/.complete" % (folder, name)))


def _is_changed(tree: str) -> bool:
    """Whether a tree does not look any more as its marker says."""
    try:
        recorded = text_in("%s/%s" % (tree, listing.MARKER), 1024, believed=True).splitlines()
        digest = _sha256()
        for line in listing.entries(tree):
            digest.update(line.encode("utf-8", "surrogateescape"))
    except OSError:
        return True
    return recorded[1:] != [digest.hexdigest()]


def _matching(pattern: str) -> List[str]:
    """Paths that match a pattern, whose directory has no wildcard."""
    folder, wanted = os.path.split(pattern)
    try:
        found = fnmatch.filter(names(folder), wanted)
    except OSError:
        return []
    return sorted(os.path.join(folder, name) for name in found)[:_LOGS]


def _log(path: str, pattern: Any) -> Optional[Dict[str, Any]]:
    try:
        with os.fdopen(opened(path), "rb") as stream:
            require_alone(stream.fileno(), path)
            status = os.fstat(stream.fileno())
            stream.seek(max(0, status.st_size - _TAIL))
            tail = stream.read(_TAIL).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        return {"error": error.strerror}
    whole = tail[: tail.rfind("\n") + 1].splitlines()
    written = [line for line in whole if line.strip()]
    return {
        "size": status.st_size,
        "mtime": status.st_mtime,
        "last_line": written[-1][:_LINE] if written else "",
        "errors": _errors(written, pattern),
    }


def _errors(lines: List[str], pattern: Any) -> List[str]:
    """Lines at error level, and of each traceback the line that names the exception."""
    kept = []
    inside = False
    for line in lines:
        if line.startswith("Traceback (most recent call last)"):
            inside = True
        elif inside and not line.startswith((" ", "\t")):
            inside = False
            kept.append(line[:_LINE])
        elif not inside and pattern.search(line):
            kept.append(line[:_LINE])
    return kept[-_KEPT:]
