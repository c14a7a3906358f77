"""A service's user gains nothing by what it plants: no file outside of its directories changes, and no verb hangs.

What is planted, and where, is drawn with a printed seed; `FATECLOUD_SEED` repeats a run, `FATECLOUD_LONG=1` draws more.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from program import Program
from raised import RAISED
from two_parties import PARTIES, A, cluster_name, home, slug, user

from fatecloud.sandbox.nodes import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2400), pytest.mark.usefixtures("running")]

ROUNDS = 8 if os.environ.get("FATECLOUD_LONG") == "1" else 2
PARTY = PARTIES[A]
VICTIMS = ("/etc", "/root", "/home", "/var/lib/fatecloud", "/usr/local", "/var/spool/cron")
KINDS = ("link", "pipe", "socket", "folder", "endless", "unreadable", "second name", "rubbish")
_OUTSIDE = r"""
import hashlib, json, os, stat, sys
skipped, roots = json.loads(sys.argv[1]), json.loads(sys.argv[2])
found = {}
for root in roots:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in skipped]
        for name in [*folders, *files, "."]:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            entry = [status.st_mode, status.st_uid, status.st_gid]
            if stat.S_ISREG(status.st_mode) and status.st_size < 1 << 22:
                entry.append(hashlib.sha256(open(path, "rb").read()).hexdigest())
            found[path] = entry
print(json.dumps(found))
"""
_WRITABLE = r"""
import json, os, sys
for root in sys.argv[1:]:
    for folder, folders, files in os.walk(root):
        for path in [folder, *(os.path.join(folder, name) for name in files)]:
            if os.access(path, os.W_OK) and not os.path.islink(path):
                print(path)
