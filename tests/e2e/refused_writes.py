"""Watches services of a node while they work, and lists every write of a file that was refused to them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from fatecloud.sandbox.nodes import Sandbox

_FOLDER = "/var/tmp/refused-writes"
_WRITES = "mkdir(at)?|unlink(at)?|rmdir|rename(at2?)?|(sym)?link(at)?|truncate|utimensat|mknod(at)?|creat"
_CHANGES = "f?ch(mod|own)(at2?)?|lchown"
_OPENED = r"\bopen(?:at2?)?\(.*\bO_(?:WRONLY|RDWR|CREAT|TRUNC)"
_FAILED = re.compile(rf"(?:{_OPENED}|\b(?:{_WRITES}|{_CHANGES})\().*\) = -1 (?P<why>EROFS|EACCES|EPERM) ")
_ATTEMPTS, _SECONDS = 5, 20.0
_PATHS = re.compile(r'"((?:[^"\\]|\\.)*)"|f\w+\(\d+<([^>]*)>')
"""A name, or what a descriptor is that is changed."""


@contextmanager
def refused_writes(sandbox: Sandbox, node: str, users: Mapping[str, str]) -> Iterator[dict[str, list[str]]]:
    """Trace all processes of services and all that they start.

    Args:
        users: service -> the account that all its processes, and no others, have. The account traces them: root of a
            container may not.

    Yields:
        Service -> `EROFS path` of each write that was refused, each once; filled at the end.
    """
    install = "command -v strace || { apt-get update -qq && apt-get install -y -qq strace; }"
    sandbox.check(
        node, ["sh", "-c", f"{install} >/dev/null 2>&1; rm -rf {_FOLDER}; mkdir -m 1777 {_FOLDER}"], timeout=300
    )
    found: dict[str, list[str]] = {}
    try:
        for service, user in users.items():
            _trace(sandbox, node, service, user)
        yield found
        for user in users.values():
            assert not _untraced(sandbox, node, user), f"no one traces all processes of {user} any more"
    finally:
        # By this signal a tracer lets go of what it traces before it ends.
        sandbox.exec(node, ["sh", "-c", f"kill -INT $(cat {_FOLDER}/*.pid)"])
    for service in users:
        grep = f"grep -h -E 'EROFS|EACCES|EPERM' {_FOLDER}/{service}.* || true"
        lines = sandbox.check(node, ["sh", "-c", grep]).splitlines()
        found[service] = sorted({line for line in map(refusal, lines) if line})
    sandbox.check(node, ["rm", "-rf", _FOLDER])


def _as_user(user: str) -> list[str]:
    """Words that run a command as a user. `su` would leave a session of systemd's behind, with processes of its own."""
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]


def refusal(line: str) -> str:
    """Reason and path of a refused write, from a line of strace; empty for any other line."""
    match = _FAILED.search(line)
    paths = _PATHS.findall(line)
    return f"{match['why']} {''.join(paths[-1])}" if match and paths else ""


def _trace(sandbox: Sandbox, node: str, service: str, user: str) -> None:
    """Trace all of a service. A process of an earlier job that ends meanwhile ends the tracer: then it begins again."""
    what = "-f -qq -y -e trace=%file,fchmod,fchown -e status=failed -s 300"
    said = ""
    for number in range(_ATTEMPTS):
        whom = " ".join(f"-p {pid}" for pid in sandbox.check(node, ["pgrep", "-u", user]).split())
        files = f"{_FOLDER}/{service}"
        script = f"strace {what} -o {files}.{number} {whom} >{files}.out 2>&1 & echo $! > {files}.pid"
        sandbox.check(node, [*_as_user(user), "sh", "-c", script])
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            time.sleep(0.5)
            if not _untraced(sandbox, node, user):
                return
        said = sandbox.check(node, ["sh", "-c", f"kill -INT $(cat {files}.pid) 2>/dev/null; cat {files}.out"])
        time.sleep(1)
    raise AssertionError(f"the processes of {user} cannot be traced: {said}")


def _untraced(sandbox: Sandbox, node: str, user: str) -> list[str]:
    """Processes that no one traces. A test without a tracer would find nothing, and pass."""
    each = 'grep -q "^TracerPid:.0$" $s && ! grep -q "^State:.Z" $s && ! grep -qx "Name:.strace" $s && echo $s'
    script = f"for p in $(pgrep -u {user}); do s=/proc/$p/status; {each}; done 2>/dev/null; true"
    return sandbox.check(node, ["sh", "-c", script]).split()
