"""Brings what a service keeps from the version that was deployed last to the one that is to be deployed.

Parameters: `state`, `base`, `run`, `service` (key), `version` (to be deployed), `migrations` (each with `to`, `what`,
`dump`, `migrate`, `verify`, `back`, `timeout`, see `model/migration.py`), `data` (the service's data directory),
`backup` (where dumps go), `dump_days` (how long they stay; the newest one always does), `user`.

`begun` answers what is left to do. It comes before the files of the new version are placed, and puts a flag into the
data directory with which nothing starts the service. `done` does it, while the service is stopped: a dump, the change,
a question whether the change is there; then the flag goes. Each step is noted in a record in the data directory, so
that the next run goes on where a killed one ended. The record counts for one deployment of the old version: another
one, for example after the dump was loaded, begins at the beginning.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from subprocess import PIPE

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_inside import beside, make_directory, regular
from ansible.module_utils.fatecloud_migrating import flag_of, lower_flag, raise_flag
from ansible.module_utils.fatecloud_node import Refused, assert_lease, replace, working
from ansible.module_utils.fatecloud_places import MIGRATION_RECORD
from ansible.module_utils.fatecloud_refused import conclude
from ansible.module_utils.fatecloud_running import run
from ansible.module_utils.fatecloud_steps import needed
from ansible.module_utils.fatecloud_trust import fault

LIMIT = 1 << 20
PART = ".part"
"""How the name of a dump ends that is not whole."""
DUMP = ".dump"
READABLE = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
DAY = 86400
SHOWN = 8
"""Lines of what a step printed."""
RENEWED = 60.0
"""Seconds between two signs of life for the lease."""


class Migrating:
    """The migrations of one service that lie between two versions."""

    def __init__(self, params: dict, manifest: object) -> None:
        self.params, self.manifest = params, manifest
        entry = manifest.data["services"].get(params["service"]) or {}
        self.now = entry.get("version", "")
        # A service that was never deployed has nothing to change.
        targets = needed(self.now, params["version"], [m["to"] for m in params["migrations"]]) if entry else []
        self.steps = [next(m for m in params["migrations"] if m["to"] == target) for target in targets]
        self.of = [self.now, entry.get("deployed", "")]
        self.path = os.path.join(params["data"], MIGRATION_RECORD)
        self.record = self._read()
        self.dumps = []
        self._renewed = time.monotonic()

    def _read(self) -> dict:
        """The record of this deployment. Only root's counts: the service could write one of its own."""
        try:
            with os.fdopen(regular(self.path), "rb") as file:
                found = json.loads(file.read(LIMIT)) if not fault(os.fstat(file.fileno())) else {}
        except (Refused, OSError, ValueError):
            found = {}
        return found if isinstance(found, dict) and found.get("of") == self.of else {"of": self.of, "steps": {}}

    @property
    def left(self) -> list:
        """Those that are not done and verified yet."""
        return [m for m in self.steps if not self.record["steps"].get(m["to"], {}).get("verified")]

    def note(self, to: str, **what: object) -> None:
        """Write what has been done."""
        self.record["steps"].setdefault(to, {}).update(what)
        replace(self.path, (json.dumps(self.record, indent=1, sort_keys=True) + "\n").encode(), 0o600)

    def alive(self) -> bool:
        """Renew the lease from time to time; what has begun is never given up for it."""
        if time.monotonic() - self._renewed > RENEWED:
            assert_lease(self.params["base"], self.params["run"])
            self._renewed = time.monotonic()
        return False

    def do(self, migration: dict) -> None:
        """Dump, change, verify.

        Raises:
            Refused: one of them failed.
        """
        to = migration["to"]
        step = self.record["steps"].get(to, {})
        if not step.get("dump"):
            self.note(to, **self._dump(migration))
        dump = self.record["steps"][to]["dump"]
        self.dumps.append(dump)
        if not step.get("migrated"):
            self._run(migration, "migrate", dump)
            self.note(to, migrated=True)
        try:
            self._run(migration, "verify", dump)
        except Refused:
            self.note(to, migrated=False)  # the next run changes again what it did not find changed
            raise
        self.note(to, verified=True)

    def _dump(self, migration: dict) -> dict:
        folder = folder_of(self.params)
        make_directory(folder, 0o700)
        path = os.path.join(folder, f"{self.now}-to-{migration['to']}.{self.params['run']}{DUMP}")
        with beside(path) as (above, name):
            place = os.open(".", READABLE, dir_fd=above)
            try:
                facts = self._dumped(migration, place, name)
            finally:
                os.close(place)
        return {"dump": path, **facts}

    def _dumped(self, migration: dict, place: int, name: str) -> dict:
        """Make a dump in a directory. It has its final name once it is whole."""
        for old in [old for old in os.listdir(place) if old.endswith(PART)]:
            os.unlink(old, dir_fd=place)  # of a run that was killed
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name + PART, flags, 0o600, dir_fd=place)
        try:
            ended = self._ran(migration, "dump", descriptor)
            if ended.status != 0:
                os.unlink(name + PART, dir_fd=place)
                raise self._failed(migration, "dump", ended, "")
            os.fsync(descriptor)
            facts = {"size": os.fstat(descriptor).st_size, "sha256": _sha256(descriptor)}
        finally:
            os.close(descriptor)
        os.rename(name + PART, name, src_dir_fd=place, dst_dir_fd=place)
        os.fsync(place)
        return facts

    def _run(self, migration: dict, what: str, dump: str) -> None:
        ended = self._ran(migration, what)
        if ended.status != 0:
            raise self._failed(migration, what, ended, dump)

    def _ran(self, migration: dict, what: str, into: int = PIPE) -> object:
        timeout = float(migration["timeout"])
        return run(migration[what], self.params["user"], timeout=timeout, into=into, given_up=self.alive)

    def _failed(self, migration: dict, what: str, ended: object, dump: str) -> Refused:
        how = "took too long" if ended.status is None else f"failed with status {ended.status}"
        lines = (ended.out + ended.err).strip().splitlines()[-SHOWN:]
        change = f"the migration of {self.params['service']} from {self.now} to {migration['to']} ({migration['what']})"
        if not dump:
            return Refused(f"{change} {how} at its {what}; nothing was changed", lines=lines)
        # Without both files the version before starts again, and the next attempt makes a dump of its own.
        back = f"{migration['back'].replace('{dump}', dump)} && rm {flag_of(self.params['data'])} {self.path}"
        node = self.params["service"].rpartition("@")[2]
        text = f"{change} {how} at its step {what}; the state before is in {dump}. "
        text += f"To go back, as root on {node}: {back}; then deploy the version before"
        return Refused(text, lines=lines, dump=dump)


