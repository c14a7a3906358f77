"""Watches the two parties' nodes from outside: what is there, and what their services complain about."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from endstate import COMES_AND_GOES
from program import Program
from two_parties import COMPONENTS, PARTIES, home, slug, user

from fatecloud.sandbox.nodes import Sandbox

Snapshot = dict[str, dict[str, Any]]
"""Kind of thing -> `node: name` -> what it is like."""

LOGIN_RECORDS = (
    r"/var/log/journal/.*",  # the journal itself: its content is read line by line
    r"/var/log/(wtmp|lastlog)|/run/utmp",  # sshd's record of every login; failed ones are in btmp, which is watched
    r"/run/motd\.dynamic|/run",  # pam_motd rewrites it at every login
    r"/run/user(/.*)?",  # a login's own directory; it goes away 10 s after the last logout
    r"/run/systemd/.*|/run/sudo(/.*)?",  # sessions and units as logind, systemd and sudo keep them
)
"""What every login to a node leaves, ours or others'."""
LATE = 15.0
"""Seconds after which a service has logged everything about a caller: handshakes time out after 10."""
SETTLES = 45.0
"""Seconds in which systemd has ended a login's user manager: 10 s after the last logout, on a busy machine."""


@dataclass(frozen=True)
class Marks:
    """A moment in the nodes' logs."""

    nodes: dict[str, Any]


@dataclass(frozen=True)
class Heard:
    """What was logged since a mark."""

    read: int
    complaints: tuple[str, ...]

    def beyond(self, idle: Heard) -> list[str]:
        """Complaints of a kind that the idle cluster does not make by itself."""
        known = {_kind(line) for line in idle.complaints}
        return [line for line in self.complaints if _kind(line) not in known]


@dataclass(frozen=True)
class Watch:
    """The nodes of the two parties, seen past SSH and past fatecloud."""

    program: Program
    sandbox: Sandbox

    def look(self) -> Snapshot:
        """Everything on all nodes that a reading verb must leave as it is."""
        found: Snapshot = {}
        for node, seen in self._on_nodes("snapshot.py", self._what_to_see).items():
            processes = seen["processes"].items()
            seen["processes"] = {number: line for number, line in processes if not _comes_and_goes(line)}
            for kind, entries in seen.items():
                found.setdefault(kind, {}).update({f"{node}: {name}": value for name, value in entries.items()})
        return found

    def still(self) -> Snapshot:
        """The nodes while no one is logged in, or once that took too long: logins of tests before may be ending."""
        deadline = time.monotonic() + SETTLES
        while _logins(seen := self.look()) and time.monotonic() < deadline:
            time.sleep(5)
        return seen

    def settled(self, before: Snapshot, moving: Collection[str] = ()) -> list[str]:
        """What differs from before, as soon as that is nothing, or once all logins are certainly over."""
        deadline = time.monotonic() + SETTLES
        while (changes := differences(before, self.look(), moving)) and time.monotonic() < deadline:
            time.sleep(5)
        return changes

    def mark(self) -> Marks:
        """Where the logs end now."""
        answers = self._on_nodes("overheard.py", lambda node: self._what_to_hear(node, None))
        return Marks({node: answer["mark"] for node, answer in answers.items()})

    def heard(self, since: Marks) -> Heard:
        """What was logged since then, with what comes late."""
        time.sleep(LATE)
        answers = self._on_nodes("overheard.py", lambda node: self._what_to_hear(node, since.nodes[node]))
        complaints = [f"{node}: {line}" for node, answer in answers.items() for line in answer["complaints"]]
        return Heard(sum(answer["read"] for answer in answers.values()), tuple(complaints))

    def _what_to_see(self, node: str) -> dict[str, Any]:
        base, party = home(self.program), PARTIES[node]
        database, broker = (slug(self.program, party, component) for component in ("mysql", "rabbitmq"))
        return {
            "skip": [
                *LOGIN_RECORDS,
                rf"{base}/logs/.*",  # the services' own logs, which are read line by line
                rf"{base}/data/{database}/db/.*",  # InnoDB writes it all the time; its tables' rows are compared
                rf"{base}/data/{broker}/mnesia/.*",  # mnesia packs its logs now and then; its objects are compared
            ],
            # Nothing writes there once it is complete, and any write would change a file's change time.
            "unread": [f"{base}/store/"],
            "mysql": [f"{base}/{database}/run/mysqld.sock", user(self.program, party, "mysql")],
            "broker": [15672, f"{base}/{broker}/conf/definitions.json"],
        }

    def _what_to_hear(self, node: str, mark: Any) -> dict[str, Any]:
        tags = [slug(self.program, PARTIES[node], component) for component in COMPONENTS]
        return {
            "logs": f"{home(self.program)}/logs",
            "tags": [*tags, f"fatecloud_nginx_{PARTIES[node]}"],
            "mark": mark,
        }

    def _on_nodes(self, script: str, wanted: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
        text = Path(__file__).with_name(script).read_text()

        def ask(node: str) -> Any:
            argv = ["python3", "-I", "-S", "-B", "-c", text, json.dumps(wanted(node))]
            return json.loads(self.sandbox.check(node, argv, timeout=300))

        with ThreadPoolExecutor() as pool:
            return dict(zip(PARTIES, pool.map(ask, PARTIES), strict=True))


def differences(before: Snapshot, after: Snapshot, moving: Collection[str] = ()) -> list[str]:
    """One line for each thing that is new, gone or changed, but for those whose names are `moving`."""
    return [
        f"{kind}: {name}: {before[kind].get(name, 'not there')} -> {after[kind].get(name, 'gone')}"
        for kind in before
        for name in sorted(before[kind].keys() | after[kind].keys())
        if before[kind].get(name) != after[kind].get(name) and f"{kind}: {name}" not in moving
    ]


def rows_that_move(before: Snapshot, after: Snapshot) -> frozenset[str]:
    """Tables whose rows changed."""
    names = before["rows"].keys() | after["rows"].keys()
    return frozenset(f"rows: {name}" for name in names if before["rows"].get(name) != after["rows"].get(name))


def _comes_and_goes(command_line: str) -> bool:
    return PurePosixPath(command_line.partition(" ")[0]).name in COMES_AND_GOES


def _logins(seen: Snapshot) -> list[str]:
    """Processes of logins, and those that systemd starts for who has logged in."""
    return [line for line in seen["processes"].values() if re.match(r"sshd: |\S*/systemd --user|\(sd-pam\)", line)]


def _kind(line: str) -> str:
    """A line without what differs from one to the next; the status of an access line stays."""
    return re.sub(r'0x[0-9a-f]+|(?<!" )\b\d+|(?<=[^\W\d])\d+', "#", line)
