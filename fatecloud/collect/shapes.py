"""What a fact looks like. A node may lie: a fact of another form counts as one that could not be read.

A shape is a type, `Some` of a shape (or None), a list with the shape of its items, `UpTo` so many of them, a dictionary
with the shapes of keys that must be there (or of all others, for `...`), `Maybe` of a dictionary whose keys may be
missing, or a predicate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_OWNER = re.compile("[0-9]{1,9}|[a-z][a-z0-9]{0,15}")
_SERVICE = re.compile(f"(?:{_OWNER.pattern})" r"/[a-z][a-z0-9_-]{0,63}@[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_SHA256 = re.compile("[0-9a-f]{64}")
_PACKAGE = re.compile("[a-z0-9][a-z0-9.+_-]{0,99}|")
_OCTAL = re.compile("[0-7]{3,5}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")
_ADDRESS = re.compile(r"[A-Za-z0-9._:-]{1,253}")
_ZONE = re.compile(r"[A-Za-z0-9._+/-]{1,64}")
# No character that a shell takes for more than a part of a path: remedies name paths in commands.
_PATH = re.compile(r"/[^\x00-\x1f\x7f'\"`$;&|<>(){}*?!#\\]*")
# Sums, products and dates of numbers below it stay exact; no reading of a machine is larger.
_LARGEST = 1e15
_ANY = ...


@dataclass(frozen=True, slots=True)
class Some:
    """A shape, or None."""

    shape: Any


@dataclass(frozen=True, slots=True)
class Maybe:
    """A dictionary in which these keys may be missing, and others may be."""

    shapes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UpTo:
    """A list of at most so many items of a shape."""

    most: int
    shape: Any


def number(value: Any) -> bool:
    """Whether it is a number that every computation can do."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST


def whole(value: Any) -> bool:
    """Whether it is a whole number."""
    return number(value) and isinstance(value, int)


def _positive(value: Any) -> bool:
    return whole(value) and value > 0


def _mode(value: Any) -> bool:
    return isinstance(value, str) and bool(_OCTAL.fullmatch(value))


def _digest(value: Any) -> bool:
    return isinstance(value, str) and bool(_SHA256.fullmatch(value))


def _source(value: Any) -> bool:
    return value in ("node", "package", "imported")


def _package(value: Any) -> bool:
    return isinstance(value, str) and bool(_PACKAGE.fullmatch(value))


def _host(value: Any) -> bool:
    return isinstance(value, str) and bool(_NAME.fullmatch(value))


def _address(value: Any) -> bool:
    return isinstance(value, str) and bool(_ADDRESS.fullmatch(value))


def _zone(value: Any) -> bool:
    return isinstance(value, str) and bool(_ZONE.fullmatch(value))


def _path(value: Any) -> bool:
    """Whether it is a path that can be a word of a command that an operator copies."""
    return isinstance(value, str) and bool(_PATH.fullmatch(value))


def _letter(value: Any) -> bool:
    """Whether it is a state of a process, as the kernel writes it: `S`, `T`."""
    return isinstance(value, str) and len(value) == 1 and value.isalpha()


def _key(value: Any) -> bool:
    return isinstance(value, str) and bool(_SERVICE.fullmatch(value))


def _by_service(value: Any) -> bool:
    return isinstance(value, dict) and all(_SERVICE.fullmatch(key) for key in value)


def _by_owner(value: Any) -> bool:
    return isinstance(value, dict) and all(_OWNER.fullmatch(key) for key in value)


