"""The accounts that services run as: made all at once, recorded in the manifest, removed when they own nothing more.

An account is `user`, `group`, `comment` (the stamp in its entry) and `shared` (whether the operator named it, so that
others may use it too). The manifest's `accounts` has those that we made: user -> `group`, `shared`, `uid` and `gid`,
the numbers None until it is there. Python 3.8, stdlib.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import subprocess
import time

from ansible.module_utils.fatecloud_node import Manifest, Refused, clean_environment
from ansible.module_utils.fatecloud_own_accounts import NOWHERE, SHELLS, differences

ATTEMPTS = 30
"""Seconds that another program may hold the lock of the user database, a package's installation for example."""


def user_of(name: str) -> object | None:
    """The entry of a user; None where there is none."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def group_of(name: str) -> object | None:
    """The entry of a group; None where there is none."""
    try:
        return grp.getgrnam(name)
    except KeyError:
        return None


def lacking(accounts: list, known: dict) -> list:
    """Accounts that have to be made or put right, or are services' own and not in the manifest.

    Args:
        known: the manifest's accounts.
    """
    return [
        account
        for account in accounts
        if user_of(account["user"]) is None
        or not (account["shared"] or (account["user"] in known and not _wrong(account["user"])))
    ]


def make(accounts: list, manifest: Manifest) -> list:
    """Make accounts that are not there, each recorded before it exists, and put our own right; names of all these.

    An account that was lost gets its numbers again where they are free: files that are left belong to it again.

    Raises:
        Refused: the system does not make one, or a service's own one is someone else's.
    """
    ours, made = manifest.data["accounts"], []
    # First those that get their numbers again: another one could be given such a number, and the files with it.
    for account in sorted(accounts, key=lambda account: not _comes_back(ours.get(account["user"]))):
        user, entry = account["user"], user_of(account["user"])
        if entry is None:
            before = ours.get(user, {})
            ours[user] = {"group": account["group"], "shared": account["shared"], "uid": None, "gid": None, **before}
            manifest.save()
            _make(account, ours[user])
            made.append(user)
        elif user not in ours and entry.pw_gecos == account["comment"]:
            # An earlier run made it, and its record is lost.
            ours[user] = {"group": account["group"], "shared": account["shared"]}
        elif user not in ours and not account["shared"]:
            raise Refused(
                f"user {user} is there, but this cluster did not make it ({entry.pw_gecos or 'no comment'});"
                f" after a look at what it is for: userdel {user}"
            )
        elif not account["shared"] and _wrong(user):
            _put_right(user, _wrong(user))
            made.append(user)
        if user in ours:
            ours[user].update(uid=pwd.getpwnam(user).pw_uid, gid=pwd.getpwnam(user).pw_gid)
    return made


def _comes_back(before: dict | None) -> bool:
    """Whether the number that an account had is known, and free."""
    return before is not None and before["uid"] is not None and not _taken(pwd.getpwuid, before["uid"])


def _make(account: dict, before: dict) -> None:
    user, group, numbers = account["user"], account["group"], []
    if group_of(group) is None:
        free = before["gid"] is not None and not _taken(grp.getgrgid, before["gid"])
        _run(["groupadd", "--system", *(["--gid", str(before["gid"])] if free else []), group])
    if _comes_back(before):
        numbers = ["--uid", str(before["uid"])]
    shell = next((path for path in SHELLS if os.path.exists(path)), SHELLS[-1])
    words = ["--no-create-home", "--home-dir", NOWHERE, "--shell", shell, "--comment", account["comment"]]
    _run(["useradd", "--system", *numbers, "--gid", group, *words, user])


def _wrong(user: str) -> dict:
    """How an account was changed, as far as that can be put right now: a home only while nothing runs as the user."""
    entry = user_of(user)
    seen = {
        "shell": entry.pw_shell,
        "home": entry.pw_dir,
        "group": _group_name(entry.pw_gid),
        "groups": [group.gr_name for group in grp.getgrall() if user in group.gr_mem],
    }
    found = differences(seen)
    if "home" in found and _busy(entry.pw_uid):
        del found["home"]
    return found


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _busy(uid: int) -> bool:
    """Whether a process runs as a user."""
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == uid:
                return True
    return False


def _put_right(user: str, wrong: dict) -> None:
    shell = next((path for path in SHELLS if os.path.exists(path)), SHELLS[-1])
    options = {"shell": ["--shell", shell], "home": ["--home", NOWHERE], "groups": ["--groups", ""]}
    _run(["usermod", *(word for what in sorted(wrong) for word in options[what]), user])


def _taken(find: object, number: int) -> bool:
    try:
        find(number)
    except KeyError:
        return False
    return True


def drop(manifest: Manifest, wanted: set, places: list) -> list:
    """Remove services' own accounts that no one needs; names of ours that stay without being wanted.

    A user that the operator named stays, for others may use it by now. So does one that still owns a directory:
    otherwise the next user of the machine would get its number, and the files with it.

    Args:
        wanted: users that services need.
        places: directories of ours that may still be there.
    """
    owners, stay = {_owner(path) for path in places}, []
    for user, entry in sorted(manifest.data["accounts"].items()):
        if user in wanted:
            continue
        there = user_of(user)
        numbers = {entry["uid"], there.pw_uid if there else None} - {None}
        if entry["shared"] or numbers & owners:
            stay.append(user)
            continue
        try:
            if there:
                _run(["userdel", user])
            # With the usual settings userdel removes the group too.
            if group_of(entry["group"]):
                _run(["groupdel", entry["group"]])
        except Refused:  # a process of it that we did not start still runs
            stay.append(user)
        else:
            del manifest.data["accounts"][user]
    return stay


def _owner(path: str) -> int | None:
    with contextlib.suppress(OSError):
        return os.lstat(path).st_uid
    return None


def _run(argv: list) -> None:
    for attempt in range(ATTEMPTS):
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=clean_environment(),
            check=False,
        )
        text = done.stdout.decode(errors="replace").strip()
        if done.returncode == 0:
            return
        if "lock" not in text or attempt == ATTEMPTS - 1:
            raise Refused(f"{' '.join(argv[:1] + argv[-1:])}: {text or f'status {done.returncode}'}")
        time.sleep(1)
