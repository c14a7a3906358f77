"""Questions that a node asks its services; among them the one about jobs, before something they need is stopped."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from urllib.parse import urlsplit

from ansible.module_utils.fatecloud_node import Refused, working
from ansible.module_utils.fatecloud_running import deserted, run

ATTEMPTS = 3
"""How often a service is asked that gives no answer in time: one that is busy is just the one that runs jobs."""
SHOWN = 400
"""Characters of what went wrong that are passed on."""
INTERVAL = 5.0
"""Seconds between two looks at jobs that we wait for."""
INTERRUPTED = "the run that waited for this was interrupted"


def ask(params: dict) -> dict:
    """One answer; `ok` is False, with `error`, when there was no proper one.

    Args:
        params: `argv`, `stdin`, `timeout` (seconds) and `user`; never root asks, see `run`.
    """
    argv = params["argv"]
    if argv[0] == "python3":
        # A node may have no Python of its own: then the interpreter that runs this is the one that was shipped there.
        argv = [sys.executable or argv[0], *argv[1:]]
    try:
        done = run(argv, params["user"], params["stdin"].encode(), params["timeout"], given_up=deserted)
    except (OSError, subprocess.SubprocessError) as error:
        return {"ok": False, "kind": "exec", "error": str(error)}
    if done.status is None:
        return {"ok": False, "kind": "timeout", "error": f"no answer in {params['timeout']:g} s"}
    try:
        answer = json.loads(done.out)
    except (ValueError, RecursionError):
        lines = done.err.strip().splitlines()
        last = lines[-1][:SHOWN] if lines else "it printed nothing that can be read"
        return {"ok": False, "kind": "exec", "error": f"status {done.status}: {last}"}
    return answer if isinstance(answer, dict) else {"ok": False, "kind": "exec", "error": f"it answered {answer!r}"}


def jobs_of(runner: dict, question: dict, user: str) -> dict:
    """What a service that runs jobs answers: `ok`, and `jobs` or `error`.

    Args:
        runner: `key`, and `url` of its job API as seen from this node; with `settings`, the file on this node with
            which a question is signed.
        question: `argv` with `{host}`, `{port}` and `{settings}`, `stdin` and `timeout`.
        user: asks it; one that can read `settings`.
    """
    place = urlsplit(runner["url"])
    if not place.hostname or not place.port:
        return {"ok": False, "error": "its address is not known"}
    names = {"host": place.hostname, "port": place.port, "settings": runner.get("settings", "")}
    asked = dict(question, argv=[word.format(**names) for word in question["argv"]], user=user)
    answer = {}
    for _ in range(ATTEMPTS):
        answer = ask(asked)
        if answer.get("kind") != "timeout":
            break
    if answer.get("ok") and not _are_jobs(answer.get("jobs")):
        return {"ok": False, "kind": "exec", "error": "its answer is not a list of jobs"}
    return answer


def _are_jobs(jobs: object) -> bool:
    """Whether this is what a question about jobs is answered with: a process of the service's user may have said it."""
    return isinstance(jobs, list) and all(
        isinstance(job, dict)
        and all(isinstance(job.get(name), (str, int, type(None))) for name in ("job", "role", "party", "status"))
        and isinstance(job.get("age"), (int, float, type(None)))
        for job in jobs
    )


def in_words(jobs: list) -> list:
    """One line for each job, however many roles of it were reported."""
    by_id = {}
    for job in jobs:
        by_id.setdefault(str(job.get("job")), []).append(job)
    lines = []
    for name, rows in sorted(by_id.items()):
        sides = ", ".join(sorted({f"{row.get('role')} of party {row.get('party')}" for row in rows}))
        age = max(row.get("age") or 0 for row in rows)
        lines.append(f"{name} ({sides}; {rows[0].get('status')} for {age} s)")
    return lines


def let_jobs_end(params: dict, runners: list) -> list:
    """Go on only when no job runs, under the lease and right before something is stopped that jobs need.

    Args:
        params: `base`, `run`, `user`, `questions` (by kind of service) and `wait_jobs` (seconds to wait for the
            end of jobs).
        runners: `key`, `kind`, `url`; with `user`, who asks instead of that one; with `leaving`, one that is to
            go for good and has to answer; with `stopped`, one that we stopped, which is asked in case it was started
            by hand.

    Returns:
        Sentences about runners that gave no answer, except those that refused the connection or were `stopped` by us:
        they run nothing that could be interrupted.

    Raises:
        Refused: with `jobs`: jobs run, or a runner that is to go gives no answer; without, the run was interrupted.
    """
    deadline = time.monotonic() + params["wait_jobs"]
    while True:
        if deserted():
            raise Refused(INTERRUPTED)
        jobs, silent, blind = [], [], []
        for runner in runners:
            answer = jobs_of(runner, params["questions"][runner["kind"]], runner.get("user", params["user"]))
            jobs += answer.get("jobs", []) if answer.get("ok") else []
            idle = answer.get("kind") == "refused" or runner.get("stopped")
            if not answer.get("ok") and not idle:
                line = f"{runner['key']} could not be asked for running jobs: {answer.get('error')}"
                (blind if runner.get("leaving") else silent).append(line)
        lines = in_words(jobs)
        if not lines and not blind:
            return silent
        if time.monotonic() >= deadline:
            count = f"{len(lines)} job{'s' if len(lines) > 1 else ''} would be interrupted: " if lines else ""
            raise Refused(count + "; ".join(lines + blind), jobs=lines or blind)
        with working(params["base"], params["run"]):  # as a sign of life for the lease
            pass
        time.sleep(INTERVAL)
