"""Users and groups: who there is, who we are, what limits a session gets, what starts at boot without root."""

import glob
import grp
import os
import pwd
import re
import resource
import socket
from typing import Any, Dict, List, Optional, Tuple

from .reading import Spec, Unreadable, number, output_of, text_of
from .system import which

_BOOT_ID = 64  # bytes: the kernel sets aside what a reader of its settings asks for, and refuses megabytes
_COLUMNS = 4  # of /etc/group
_LIMIT = r"\s*(?P<who>[^#\s]+)\s+(?P<bound>soft|hard|-)\s+(?P<item>\w+)\s+(?P<value>-?\d+|unlimited|infinity)"


def users(spec: Spec) -> Dict[str, Optional[Dict[str, Any]]]:
    """Each asked user, None where there is none. Its `groups` are those that name it in the node's own file."""
    found: Dict[str, Optional[Dict[str, Any]]] = {}
    # Not from every source of groups: a directory service that hangs would cost the whole answer.
    rows = [line.split(":") for line in text_of("/etc/group").splitlines()] if spec.get("users") else []
    for name in spec.get("users", ()):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            found[name] = None
            continue
        found[name] = {
            "uid": entry.pw_uid,
            "gid": entry.pw_gid,
            "group": group_name(entry.pw_gid),
            "home": entry.pw_dir,
            "shell": entry.pw_shell,
            "groups": sorted(row[0] for row in rows if len(row) == _COLUMNS and name in row[3].split(",")),
        }
    return found


def limits(spec: Spec) -> Dict[str, Dict[str, Any]]:
    """What a new session of each asked user gets: our own limits, changed by what limits.conf says for that user."""
    kinds = (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC))
    found = {}
    for name in spec.get("users", ()):
        values: Dict[str, Any] = {}
        for kind, number_of in kinds:
            soft, hard = resource.getrlimit(number_of)
            values[kind + "_soft"], values[kind + "_hard"] = soft, hard
        for item, bound, value in _configured_limits(name):
            for side in ("soft", "hard") if bound == "-" else (bound,):
                if item + "_" + side in values:
                    values[item + "_" + side] = value
        found[name] = values
    return found


def identity() -> Dict[str, Any]:
    """The login user and the machine."""
    uid = os.geteuid()
    machine = text_of("/etc/machine-id").strip() if os.path.exists("/etc/machine-id") else None
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    boot, root = "/proc/sys/kernel/random/boot_id", os.stat("/")
    return {
        "user": user,
        "uid": uid,
        "root": uid == 0,
        "hostname": socket.gethostname(),
        "machine_id": machine,
        "boot_id": text_of(boot, _BOOT_ID).strip() if os.path.exists(boot) else None,
        "root_inode": "%d:%d" % (root.st_dev, root.st_ino),
    }


def starts_at_boot(spec: Spec) -> Dict[str, Any]:
    """What could start a user's services at boot where there is no root: a lingering user manager or cron."""
    user = spec.get("owner") or identity()["user"]
    # Debian's place, then that of Red Hat.
    tabs = ["/var/spool/cron/crontabs/" + user, "/var/spool/cron/" + user]
    readable = [path for path in tabs if os.access(path, os.R_OK)]
    mine = user == identity()["user"] and which("crontab")
    text = text_of(readable[0]) if readable else ""
    if mine and not readable:
        try:
            text = output_of(["crontab", "-l"])
        except Unreadable:
            text = ""  # "no crontab for user" is an exit status of 1
    return {
        "user": user,
        "linger": os.path.exists("/var/lib/systemd/linger/" + user),
        "crontab": which("crontab"),
        "entry": "fatecloud" in text,
    }


def group_name(gid: int) -> str:
    """Name of a group, or its number."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _configured_limits(user: str) -> List[Tuple[str, str, int]]:
    """Lines of limits.conf and limits.d that apply to a user, the special before the general, in effect order."""
    try:
        groups = {"@" + group_name(gid) for gid in os.getgrouplist(user, pwd.getpwnam(user).pw_gid)}
    except KeyError:
        groups = set()
    ranked = []
    # pam_limits reads the file first and then the directory in the order of names; the last line wins.
    for path in ["/etc/security/limits.conf", *sorted(glob.glob("/etc/security/limits.d/*.conf"))]:
        for line in text_of(path).splitlines() if os.access(path, os.R_OK) else ():
            match = re.match(_LIMIT, line)
            if match and (match.group("who") in ("*", user) or match.group("who") in groups):
                rank = 2 if match.group("who") == user else 1 if match.group("who") in groups else 0
                value = number(match.group("value"))
                ranked.append((rank, match.group("item"), match.group("bound"), -1 if value is None else value))
    return [(item, bound, value) for _, item, bound, value in sorted(ranked, key=lambda row: row[0])]