_NAMES = [str]
_MOUNT = {"mount": _path, "device": str, "fstype": str}
_MOUNTED = {"mount": str, "device": str, "fstype": str}
_MARK = {"path": str, "mount": _MOUNTED}
_FILE = {"mode": _mode, "owner": str, "sha256": Some(str)}
_RECORDED = {"mode": _mode, "owner": str, "sha256": str, "digest": str, "service": str}
_EARLIER = {"run": str, "at": number, "files": {_ANY: Some(_RECORDED)}, "undo": bool}
_PLACES = dict.fromkeys(("directories", "shared", "packages", "masked", "artifacts", "made"), _NAMES)
_PORT = {"name": str, "number": whole, "bind": _address, "peers": bool, "strict": bool}
_ENTRY = Maybe(
    {
        **dict.fromkeys(("home", "job_api", "job_settings", "job_kind", "user", "owner"), str),
        "version": Some(str),
        "objects": _NAMES,
        "objects_made": _NAMES,
        "at": number,
        "judged": {"parts": {_ANY: str}, "ports": UpTo(100, _PORT)},
    }
)
_ARCHIVE = {"name": str, "filename": _host, "sha256": _digest, "size": _positive, "kind": str, "root": str}
_CHOSEN = {"home": _path, "major": _positive, "source": _source, "package": _package, "archive": Some(_ARCHIVE)}
_MANIFEST = Maybe(
    {
        "id": str,
        "cluster": str,
        "node": str,
        "layout": whole,
        "prepared": str,
        "machine": {"memory": Some(_positive), "cores": Some(_positive), "java": {_ANY: _CHOSEN}},
        "files": {_ANY: _RECORDED},
        "services": {_ANY: _ENTRY},
        "pending": {_ANY: str},
        "earlier": {_ANY: UpTo(20, _EARLIER)},
        "data": {_ANY: _MARK},
        "accounts": dict,
        "proofs": {_ANY: {"at": number, "run": str}},
        **_PLACES,
    }
)
_DATA = {
    "path": str,
    "entries": Some(whole),
    "names": _NAMES,
    "hollow": bool,
    "mark": Some(dict),
    "copy": Some(_MARK),
    "mount": _MOUNTED,
}
_JAVA = {"homes": [_path], "major": whole, "version": str, "vm": str, "arch": str, "problem": str}
_LEASE = {"expires": number}
_HOLDER = Some(Maybe({"pid": Some(whole)}))
_IN_LEASE = {
    "run": str,
    "owner": str,
    "controller": str,
    "process": _HOLDER,
    "deploys": [_key],
    "changing": {_ANY: number},
}
_STATE = {"state": str}
_PROCESS = {
    "pid": whole,
    "state": _letter,
    "frozen": bool,
    "age": number,
    "command": str,
    "fds": Some(whole),
    "rss": number,
}
_HEAP = {"live": Some(number), "at": Some(number), "full": bool, "capacity": number}
_SAID = Some({"at": number, "line": str})
_IN_JVM = Maybe({"jvm": Maybe({"heap": Some(_HEAP), "exhausted": _SAID, "refused": _SAID})})
_STATES = Maybe(
    {
        "main": Some({**_PROCESS, "threads": whole}),
        "children": UpTo(100, _PROCESS),
        "processes": whole,
        "pid": Some(whole),
        "since": Some(number),
        "last_start": Some(number),
        "sub": str,
        "restarts": Some(whole),
        "enabled": bool,
        "result": Some(str),
        "said": UpTo(20, str),
        "twins": UpTo(20, {"pid": whole, "user": str, "command": str}),
        "ended": Some({"count": whole, "at": number, "how": str}),
        "pids": UpTo(10_000, whole),
        "started": Some({_ANY: str}),
        "jvm": {"there": bool, "version": str, "replaced": Some(bool)},
    }
)

_RULE = {"port": Some(whole), "from": UpTo(5_000, str), "does": str}

