"""What a service user that means harm does on its node: everything it may write is replaced with something else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from faults import Site

_PLANT = r"""
import json, os, random, socket, stat, sys

seed, roots, kinds, limit = json.loads(sys.argv[1])
random.seed(seed)
kept = []


def harmful(kind, path):
    if kind == "link to a file of root":
        os.symlink("/etc/shadow", path)
    elif kind == "link to a directory of root":
        os.symlink("/etc", path)
    elif kind == "link to itself":
        os.symlink(os.path.basename(path), path)
    elif kind == "FIFO":
        os.mkfifo(path)
    elif kind == "socket":
        here = os.getcwd()
        os.chdir(os.path.dirname(path))
        socket.socket(socket.AF_UNIX).bind(os.path.basename(path)[:90])
        os.chdir(here)
    elif kind == "directory":
        os.mkdir(path)
        open(os.path.join(path, "inside"), "w").close()
    elif kind == "huge file":
        with open(path, "wb") as file:
            file.truncate(1 << 40)
    elif kind == "unreadable file":
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0))
    elif kind == "hard link":
        # Kernels refuse users a second name of what is not theirs, unless that protection is switched off.
        try:
            os.link("/etc/debian_version", path)
        except OSError:
            open(path + ".first", "w").close()
            os.link(path + ".first", path)


def below(root):
    for folder, folders, names in os.walk(root):
        for name in [*folders, *names]:
            yield os.path.join(folder, name)


for root in roots:
    there = sorted(below(root), key=len)
    new = [os.path.join(root, f"planted-{number}.log") for number in range(3)]
    for path in random.sample(there, min(limit, len(there))) + new:
        kind = random.choice(kinds)
        away = None
        try:
            if os.path.lexists(path):
                away = path + ".kept-by-the-test"
                os.rename(path, away)
            harmful(kind, path)
        except OSError as error:
            if away:
                os.rename(away, path)
            continue
        kept.append((kind, path, away))
print(json.dumps(kept))
"""
_UNDO = r"""
import json, os, shutil, sys

for kind, path, away in reversed(json.loads(sys.argv[1])):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.unlink(path)
    if os.path.lexists(path + ".first"):
        os.unlink(path + ".first")
    if away and os.path.lexists(away):
        os.rename(away, path)
"""
KINDS = (
    *("link to a file of root", "link to a directory of root", "link to itself", "FIFO", "socket", "directory"),
    *("huge file", "unreadable file", "hard link"),
)


@dataclass(frozen=True)
class Intruder:
    """Someone who has become the user of one service."""

    site: Site
    component: str

    @property
    def user(self) -> str:
        """The service's user."""
        return self.site.shell(f"systemctl show -P User {self.site.unit(self.component)}").strip()

    @property
    def roots(self) -> tuple[str, ...]:
        """The directories that the service may write to."""
        slug = f"{self.site.cluster}-{self.site.party}-{self.component}"
        return (
            f"{self.site.home(self.component)}/run",
            f"{self.site.base}/data/{slug}",
            f"{self.site.base}/logs/{slug}",
        )

    def tries(self, script: str) -> tuple[int, str]:
        """Exit status and output of a shell script."""
        argv = ["runuser", "-u", self.user, "--", "sh", "-c", script]
        done = self.site.sandbox.exec(self.site.node, argv, timeout=60)
        return done.exit, done.text + done.stderr.decode(errors="replace")

    @contextmanager
    def plants(self, seed: int, limit: int) -> Iterator[list[list[str]]]:
        """Replace up to `limit` things in each of its directories, and put three more there; undone at the end.

        Yields:
            Kind, path, and where the real thing is now, for each.
        """
        plan = json.dumps([seed, self.roots, KINDS, limit])
        argv = ["runuser", "-u", self.user, "--", "python3", "-c", _PLANT, plan]
        planted = json.loads(self.site.sandbox.check(self.site.node, argv, timeout=60))
        try:
            yield planted
        finally:
            undo = ["python3", "-c", _UNDO, json.dumps(planted)]
            self.site.sandbox.check(self.site.node, undo, timeout=60)
