"""Runs on the broker's node: do the other parties' brokers answer as brokers, on the way that federation takes?

A handshake up to the broker's first word, Connection.Start (AMQP 0-9-1, section 2.2.4): that takes no account there. A
broker answers with some 500 bytes, so that a way on which large packets are lost shows as silence. It has no way to
leave at this point that a broker would not call abrupt, see `log.connection.level` in templates/rabbitmq.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from fatecloud.components.dialing import asked, connected, trouble

CONNECT_SECONDS, SECONDS = 5.0, 8.0
HEADER = b"AMQP\x00\x00\x09\x01"
METHOD, CHANNEL_ZERO, START = b"\x01", b"\x00\x00", b"\x00\x0a\x00\x0a"
HEAD = 7
"""Bytes of a frame before its payload: type, channel, size."""
LIMIT = 1 << 16


def ask(_party: str, endpoint: str) -> dict[str, Any]:
    """One broker's answer, or why there was none."""
    try:
        line = connected(endpoint, CONNECT_SECONDS)
    except OSError as error:
        return trouble(error, CONNECT_SECONDS)
    until = time.monotonic() + SECONDS
    said = b""
    with line:
        try:
            line.sendall(HEADER)
            while not is_whole(said) and len(said) < LIMIT:
                line.settimeout(max(0.001, until - time.monotonic()))
                part = line.recv(4096)
                if not part:
                    break
                said += part
        except OSError as error:
            return trouble(error, SECONDS, "silent") if not said else judged(said, error)
    return judged(said, None)


def is_whole(said: bytes) -> bool:
    """Whether a frame has come to its end, or no frame is coming."""
    if said[:1] not in (b"", METHOD):
        return len(said) >= len(HEADER)
    return len(said) >= HEAD and len(said) > HEAD + int.from_bytes(said[3:HEAD], "big")


def judged(said: bytes, error: Any) -> dict[str, Any]:
    """What the first words mean."""
    if said[:3] == METHOD + CHANNEL_ZERO and said[HEAD : HEAD + 4] == START and is_whole(said):
        return {"ok": True}
    if not said:
        return {"ok": False, "kind": "reset", "error": "the connection was closed without a word"}
    if said[:4] == b"AMQP":
        return {"ok": False, "kind": "foreign", "error": "a broker that does not speak AMQP 0-9-1"}
    if said[:1] == METHOD and error is not None:
        return {"ok": False, "kind": "silent", "error": f"the broker's first words came in part only: {error}"}
    return {"ok": False, "kind": "foreign", "error": f"what answers is not a broker; it begins with {said[:30]!r}"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asked(sys.argv[1:], ask, CONNECT_SECONDS + SECONDS)) + "\n")