SHAPES: dict[str, tuple[Any, ...]] = {
    "addresses": (_NAMES,),
    "clock": ({"epoch": number, "boot_epoch": Some(number), "timezone": _zone, "synchronized": Some(bool)},),
    "connects": ({_ANY: {"ok": bool, "kind": str, "error": Some(str)}},),
    "cpu": ({"cores": whole, "load1": number, "flags_avx": Some(bool)},),
    "cron_lingering": (dict,),
    "data": ({_ANY: _DATA},),
    "directories": ({_ANY: Some({"entries": whole, "names": _NAMES, "others": whole, "owner": str})},),
    "disk": ({_ANY: {**_MOUNT, "total": number, "available": number, "options": str, "inodes_total": number}},),
    "environment": ({"proxy": {_ANY: str}, "no_proxy": str, "locale_utf8": bool},),
    "files": ({_ANY: Some(_FILE)}, {_ANY: Some(Maybe({"mtime": number}))}),
    "filters": ({_ANY: {"rules": UpTo(1_000, _RULE), "error": str}},),
    "folders": ({_ANY: Some({"mode": _mode, "owner": str, "group": str})},),
    "firewall": ({"name": str, "active": bool},),
    "foreign": ([{"kind": str, "name": str, "pid": Some(whole), "detail": str}],),
    "identity": ({"user": str, "uid": whole, "root": bool, "hostname": _host}, Maybe({"machine_id": Some(str)})),
    "interpreter": (Some({"path": str, "version": str}),),
    "java_starts": ({_ANY: {"exit": Some(whole), "said": str}},),
    "javas": ({"asked": bool, "found": UpTo(16, _JAVA)},),
    "lease": (Some(_LEASE), Some(Maybe(_IN_LEASE))),
    "limits": ({_ANY: {_ANY: whole}},),
    "listeners": ([{"port": whole, "address": str, "pid": Some(whole), "process": Some(str), "cmdline": str}],),
    "load": (
        {
            "cores": _positive,
            "load1": number,
            "stolen": number,
            "busy": {_ANY: whole},
            "pressure": Some(dict.fromkeys(("cpu", "memory", "io"), number)),
        },
    ),
    "logs": ({_ANY: Some(Maybe({"errors": _NAMES, "stamps": [Some(number)], "mtime": number}))},),
    "manifest": (Some(_MANIFEST), Some(Maybe({"services": _by_service, "proofs": _by_owner}))),
    "memory": (dict.fromkeys(("total", "available", "swap_total", "swap_free"), number), {"bound": str}),
    "offered": ({_ANY: Some(str)},),
    "os": (dict.fromkeys(("id", "version_id", "family", "arch", "kernel"), str), Maybe({"systemd": whole})),
    "own_name": ({"hostname": _host, "addresses": _NAMES},),
    "packages": ({_ANY: Some(str)},),
    "real_paths": ({_ANY: str},),
    "records": ({"untrusted": _NAMES},),
    "register": ([{"id": str, "cluster": str, "node": str, "base": str, "there": bool}],),
    "selinux": (str,),
    "services": ({_ANY: _STATE}, {_ANY: _STATES}, {_ANY: _IN_JVM}),
    "store": ({"artifacts": dict, "made": {_ANY: _NAMES}, "changed": _NAMES}, Maybe({"homes": {_ANY: str}})),
    "sysctl": ({_ANY: Some(str)},),
    "tools": ({_ANY: Some(str)},),
    "usage": ({_ANY: {_ANY: Some({"bytes": number, "entries": {_ANY: {"bytes": number, "count": whole}}})}},),
    "users": (
        {_ANY: Some({"uid": whole, "gid": whole, "group": str, "home": str, "shell": str})},
        {_ANY: Some(Maybe({"groups": _NAMES}))},
    ),
}


def fits(value: Any, shape: Any) -> bool:
    """Whether a value has a shape."""
    if isinstance(shape, Some):
        return value is None or fits(value, shape.shape)
    if isinstance(shape, Maybe):
        return isinstance(value, dict) and all(
            fits(value[key], one) for key, one in shape.shapes.items() if key in value
        )
    if isinstance(shape, list | UpTo):
        one, most = (shape.shape, shape.most) if isinstance(shape, UpTo) else (shape[0], _LARGEST)
        return isinstance(value, list) and len(value) <= most and all(fits(item, one) for item in value)
    if isinstance(shape, dict):
        return isinstance(value, dict) and _has(value, shape)
    if isinstance(shape, type):
        return isinstance(value, shape)
    test: Callable[[Any], bool] = shape
    return test(value)


def _has(value: Mapping[str, Any], shape: Mapping[Any, Any]) -> bool:
    if _ANY in shape:
        return all(fits(item, shape[_ANY]) for item in value.values())
    return all(key in value and fits(value[key], one) for key, one in shape.items())


def misshapen(name: str, value: Any) -> bool:
    """Whether the value of a fact is of another form than that fact has."""
    return not all(fits(value, shape) for shape in SHAPES.get(name, ()))