"""
_PLANT = r"""
import json, os, shutil, socket, sys
for path, kind in json.load(sys.stdin):
    if os.path.islink(path) or os.path.isfile(path) or (os.path.exists(path) and not os.path.isdir(path)):
        os.unlink(path)
    elif os.path.isdir(path):
        os.rename(path, path + ".moved")
    if kind == "link":
        os.symlink("/etc/shadow" if "." in os.path.basename(path) else "/etc", path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind("plant")
        os.rename("plant", path)
    elif kind == "folder":
        os.mkdir(path, 0)
    elif kind == "second name":
        open(path + ".first", "w").close()
        os.link(path + ".first", path)
    else:
        with open(path, "w") as file:
            file.write("rubbish\n")
        if kind == "endless":
            os.truncate(path, 1 << 40)
        if kind == "unreadable":
            os.chmod(path, 0)
"""
_CLEAR = r"""
import json, os, shutil, sys
for path, kind in json.load(sys.stdin):
    if kind == "folder":
        os.rmdir(path)
    elif os.path.lexists(path):
        os.unlink(path)
    for name in (path + ".first",):
        if os.path.lexists(name):
            os.unlink(name)
    if os.path.lexists(path + ".moved"):
        os.rename(path + ".moved", path)
"""


class Hostile:
    """The user of party 9999's flow, and what it can reach."""

    def __init__(self, program: Program, sandbox: Sandbox) -> None:
        self._sandbox, self.base = sandbox, home(program)
        self.user, self.slug = user(program, PARTY, "flow"), slug(program, PARTY, "flow")
        self.run, self.data, self.logs = (
            f"{self.base}/{self.slug}/run",
            f"{self.base}/data/{self.slug}",
            f"{self.base}/logs/{self.slug}",
        )

    def python(self, text: str, *arguments: str, given: Any = None) -> str:
        """Run a program as this user."""
        argv = ["runuser", "-u", self.user, "--", "env", "-C", self.run, "python3", "-c", text, *arguments]
        if given is not None:
            self._sandbox.write(A, "/tmp/given.json", json.dumps(given).encode(), mode=0o644)
            argv = ["sh", "-c", 'exec "$@" < /tmp/given.json', "sh", *argv]
        return self._sandbox.check(A, argv, timeout=120)

    def outside(self) -> dict[str, Any]:
        """Owner, mode and content of what is not this service's to write."""
        others = f"{self.base}/data", f"{self.base}/logs", f"{self.base}/store", f"{self.base}/.fatecloud", self.run
        runs = [f"{self.base}/{name}/run" for name in self._homes()]
        roots = json.dumps([*VICTIMS, self.base])
        found: dict[str, Any] = json.loads(
            self._sandbox.check(A, ["python3", "-c", _OUTSIDE, json.dumps([*others, *runs]), roots], timeout=120)
        )
        return found

    def _homes(self) -> list[str]:
        return self._sandbox.check(A, ["ls", self.base]).split()

    def targets(self) -> list[str]:
        """What a verb may look at in the directories of the service."""
        fixed = [f"{self.run}/started", f"{self.run}/pid", f"{self.data}/jobs", f"{self.data}/upload"]
        logs = self.python(
            "import os, sys\nfor n in os.listdir(sys.argv[1]): print(os.path.join(sys.argv[1], n))", self.logs
        )
        return fixed + logs.split()


@pytest.fixture(scope="module")
def hostile(program: Program, sandbox: Sandbox, running: None) -> Hostile:
    del running
    return Hostile(program, sandbox)


@contextmanager
def planted(hostile: Hostile, plants: list[tuple[str, str]]) -> Iterator[None]:
    hostile.python(_PLANT, given=plants)
    try:
        yield
    finally:
        hostile.python(_CLEAR, given=plants)


def test_it_can_write_to_its_own_directories_only(hostile: Hostile) -> None:
    own = (hostile.run, hostile.data, hostile.logs)
    writable = hostile.python(_WRITABLE, hostile.base, *VICTIMS).splitlines()
    assert writable
    assert [path for path in writable if not path.startswith(own)] == []


@pytest.mark.parametrize("target", [".fatecloud", "store"])
def test_our_records_and_the_store_cannot_be_exchanged(hostile: Hostile, target: str) -> None:
    code = (
        "import os, sys\ntry:\n os.rename(sys.argv[1], sys.argv[1] + '.mine')\n"
        "except PermissionError:\n print('refused')\n"
    )
    assert hostile.python(code, f"{hostile.base}/{target}") == "refused\n"


def test_no_plant_makes_root_work_elsewhere_or_wait(program: Program, sandbox: Sandbox, hostile: Hostile) -> None:
    seed = int(os.environ.get("FATECLOUD_SEED") or random.SystemRandom().randrange(1 << 32))
    sys.stdout.write(f"\nFATECLOUD_SEED={seed}\n")
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    service = f"{PARTY}/flow"
    for _ in range(ROUNDS):
        before = hostile.outside()
        plants = [(path, chance.choice(KINDS)) for path in hostile.targets()]
        with planted(hostile, plants), RAISED.anything():
            for words in (
                ("check", "-o", "json"),
                ("status",),
                ("logs", service),
                ("plan",),
                ("restart", service, "--interrupt-jobs", "--yes"),
                ("stop", service, "--interrupt-jobs", "--yes"),
            ):
                program.run(*words, timeout=300)
        with RAISED.anything():
            program.ok("deploy", "--yes", "--interrupt-jobs", timeout=900)
        assert hostile.outside() == before, plants
    assert program.report()["findings"] == []


def test_its_process_cannot_hold_a_lock(program: Program, sandbox: Sandbox, hostile: Hostile) -> None:
    run = "0" * 8
    code = f"import os\nos.environ['FATECLOUD_RUN'] = '{run}'\nos.execv('/bin/sleep', ['sleep', '600'])"
    argv = ["sh", "-c", f'runuser -u {hostile.user} -- python3 -c "$0" > /dev/null 2>&1 &', code]
    sandbox.check(A, argv)
    program.ok("restart", f"{PARTY}/nginx", "--interrupt-jobs", "--yes")
    sandbox.check(A, ["pkill", "-u", hostile.user, "-x", "sleep"])


def test_a_base_directory_that_it_could_write_to_is_refused_and_named(
    program: Program, sandbox: Sandbox, hostile: Hostile
) -> None:
    sandbox.check(A, ["chown", hostile.user, hostile.base])
    try:
        with RAISED.expecting("NODE_RECORDS_UNTRUSTED"):
            assert "NODE_RECORDS_UNTRUSTED" in {f["code"] for f in program.report()["findings"]}
            for words in (
                ("deploy", "--yes"),
                ("stop", f"{PARTY}/nginx", "--yes"),
                ("destroy", "--cluster-name", cluster_name(program)),
            ):
                done = program.run(*words, "--interrupt-jobs")
                assert done.status not in (0, 70)
                assert hostile.base in done.out + done.err
    finally:
        sandbox.check(A, ["chown", "root:root", hostile.base])
    assert program.report()["findings"] == []
