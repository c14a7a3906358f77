"""What our modules share on a node: the lease, the manifest and the atomic replacement of files. Python 3.8, stdlib."""

from __future__ import annotations

import contextlib
import fcntl
import grp
import json
import os
import pwd
import time

from ansible.module_utils.fatecloud_places import LEASE, MANIFEST, PRIVATE
from ansible.module_utils.fatecloud_refused import Refused
from ansible.module_utils.fatecloud_trust import directory, opened, read

TTL = 1800
"""Seconds that a lease lasts without a sign of life; every change by its run renews it.

Twice what the longest single step may take: the smoke test's LR has 900 s, an environment on a slow disk about as long.
"""
MARK = "FATECLOUD_RUN"
"""Environment variable that names the run which a process works for."""
POLL = 0.2
IDENTITY = ("cluster", "id", "node")
"""What a manifest and a lease say of whose a base directory is: the cluster's name and id, and the node's name."""


def private(base: str) -> str:
    """Our own directory below `base`."""
    return os.path.join(base, PRIVATE)


def read_json(path: str) -> dict | None:
    """The JSON object in a file that is believed, or None when there is no such file.

    Raises:
        Refused: it is damaged, or not believed.
        OSError: it cannot be read.
    """
    data = read(path)
    try:
        found = None if data is None else json.loads(data.decode())
    except ValueError as error:
        raise Refused(f"{path} is damaged: {error}") from error
    if found is not None and not isinstance(found, dict):
        raise Refused(f"{path} is damaged: it is not an object")
    return found


def owner_ids(user: str, group: str) -> tuple:
    """Numeric owner for files of a user, root's for an empty name; (-1, -1), which changes nothing, without root."""
    if os.geteuid() != 0:
        return -1, -1
    return pwd.getpwnam(user or "root").pw_uid, grp.getgrnam(group or "root").gr_gid


def replace(path: str, data: bytes, mode: int, uid: int = -1, gid: int = -1) -> None:
    """Put bytes at a path so that a reader, or a power cut, meets the old file or the new one and nothing between."""
    # One name, as only the holder of the node's lock writes: what a power cut left of it is met again, and goes.
    name, temporary = os.path.basename(path), f".{os.path.basename(path)}.fatecloud"
    with directory(os.path.dirname(path), believed=False) as folder:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fchown(file.fileno(), uid, gid)
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)
            raise
        handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=folder)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def missing(path: str) -> list:
    """The directories that have to be made for a path to be one, the path last."""
    found = []
    while not os.path.isdir(path):
        found.insert(0, path)
        path = os.path.dirname(path)
    return found


class Manifest:
    """The node's record of what we put there. Read it, change `data`, `save`."""

    def __init__(self, base: str) -> None:
        self.path = os.path.join(private(base), MANIFEST)
        self.data = read_json(self.path) or {}
        for name in ("files", "services", "accounts"):
            self.data.setdefault(name, {})
        for name in ("artifacts", "made", "packages", "masked", "directories", "shared"):
            self.data.setdefault(name, [])
        self._saved = json.dumps(self.data, sort_keys=True)

    def note(self, name: str, values: list) -> None:
        """Add values to one of the lists."""
        self.data[name] = sorted(set(self.data[name]) | set(values))

    def save(self) -> None:
        """Write it, if it changed."""
        text = json.dumps(self.data, sort_keys=True)
        if text != self._saved:
            replace(self.path, (json.dumps(self.data, indent=1, sort_keys=True) + "\n").encode(), 0o600)
            self._saved = text


def lease_path(base: str) -> str:
    """Where the lease lies."""
    return os.path.join(private(base), LEASE)


