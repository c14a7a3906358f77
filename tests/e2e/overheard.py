"""Runs on a node as root, past SSH: what its services, sshd and sudo complained about since a mark, as JSON.

Argument: one JSON object with `logs` (directory of the services' own logs), `tags` (journal tags of the services) and
`mark` (what an earlier run gave; null for a new mark without listening).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

LEVEL = re.compile(
    r"\[(warn|warning|err|error|crit|critical|alert|emerg|emergency|fatal)\]|\b(warning|error|critical):\w|^Traceback"
    r"|exception|unexpectedly|abruptly",
    re.IGNORECASE,
)
ANSWER = re.compile(r'" (?!2)\d{3} \d')
"""An access line whose status says that something was not right."""
COMMAND = re.compile(r"COMMAND=|\(command continued\)")
"""What follows is what sudo runs, in several lines where it is long."""
LOGIN = re.compile(
    r"failed|failure|invalid|error|refused|incorrect|not allowed|not in sudoers|is required|unknown user"
    r"|preauth|reset by|did not receive|timeout|corrupt",
    re.IGNORECASE,
)


def mark(logs: Path) -> dict[str, Any]:
    """Where the journal and the log files end now."""
    said = subprocess.run(["journalctl", "-n0", "--show-cursor"], capture_output=True, text=True, check=True).stdout
    sizes = {str(path): path.stat().st_size for path in logs.rglob("*") if path.is_file()}
    return {"cursor": said.rpartition("cursor: ")[2].strip(), "sizes": sizes}


def heard(since: dict[str, Any], logs: Path, tags: list[str]) -> tuple[int, list[str]]:
    """How many lines of the services were read, and those of them, of sshd and of sudo that complain."""
    fields = "MESSAGE,SYSLOG_IDENTIFIER,UNIT"
    argv = ["journalctl", f"--after-cursor={since['cursor']}", "-o", "json", f"--output-fields={fields}", "--no-pager"]
    count, complaints = 0, []
    for text in subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines():
        entry = json.loads(text)
        tag, line = entry.get("SYSLOG_IDENTIFIER", ""), entry.get("MESSAGE") or ""
        # Bytes that are not valid text come as a list of numbers.
        line = line if isinstance(line, str) else bytes(line).decode(errors="replace")
        count += tag in tags
        if (
            (tag in tags and (LEVEL.search(line) or ANSWER.search(line)))
            or (tag in ("sshd", "sudo", "su", "login") and LOGIN.search(COMMAND.split(line)[0]))
            or (tag == "systemd" and entry.get("UNIT", "").startswith("fatecloud-"))
        ):
            complaints.append(f"{tag}: {line}")
    for path in sorted(path for path in logs.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            file.seek(min(since["sizes"].get(str(path), 0), path.stat().st_size))
            lines = file.read().decode(errors="replace").splitlines()
        count += len(lines)
        complaints += [f"{path.name}: {line}" for line in lines if LEVEL.search(line)]
    return count, complaints


if __name__ == "__main__":
    wanted = json.loads(sys.argv[1])
    folder = Path(wanted["logs"])
    now = mark(folder)
    number, lines = heard(wanted["mark"], folder, wanted["tags"]) if wanted["mark"] else (0, [])
    json.dump({"mark": now, "read": number, "complaints": lines}, sys.stdout)