def folder_of(params: dict) -> str:
    """Where the dumps of a service are."""
    return os.path.join(params["backup"], os.path.basename(params["data"]))


def clear_dumps(params: dict) -> list:
    """Remove dumps that are old enough, all but the newest one. The names of those that went."""
    try:
        with beside(os.path.join(folder_of(params), DUMP)) as (above, _):
            place = os.open(".", READABLE, dir_fd=above)
    except FileNotFoundError:
        return []  # there was no migration yet
    try:
        found = {name: os.stat(name, dir_fd=place, follow_symlinks=False) for name in os.listdir(place)}
        dumps = [name for name in found if name.endswith(DUMP) and stat.S_ISREG(found[name].st_mode)]
        oldest = time.time() - params["dump_days"] * DAY
        older = sorted(dumps, key=lambda name: found[name].st_mtime)[:-1]
        gone = [name for name in older if found[name].st_mtime < oldest]
        for name in gone:
            os.unlink(name, dir_fd=place)
    finally:
        os.close(place)
    return gone


def _sha256(descriptor: int) -> str:
    digest = hashlib.sha256()
    os.lseek(descriptor, 0, os.SEEK_SET)
    while True:
        part = os.read(descriptor, 1 << 20)
        if not part:
            return digest.hexdigest()
        digest.update(part)


def apply(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Say what is left to do, or do it.

    Raises:
        Refused: a step failed, or the run does not hold the node.
    """
    with working(params["base"], params["run"], check) as manifest:
        migrating = Migrating(params, manifest)
        left = migrating.left
        found = {"changed": bool(left), "left": [m["to"] for m in left]}
        if check:
            return found
        if params["state"] == "begun":
            if not left:
                clear_dumps(params)
            else:
                raise_flag(params["data"], f"run {params['run']} brings it from {migrating.now} to {params['version']}")
            return found
        for migration in left:
            migrating.do(migration)
        lower_flag(params["data"])
        clear_dumps(params)
    note = f"the state before its migration is in {', '.join(migrating.dumps)}" if migrating.dumps else ""
    return dict(found, note=note)


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "state": {"choices": ["begun", "done"], "required": True},
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "service": {"required": True},
            "version": {"required": True},
            "migrations": {"type": "list", "elements": "dict", "required": True},
            "data": {"type": "path", "required": True},
            "backup": {"type": "path", "required": True},
            "dump_days": {"type": "int", "required": True},
            "user": {"required": True},
        },
        supports_check_mode=True,
    )
    conclude(module, apply, service=module.params["service"])


if __name__ == "__main__":
    main()
