"""Runs on the node: removes what a service leaves behind, as the service's user.

Nothing of it runs as root, and root believes nothing that it says. The file that holds it is root's; what it may remove
is in that file. A job that runs keeps its files: where the service cannot be asked for its jobs, nothing of any job is
removed this time. A worker that runs keeps what has its name.
"""

from __future__ import annotations

import fnmatch
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time
from typing import Any

DAY = 86400
FRESH = 3600
"""Seconds: what was written to since is not removed for size or number, because its writer may not be done."""
MOST = 500000
"""Entries that are looked at below one match; one with more counts as old as those that were seen."""
CHORE = 3600
"""Seconds that a chore may take."""
FIRST = 900
"""Seconds after its start until the first sweep: a service that was just started has other things to do."""


def say(text: str) -> None:
    """A line for the journal."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def printed(argv: list[str], stdin: str, seconds: float) -> str:
    """What a program prints. Raises OSError or subprocess.SubprocessError, also where it ends with an error."""
    # A node may have no `python3` on its path: then the interpreter that runs this does.
    program, *rest = argv
    done = subprocess.run(
        [sys.executable if program == "python3" else program, *rest],
        input=stdin.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=seconds,
        check=True,
    )
    return done.stdout.decode(errors="replace")


def running(question: dict[str, Any]) -> list[str] | None:
    """Ids of the jobs that the service runs; None where it gives no answer."""
    try:
        answer = json.loads(printed(question["argv"], question["stdin"], question["timeout"]))
        return [str(job["job"]) for job in answer["jobs"]] if answer["ok"] else None
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return None


def words() -> set[str]:
    """What the processes of this user were started with, parts of paths one by one."""
    found: set[str] = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{name}").st_uid == os.getuid():
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    found.update(re.split(r"[\0\s/='\"]+", file.read().decode(errors="replace")))
        except OSError:
            continue  # it has ended
    return found


def weight(path: str) -> tuple[float, int]:
    """Time of the newest thing in a path, and the bytes of all; links are not followed."""
    status = os.lstat(path)
    newest, size, count = status.st_mtime, status.st_size, 0
    waiting = [path] if os.path.isdir(path) and not os.path.islink(path) else []
    while waiting and count < MOST:
        try:
            entries = list(os.scandir(waiting.pop()))
        except OSError:
            continue
        for entry in entries:
            count += 1
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            newest, size = max(newest, status.st_mtime), size + status.st_size
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
    return newest, size


def matches(pattern: str, roots: list[str]) -> list[str]:
    """Paths that match a pattern and really lie below one of the service's directories."""
    inside = [os.path.realpath(root) for root in roots]
    found = []
    for path in glob.glob(pattern):
        folder = os.path.realpath(os.path.dirname(path))
        if any(folder == root or folder.startswith(root + "/") for root in inside):
            found.append(path)
    return found


def surplus(rows: list[tuple[float, int, str]], residue: dict[str, Any], now: float) -> list[tuple[float, int, str]]:
    """What is too old, and of the rest the oldest as long as there is too much, or are too many.

    Args:
        rows: time, bytes and path of each match.
    """
    rows = sorted(rows)
    old = [row for row in rows if row[0] < now - residue["days"] * DAY]
    left = rows[len(old) :]
    total, count = sum(row[1] for row in left), len(left)
    for row in left:
        much = residue["size"] is not None and total > residue["size"]
        many = residue["count"] is not None and count > residue["count"]
        if not (much or many) or row[0] > now - FRESH:
            break
        old.append(row)
        total, count = total - row[1], count - 1
    return old


def remove(path: str) -> bool:
    """Remove a path; whether it is gone. A link goes, and not what it leads to."""
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    except OSError as error:
        say(f"cannot remove {path}: {error.strerror}")
        return False
    return True


def sweep(settings: dict[str, Any], now: float) -> None:
    """Look once at all that the service leaves behind."""
    jobs = None
    if any("{job}" in residue["path"] for residue in settings["residues"]):
        jobs = running(settings["question"]) if settings["question"] else []
        if jobs is None:
            say("the service gives no answer about its jobs: nothing of jobs is removed")
    for residue in settings["residues"]:
        path = residue["path"]
        if "{job}" in path and jobs is None:
            continue
        kept = [path.replace("{job}", glob.escape(job)) for job in jobs or ()] if "{job}" in path else []
        found = matches(path.replace("{job}", residue["jobs"]), settings["roots"])
        left = [match for match in found if not any(fnmatch.fnmatchcase(match, pattern) for pattern in kept)]
        in_use = words() if residue["named"] else set()
        rows = []
        for match in left:
            if os.path.basename(match) in in_use:
                continue
            try:
                rows.append((*weight(match), match))
            except OSError:
                continue  # it went by itself
        gone = [row for row in surplus(rows, residue, now) if remove(row[2])]
        if gone:
            say(f"removed {len(gone)}: {residue['what']}, {sum(row[1] for row in gone) >> 20} MiB")
    work(settings["chores"])


def work(chores: list[dict[str, Any]]) -> None:
    """Run the programs that remove what is in no file."""
    for chore in chores:
        try:
            done = printed(chore["argv"], chore["stdin"], CHORE)
        except (OSError, subprocess.SubprocessError) as error:
            done = f"a chore failed: {type(error).__name__}: {error}"
        if done:
            say(done)


def main(settings: dict[str, Any]) -> None:
    """Sweep once, or with `--every SECONDS` for ever."""
    if sys.argv[1:2] != ["--every"]:
        sweep(settings, time.time())
        return
    time.sleep(FIRST)
    while True:
        sweep(settings, time.time())
        time.sleep(float(sys.argv[2]))
