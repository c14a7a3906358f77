"""What a deploy leaves on a node, byte for byte, and who is at work there: two deploys to one end must agree in it."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fatecloud.sandbox.nodes import Sandbox

DIFFERS = {
    r"{base}/logs/.+": "logs",
    r".*/\.fatecloud-data\.json|/var/lib/fatecloud/data/.+": "the mark of data has an id, a run and a time",
    r"{base}/data/[^/]+-mysql/(db|temporary)/.+": "a database's own files",
    r"{base}/data/[^/]+-rabbitmq/mnesia/.+": "a broker's own files",
    r"{base}/data/[^/]+-flow/(jobs|model|tables|upload)/.+": "jobs and what they made",
    r"{base}/[^/]+-flow/\.cache(/.*)?": "what the libraries of a job keep in their home",
    r"{base}/data/[^/]+-nginx/[^/]+/.+": "what passes through a proxy",
    r"{base}/[^/]+/run/(?!started$).+": "sockets and numbers of processes",
    r"{base}/\.fatecloud/run\.lock": "names the last task that held it",
    r"{base}/store/venv/.+\.dist-info/(uv_cache\.json|RECORD)": "a time of the installer, and the hash of that",
    r".*/\.watched": "the times at which an environment's directories were made",
    r".*/__pycache__(/.*)?": "bytecode holds the time at which its source was unpacked",
    r"(/var)?/tmp/(systemd-private-.+|\..+-unix)": "made at each boot, or each start of a service",
}
"""What two equal deploys need not agree in, and why."""
COMES_AND_GOES = ("inet_gethost",)
"""The broker's resolver: up to four processes, one more whenever names are looked up at the same moment. The management
API looks up the node's own name for every reader of `/api/overview` and `/api/nodes`, fatecloud or not."""
_OF_A_START = ("run", "at", "deployed")
_TREE = r"""
import functools, grp, hashlib, json, os, pwd, stat, subprocess, sys
base, deep = sys.argv[1], sys.argv[2] == "deep"
def look(path, status):
    kind = stat.S_IFMT(status.st_mode)
    owner = "%s:%s" % (names(pwd.getpwuid, status.st_uid), names(grp.getgrgid, status.st_gid))
    if kind == stat.S_IFLNK:
        return ["link", os.readlink(path)]
    entry = [kind, oct(stat.S_IMODE(status.st_mode)), owner]
    if kind == stat.S_IFREG:
        stored = path.startswith(base + "/store/")
        entry.append(status.st_size)
        if deep or not stored:
            with open(path, "rb") as file:
                entry.append(hashlib.sha256(file.read()).hexdigest())
    return entry
@functools.lru_cache(maxsize=None)
def names(find, number):
    try:
        return find(number)[0]
    except KeyError:
        return str(number)
found = {}
for entry in pwd.getpwall():
    found["account " + entry.pw_name] = [entry.pw_dir, entry.pw_shell]
for line in subprocess.check_output(["dpkg-query", "-W"]).decode().splitlines():
    found["package " + line.split()[0]] = line.split()[1:]
etc = ["/etc/" + name for name in ("systemd/system", "sysctl.d", "security/limits.d", "tmpfiles.d", "cron.d")]
def below(top):
    for folder, folders, files in os.walk(top):
        for name in [*folders, *files]:
            yield os.path.join(folder, name)
places = [base, *etc, "/run/fatecloud", "/tmp", "/var/tmp", "/root/.ansible", "/home"]
for path in ["/usr/sbin/policy-rc.d", *(path for top in places for path in below(top))]:
    try:
        found[path] = look(path, os.lstat(path))
    except FileNotFoundError:
        pass
json.dump(found, sys.stdout)
"""
_WORKERS = r"""
import json, os, pwd, re, sys
base, found = sys.argv[1], []
def read(pid, name):
    with open("/proc/%s/%s" % (pid, name), "rb") as file:
        return file.read().decode(errors="replace")
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        unit = re.search(r"/(fatecloud-[^/\n]+\.service)", read(pid, "cgroup"))
        marked = re.search(r"(?:^|\0)FATECLOUD_RUN=([^\0]*)", read(pid, "environ"))
        found.append({
            "pid": int(pid), "name": read(pid, "comm").strip(), "argv": read(pid, "cmdline").replace("\0", " ").strip(),
            "user": pwd.getpwuid(os.stat("/proc/" + pid).st_uid)[0],
            "unit": unit[1] if unit else "", "run": marked[1] if marked else "",
        })
    except (OSError, KeyError):
        pass
json.dump([p for p in found if p["argv"] and p["pid"] != os.getpid()], sys.stdout)
"""
_OURS = re.compile(r"AnsiballZ|ansible|/\.fatecloud/|\b(apt|apt-get|dpkg|uv|mariadbd|mysqld|beam\.smp|nginx)\b")


