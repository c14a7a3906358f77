"""Runs on the node of a server or a proxy: how long one request took it, as its own log of requests says.

Serving writes a line for each, in columns, with the id of its case in one of them. After that come, see
`printFlowLog` in FATE-Serving, and `printLog` in 1.3: in a server `code|cost|downstream|service`, in a proxy two
columns more before these, in a server of Serving 1 `service|cost|code`. What follows may have features of people, and
stays there.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from fatecloud.probing.dialing import readable

MOST = 256 << 10
"""Bytes of the end of the log."""
WAIT, EVERY = 3.0, 0.2
"""Seconds: the line comes a moment after the answer."""
_NUMBER = re.compile(r"\d{1,9}")


def times(path: str, case: str) -> dict[str, Any]:
    """`hops`: what a log says of a case.

    Args:
        path: of the log.
        case: id of the request.

    Returns:
        Each with `service`, `milliseconds`, and `downstream`: how much of these it waited for others, or None.
    """
    until = time.monotonic() + WAIT
    while True:
        try:
            with Path(path).open("rb") as file:
                file.seek(0, 2)
                file.seek(max(0, file.tell() - MOST))
                lines = file.read(MOST).decode("utf-8", "replace").splitlines()
        except OSError as error:
            return {"ok": False, "kind": "file", "error": f"{path}: {error.strerror}"}
        found = [hop for hop in (_hop(line.split("|"), case) for line in lines if case in line) if hop]
        if found or time.monotonic() >= until:
            return {"ok": True, "hops": found[:8]}
        time.sleep(EVERY)


def _hop(parts: list[str], case: str) -> dict[str, Any] | None:
    """None for a line of another form."""
    if case not in parts:
        return None
    rest = parts[parts.index(case) + 1 :][:6]
    numbers = [bool(_NUMBER.fullmatch(text)) for text in rest]
    if numbers[:4] == [True, True, True, False]:
        return _measured(rest[3], rest[1], rest[2])
    if numbers[2:] == [True, True, True, False]:
        return _measured(rest[5], rest[3], rest[4])
    if numbers[:3] == [False, True, True]:
        return _measured(rest[0], rest[1], None)
    return None


def _measured(service: str, cost: str, downstream: str | None) -> dict[str, Any]:
    waited = None if downstream is None else int(downstream)
    return {"service": readable(service, 60), "milliseconds": int(cost), "downstream": waited}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(times(*sys.argv[1:])) + "\n")