def boot() -> str:
    """The id of this boot of the machine."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def extended(lease: dict) -> dict:
    """The lease with all of its time before it.

    It notes how far the clock was from the time since boot: a clock that is set must not end the lease of a living run,
    nor prolong that of a dead one.
    """
    now = time.time()
    return dict(lease, expires=int(now) + TTL, boot=boot(), offset=now - time.monotonic())


def left(lease: dict) -> float:
    """Seconds until a lease runs out; zero or less after that, and for one that says more than a lease can have."""
    now = time.monotonic() + lease["offset"] if lease["boot"] == boot() else time.time()
    seconds = lease["expires"] - now
    return seconds if seconds <= TTL + 1 else 0.0


def read_lease(base: str) -> dict | None:
    """The lease of a node, or None when no run holds it.

    Raises:
        Refused: it is damaged, or not believed.
    """
    lease = read_json(lease_path(base))
    texts, numbers = ("run", "owner", "controller", "boot", *IDENTITY), ("expires", "offset")
    whole = lease is None or (
        all(isinstance(lease.get(key), str) for key in texts)
        and all(isinstance(lease.get(key), (int, float)) and abs(lease[key]) < 1 << 48 for key in numbers)
        and isinstance(lease.get("process"), dict)
    )
    if not whole:
        raise Refused(f"{lease_path(base)} is damaged; if no run works on this node, remove it")
    return lease


def note_change(base: str, run: str, service: str) -> None:
    """Write into the lease that the run begins to change a service now: a check does not call that a fault.

    Raises:
        Refused: the run does not hold the node.
    """
    lease = assert_lease(base, run)
    write_lease(base, dict(lease, changing={**lease.get("changing", {}), service: int(time.time())}))


def write_lease(base: str, lease: dict) -> None:
    """Replace the lease."""
    replace(lease_path(base), (json.dumps(lease, indent=1, sort_keys=True) + "\n").encode(), 0o600)


@contextlib.contextmanager
def locked(base: str, run: str, wait: float) -> object:
    """Hold the node's run lock, and write into it who we are.

    Raises:
        Refused: another process held it for `wait` seconds.
    """
    path = os.path.join(private(base), "run.lock")
    with directory(private(base)) as folder:
        descriptor = opened("run.lock", folder, path, os.O_RDWR | os.O_CREAT)
    try:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
                    raise Refused(f"another task of fatecloud is still running on this node: {holder}") from None
                time.sleep(POLL)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"run {run} pid {os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def assert_lease(base: str, run: str) -> dict:
    """Return the lease, renewed if it is old.

    Raises:
        Refused: this run does not hold it.
    """
    lease = read_lease(base)
    if lease is None or lease["run"] != run:
        holder = f"run {lease['run']} of {lease['owner']} does" if lease else "no run does"
        raise Refused(f"run {run} does not hold this node ({holder})", held=lease)
    if left(lease) < TTL / 2:
        write_lease(base, extended(lease))
    return lease


@contextlib.contextmanager
def working(base: str, run: str, check: bool = False, wait: float = 300) -> object:  # noqa: FBT001, FBT002
    """Change the node as the holder of the lease, alone; yields the manifest and saves it at the end.

    In check mode nothing is locked or saved.

    Raises:
        Refused: the run does not hold the node, another task works on it for longer than `wait` seconds, or the
            operating system refuses something.
    """
    if check:
        yield Manifest(base)
        return
    try:
        with locked(base, run, wait):
            lease = assert_lease(base, run)
            manifest = Manifest(base)
            for key in IDENTITY:
                manifest.data.setdefault(key, lease[key])
            yield manifest
            manifest.save()
    except FileNotFoundError as error:
        if not os.path.isdir(private(base)):
            raise Refused(f"run {run} does not hold this node (no run does)") from error
        raise Refused(f"{error.filename}: {error.strerror}") from error
    except OSError as error:  # a full or read-only disk is a cause to name, not a traceback
        raise Refused(f"{error.filename or base}: {error.strerror or error}") from error


def clean_environment(home: str = "/") -> dict:
    """Environment for programs that we start: nothing inherited but the mark of the run."""
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": home,
    }
    if os.environ.get(MARK):
        environment[MARK] = os.environ[MARK]
    return environment


def become(user: str) -> object:
    """What `subprocess` calls in a child so that it works as `user`; None where that changes nothing."""
    if os.geteuid() != 0 or user in ("", "root"):
        return None
    entry = pwd.getpwnam(user)

    def change() -> None:
        os.initgroups(entry.pw_name, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)

    return change


def home_of(user: str) -> str:
    """Home directory of a user; `/` where there is none."""
    try:
        return pwd.getpwnam(user).pw_dir
    except KeyError:
        return "/"
