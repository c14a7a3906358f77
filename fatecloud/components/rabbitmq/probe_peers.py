"""Runs on the broker's node: do the other parties' brokers answer as brokers, on the route that federation takes?

A handshake up to the broker's greeting, Connection.Start (AMQP 0-9-1, section 2.2.4): that needs no account there. A
broker answers with some 500 bytes, so a route that loses large packets shows as silence. The handshake cannot
end here without the broker logging an abrupt close, see `log.connection.level` in templates/rabbitmq.
"""

from __future__ import annotations

import json
import re
import sys
import time
from typing import Any

from fatecloud.probing.dialing import asked, connected, readable, trouble
from fatecloud.probing.patience import clock, patient
from fatecloud.probing.pushing import arrives

CONNECT_SECONDS, SECONDS, LARGE_SECONDS = 5.0, 6.0, 4.0
HEADER = b"AMQP\x00\x00\x09\x01"
METHOD, CHANNEL_ZERO, START = b"\x01", b"\x00\x00", b"\x00\x0a\x00\x0a"
START_OK = b"\x00\x0a\x00\x0b"
PADDING, ANNOUNCED = 2000, 4000
"""Bytes that are sent of a frame, two Ethernet packets, and those that it says it has: every broker takes 4 KiB."""
HEAD = 7
"""Bytes of a frame before its payload: type, channel, size."""
LIMIT = 1 << 16
VERSION = re.compile(rb"\x07versionS\x00\x00\x00(.)", re.DOTALL)
"""Its place in the table of server properties: name, type of a long string, length (section 4.2.5.5)."""
VERSION_LENGTH = 40


def ask(_party: str, endpoint: str) -> dict[str, Any]:
    """One broker's answer, or why there was none."""
    try:
        line = connected(endpoint, CONNECT_SECONDS)
    except OSError as error:
        return trouble(error, CONNECT_SECONDS)
    began, until = time.monotonic(), clock() + SECONDS
    received = b""
    with line:
        try:
            line.sendall(HEADER)
            while not is_whole(received) and len(received) < LIMIT:
                line.settimeout(max(0.001, patient(until - clock())))
                part = line.recv(4096)
                if not part:
                    break
                received += part
            found = judged(received, None) if received else broken_off(began)
            return (lost(line) or found) if found["ok"] else found
        except ConnectionError as error:
            return judged(received, error) if received else broken_off(began, f": {error}")
        except OSError as error:
            return judged(received, error) if received else trouble(error, SECONDS, "silent")


def broken_off(began: float, why: str = "") -> dict[str, Any]:
    """What it means that the other side ends a connection on which nothing has arrived.

    Args:
        began: when it was made, on the monotonic clock.
        why: what the socket says of it.
    """
    waited = time.monotonic() - began
    if waited < SECONDS:
        return {"ok": False, "kind": "reset", "error": f"the connection was broken off{why}"}
    # A broker gives up after its `handshake_timeout`, ten seconds, which a question with patience is still waiting for.
    return {"ok": False, "kind": "silent", "error": f"connected, then no answer in {waited:.0f} s, until it broke off"}


def lost(line: Any) -> dict[str, Any]:
    """What it means that a broker which greets does not acknowledge the begin of a long answer to its greeting."""
    begin = METHOD + CHANNEL_ZERO + ANNOUNCED.to_bytes(4, "big") + START_OK + b"\0" * PADDING
    if arrives(line, begin, LARGE_SECONDS):
        return {}
    return {"ok": False, "kind": "large", "error": f"it greets, but {len(begin)} bytes are not acknowledged"}


def is_whole(received: bytes) -> bool:
    """Whether a frame is complete, or the answer is not a frame."""
    if received[:1] not in (b"", METHOD):
        return len(received) >= len(HEADER)
    return len(received) >= HEAD and len(received) > HEAD + int.from_bytes(received[3:HEAD], "big")


def version_in(received: bytes) -> str:
    """The version that the broker names; empty where it names none."""
    found = VERSION.search(received)
    text = received[found.end() :][: found.group(1)[0]] if found else b""
    return readable(text.decode("utf-8", "replace"), VERSION_LENGTH)


def judged(received: bytes, error: Any) -> dict[str, Any]:
    """The meaning of the broker's first bytes."""
    if received[:3] == METHOD + CHANNEL_ZERO and received[HEAD : HEAD + 4] == START and is_whole(received):
        return {"ok": True, "version": version_in(received)}
    # A broker that does not speak our version answers with the header of the one that it speaks (4.2.2).
    if received[:4] == b"AMQP":
        return {"ok": False, "kind": "foreign", "error": "a broker that does not speak AMQP 0-9-1"}
    if received[:1] == METHOD and error is not None:
        return {"ok": False, "kind": "silent", "error": f"only part of the broker's greeting arrived: {error}"}
    return {"ok": False, "kind": "foreign", "error": f"what answers is not a broker; it begins with {received[:30]!r}"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asked(sys.argv[1:], ask, CONNECT_SECONDS + SECONDS + LARGE_SECONDS)) + "\n")
