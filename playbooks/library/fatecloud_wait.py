"""Asks a service its own readiness question until the answer is good, or returns the last lines of its log.

Parameters: `service` (key), `argv`, `stdin` (the question, free of secrets), `timeout` (seconds for one answer),
`deadline` (seconds altogether), `user` (who asks), `logs` (files, globs allowed); and `ports` (each with `number` and
`bind`), `unit` (empty under supervisor), `slug`, `base`, `owner` (the service's user): a good answer counts only if no
process but the service's own holds one of its ports. It changes nothing, so it ends as soon as its run is interrupted.
"""

from __future__ import annotations

import glob
import os
import re
import subprocess
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_answering import strangers
from ansible.module_utils.fatecloud_asking import INTERRUPTED, ask
from ansible.module_utils.fatecloud_inside import regular
from ansible.module_utils.fatecloud_node import Refused, clean_environment
from ansible.module_utils.fatecloud_running import deserted

INTERVAL = 0.5
LEAVING = 10
"""Seconds in which a process that still holds a port has to go: one of before may be just ending."""
TAIL = 64 << 10
LINES = 12
_ERROR = re.compile(r"\b(ERROR|CRITICAL|FATAL|Error|Exception|Traceback|error|failed|refused)\b")


def tail(path: str) -> list:
    """The last lines of a file."""
    try:
        with os.fdopen(regular(path), "rb") as file:
            if os.fstat(file.fileno()).st_nlink > 1:  # it may be a file of someone else
                return []
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            return file.read(TAIL).decode(errors="replace").splitlines()
    except (Refused, OSError):
        return []


def _written(path: str) -> float:
    """When a path was last written to; links are not followed."""
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return 0.0


def _beginning(argv: list) -> str:
    """The first of what a program prints: one entry of the journal may have hundreds of megabytes."""
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=clean_environment()
    ) as child:
        text = child.stdout.read(TAIL * LINES)
        child.kill()
    return text.decode(errors="replace")


def last_errors(params: dict) -> list:
    """The most useful log lines of the service: those with an error, or else the last ones."""
    lines = []
    if params["unit"]:
        argv = ["journalctl", "-u", params["unit"], "-n", "60", "-o", "cat", "--no-pager", "-q"]
        lines += _beginning(argv).splitlines()
    for pattern in params["logs"]:
        newest = sorted(glob.glob(pattern), key=_written)[-1:]
        for path in newest:
            lines += tail(path)
    telling = [line for line in lines if _ERROR.search(line)]
    return [line[:400] for line in (telling or lines)[-LINES:]]


def wait(params: dict) -> dict:
    """Ask until the answer is good or the deadline has passed."""
    began = time.monotonic()
    while not deserted():
        answer = ask(params)
        seconds = round(time.monotonic() - began, 1)
        over = seconds >= params["deadline"]
        others = strangers(params) if answer.get("ok") or over else []
        if answer.get("ok") and not others:
            return {"failed": False, "answer": answer, "seconds": seconds}
        if over or (others and seconds >= LEAVING):
            why = "; ".join(others or [str(answer.get("error"))])
            message = f"{params['service']} does not answer after {seconds:.0f} s: {why}"
            return {"failed": True, "msg": message, "answer": answer, "lines": last_errors(params), "seconds": seconds}
        time.sleep(INTERVAL)
    return {"failed": True, "msg": INTERRUPTED}


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "service": {"required": True},
            "argv": {"type": "list", "elements": "str", "required": True},
            "stdin": {"default": ""},
            "timeout": {"type": "float", "default": 10},
            "deadline": {"type": "float", "required": True},
            "user": {"default": ""},
            "unit": {"default": ""},
            "slug": {"required": True},
            "base": {"type": "path", "required": True},
            "owner": {"default": ""},
            "ports": {"type": "list", "elements": "dict", "default": []},
            "logs": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=False, service=module.params["service"])
    result = wait(module.params)
    if result.pop("failed"):
        module.fail_json(service=module.params["service"], **result)
    module.exit_json(changed=False, service=module.params["service"], **result)


if __name__ == "__main__":
    main()
