"""Runs on the node: what rollsite's logs say of data of jobs that did not arrive, and on which hop they were lost.

EggRoll 2.2 to 2.5 wraps an error on its way back: `exception trans path: a(10000) --> b(9999)` has the rollsite that
failed first. EggRoll 2.0 does not: there the status of the next call and the party that it was for tell the hop. And
it says of each pull that still waits, every five minutes, how much has arrived.
"""

from __future__ import annotations

import re
from typing import Any

from fatecloud.components.clustermanager.jvm_log import entries

LATELY = 600.0
"""Seconds: an error before them is over, or was followed by another one."""
WAITS = 6
"""Of five minutes each: the other side may need so long to have something to send."""
_STILL = 330.0
"""Seconds: a pull that waits says so every 300."""
_PUSH = re.compile(r"- (ForwardPush|PutBatchSinkPush)\w*?(Req|Resp)SO\.onError calling\. rsKey=(\S*?), ")
_OLD_PUSH = re.compile(r"\[PUSH\]\[OBSERVER\]\[ONERROR\] error in push server: (.*?)(?:, metadata: (.*))?\Z", re.DOTALL)
_OLD_TOWARDS = re.compile(r'"dst": ?\{[^}]*?"partyId": ?"([^"]*)"')
_BROKEN_OFF = re.compile("HTTP/2 error code|RST_STREAM")
"""Ends of a call by the other end, as for want of memory or of threads there."""
_SAID = re.compile(r"location msg=(.*?)\s*(?:stack info=|$)", re.DOTALL)
_PATH = re.compile(r"exception trans path: *([^\n]+)")
_PARTY = re.compile(r"\((\w+)\)")
_WAITS = re.compile(r'NOT finished: .*?"taskId" ?: ?"([^"]*)".*?latch count: (-?\d+)')
_NO_ROUTE, _CANCELLED = "The routing table not have", "CANCELLED"
_UNREACHED = re.compile("io exception|Keepalive failed|DEADLINE_EXCEEDED|Network closed|Connection re")
_LINE = 4000
_KEY_PARTS, _DESTINATION = 8, 7
"""Of a key: `__rsk#session#name#tag#role#party#role#party`."""


def lost(found: list[str], own: str, now: float) -> list[dict[str, Any]]:
    """Errors of the last minutes about pushes, by the hop where they failed: `hop`, `party`, `times`, `at`, `error`.

    `hop` is `theirs` (the rollsite of `party`), `network` (between here and there), `table` (the own one), `eggs` (the
    own party's) or `own`. What was cancelled was ended with its job.

    Args:
        found: ends of the log of errors.
        own: party.
        now: seconds since the epoch.
    """
    hops: dict[tuple[str, str], dict[str, Any]] = {}
    for at, entry in entries(found, "", now, now - LATELY):
        known = _push(entry, own)
        if known is not None and _CANCELLED not in known[2]:
            hop, party, error = known
            row = hops.setdefault((hop, party), {"hop": hop, "party": party, "times": 0})
            row.update(times=row["times"] + 1, at=at, error=error)
    return list(hops.values())


def waiting(found: list[str], now: float) -> list[dict[str, Any]]:
    """Pulls that have waited for half an hour, and still do: `task`, `minutes`, `at`, and `some` if a part has arrived.

    Args:
        found: ends of the log of all levels.
        now: seconds since the epoch.
    """
    pulls: dict[str, dict[str, Any]] = {}
    for at, entry in entries(found, "NOT finished", now):
        # One line; a longer text is someone else's, and would take long.
        match = _WAITS.search(entry[:_LINE])
        if match:
            row = pulls.setdefault(match.group(1), {"task": match.group(1), "times": 0})
            # A count that was never set is the least number that there is.
            row.update(times=row["times"] + 1, at=at, some=int(match.group(2)) > -(1 << 31))
    return [
        {"task": row["task"], "minutes": 5 * row["times"], "at": row["at"], "some": row["some"]}
        for row in pulls.values()
        if row["times"] >= WAITS and row["at"] > now - _STILL
    ]


def _push(entry: str, own: str) -> tuple[str, str, str] | None:
    """Hop, party and words of an error about a push; None for what is about something else."""
    match = _PUSH.search(entry)
    if match is None:
        return _old_push(entry, own)
    said, path = _SAID.search(entry), _PATH.search(entry)
    error = said.group(1) if said else entry.partition(" - ")[2].partition("\n")[0]
    parties = _PARTY.findall(path.group(1)) if path else []
    key = match.group(3).split("#")
    towards = key[_DESTINATION] if len(key) == _KEY_PARTS else ""
    if match.group(1) == "PutBatchSinkPush":
        return "eggs", own, error
    if parties and parties[0] != own:
        return "theirs", parties[0], error
    if _NO_ROUTE in error:
        return "table", towards, error
    if _UNREACHED.search(error):
        return "network", towards, error
    # An answer to what was sent on: the next one failed without a word, as for want of memory.
    return "theirs" if match.group(2) == "Resp" else "own", towards, error


def _old_push(entry: str, own: str) -> tuple[str, str, str] | None:
    """The same of EggRoll 2.0, which writes the status of the call that followed, and what was sent."""
    match = _OLD_PUSH.search(entry[:_LINE])
    if match is None:
        return None
    to = _OLD_TOWARDS.search(match.group(2) or "")
    error, towards = match.group(1), to.group(1) if to else ""
    if towards == own:
        return "eggs", own, error
    if _UNREACHED.search(error):
        return "network", towards, error
    return "theirs" if _BROKEN_OFF.search(error) else "own", towards, error