def tree(sandbox: Sandbox, node: str, base: str, *, deep: bool) -> dict[str, Any]:
    """Path -> kind, mode, owner, size and hash of everything of ours on a node, without what may differ.

    With it the accounts, the packages, and the places where modules and runs put what is to go away again.

    Args:
        deep: whether also the node's store is read, which takes long; otherwise sizes are enough there.
    """
    may_differ = re.compile("|".join(pattern.format(base=re.escape(base)) for pattern in DIFFERS))
    argv = ["python3", "-c", _TREE, base, "deep" if deep else "flat"]
    found: dict[str, Any] = _document(sandbox, node, argv)
    manifest = f"{base}/.fatecloud/manifest.json"
    found = {path: entry for path, entry in found.items() if not may_differ.fullmatch(path)}
    if manifest in found:
        found[manifest] = [*found[manifest][:3], without_history(_document(sandbox, node, ["cat", manifest]))]
    return found


def without_history(manifest: dict[str, Any]) -> dict[str, Any]:
    """What a manifest says of the node as it is: a proof and a start have a time and a run of their own.

    The number of an account does not tell anything, where its name is compared.
    """
    kept = {name: value for name, value in manifest.items() if name not in ("proofs", "data")}
    kept["services"] = {
        key: {name: value for name, value in entry.items() if name not in _OF_A_START}
        for key, entry in manifest["services"].items()
    }
    kept["accounts"] = {user: entry["shared"] for user, entry in manifest["accounts"].items()}
    return kept


def _document(sandbox: Sandbox, node: str, argv: list[str]) -> Any:
    return json.loads(sandbox.check(node, argv, timeout=180))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Paths in which two trees differ, and how."""
    return [
        f"{path}: {before.get(path, 'not there')} -> {after.get(path, 'not there')}"
        for path in sorted({*before, *after})
        if _shallow(before.get(path), after.get(path)) != _shallow(after.get(path), before.get(path))
    ]


def _shallow(entry: Any, other: Any) -> Any:
    """An entry to the depth to which the other one goes."""
    return entry[: len(other)] if isinstance(entry, list) and isinstance(other, list) else entry


def processes(sandbox: Sandbox, node: str, base: str) -> list[dict[str, Any]]:
    """The processes of a node, each with its unit (empty for one that is not ours) and the run that it works for."""
    found: list[dict[str, Any]] = _document(sandbox, node, ["python3", "-c", _WORKERS, base])
    return found


def by_unit(found: list[dict[str, Any]]) -> dict[str, Counter[str]]:
    """Unit -> how many processes of which name it has, but for those that come and go."""
    units: dict[str, Counter[str]] = {}
    for process in found:
        if process["unit"] and process["name"] not in COMES_AND_GOES:
            units.setdefault(process["unit"], Counter())[process["name"]] += 1
    return units


def strangers(found: list[dict[str, Any]]) -> list[str]:
    """Processes that work for a run, are a service's user's or look like ours, and belong to no unit."""
    return [
        f"{p['pid']} {p['user']} {p['argv'][:200]}"
        for p in found
        if not p["unit"] and (p["run"] or p["user"].startswith("fc-") or _OURS.search(p["argv"]))
    ]


def at_work_here(trace: str) -> list[str]:
    """Processes of this machine that carry a text in their command line or environment: what a killed run left."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            argv, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        except OSError:
            continue
        if trace.encode() in argv + environment:
            found.append(f"{entry.name} {argv.replace(bytes(1), b' ').decode(errors='replace')[:200]}")
    return found
