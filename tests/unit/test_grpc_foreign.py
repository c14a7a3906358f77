"""What answers on a port may be anything: no traceback, no wait beyond the limit, no answer without a bound."""

from __future__ import annotations

import random
import struct
import time
from typing import Any

import pytest
from web_fakes import saying, serving, silent

from fatecloud.probing.grpc.asking import asked
from fatecloud.probing.grpc.call import unary
from fatecloud.probing.grpc.failures import NoGrpc
from fatecloud.probing.grpc.frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    packed,
)
from fatecloud.probing.grpc.hpack import encoded

HELLO = packed(SETTINGS, 0, 0, b"")
FIRST = [(":status", "200"), ("content-type", "application/grpc")]
LAST = [("grpc-status", "0")]


def headers(*fields: tuple[str, str], end: bool = False) -> bytes:
    return packed(HEADERS, END_HEADERS | (END_STREAM if end else 0), 1, encoded(list(fields)))


def data(message: bytes, flags: int = 0) -> bytes:
    return packed(DATA, flags, 1, b"\0" + struct.pack(">I", len(message)) + message)


def ask(*parts: bytes, timeout: float = 5, **more: Any) -> tuple[dict[str, Any], bytes]:
    with saying(*parts) as port:
        return asked("127.0.0.1", port, "/a.B/c", timeout=timeout, **more)


WHOLE = [HELLO, headers(*FIRST), data(b"words"), headers(*LAST, end=True)]


def test_an_answer_may_come_in_many_ways() -> None:
    assert ask(*WHOLE) == ({"ok": True}, b"words")
    assert ask(HELLO, headers((":status", "103")), *WHOLE[1:]) == ({"ok": True}, b"words")
    block = encoded(FIRST)
    parts = [packed(HEADERS, 0, 1, block[:7]), packed(CONTINUATION, END_HEADERS, 1, block[7:])]
    assert ask(HELLO, *parts, *WHOLE[2:]) == ({"ok": True}, b"words")
    padded = packed(HEADERS, END_HEADERS | PADDED | PRIORITY, 1, b"\3" + b"\0\0\0\0\1" + block + b"\0\0\0")
    cut = [
        packed(DATA, 0, 1, b"\0\0\0"),
        packed(DATA, PADDED, 1, b"\2" + b"\0\5wo" + b"\0\0"),
        packed(DATA, 0, 1, b"rds"),
    ]
    assert ask(HELLO, padded, *cut, WHOLE[3]) == ({"ok": True}, b"words")
    others = [
        packed(SETTINGS, ACK, 0, b""),
        packed(PING, 0, 0, b"12345678"),
        packed(WINDOW_UPDATE, 0, 0, b"\0\0\1\0"),
        packed(GOAWAY, 0, 0, struct.pack(">II", 1, 0)),
        packed(200, 0, 0, b"unknown"),
        packed(DATA, 0, 3, b"of another call"),
    ]
    assert ask(HELLO, *others, *WHOLE[1:]) == ({"ok": True}, b"words")


@pytest.mark.parametrize(
    ("parts", "kind", "words"),
    [
        ([b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"], "foreign", "HTTP/1.1 400 Bad Request"),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "foreign", "SSH-2.0"),
        ([b"no\n"], "foreign", "no"),
        ([b""], "reset", "closed before"),
        ([bytes(range(256)) * 100], "foreign", "begins with"),
        ([packed(PING, 0, 0, b"12345678")], "foreign", "begins with"),
        ([HELLO, b"\xff\xff\xff"], "reset", "closed before"),
        ([HELLO, b"\xff\xff\xff\0\0\0\0\0\1"], "foreign", "begins with"),
        ([HELLO, *WHOLE[1:2]], "reset", "closed before"),
        ([HELLO, headers((":status", "502"), ("content-type", "text/html"), end=True)], "foreign", "status 502"),
        ([HELLO, headers((":status", "404"), end=True)], "foreign", "type none"),
        ([HELLO, packed(HEADERS, END_HEADERS, 1, b"\xff")], "foreign", "block of headers"),
        ([HELLO, packed(HEADERS, END_HEADERS | PADDED, 1, b"\7")], "foreign", "padding"),
        (
            [HELLO, packed(HEADERS, 0, 1, b"\0" * 16000), *[packed(CONTINUATION, 0, 1, b"\0" * 16000)] * 5],
            "foreign",
            "64 KiB",
        ),
        (
            [HELLO, packed(GOAWAY, 0, 0, struct.pack(">II", 0, 11) + b"too many")],
            "status",
            "ENHANCE_YOUR_CALM too many",
        ),
        ([HELLO, packed(RST_STREAM, 0, 1, struct.pack(">I", 7))], "status", "UNAVAILABLE: the server reset the call"),
        ([HELLO, packed(RST_STREAM, 0, 1, struct.pack(">I", 99))], "status", "INTERNAL: the server reset the call: 99"),
        ([HELLO, packed(RST_STREAM, 0, 1, b"")], "status", "NO_ERROR"),
        ([HELLO, headers(*FIRST), data(b"a", END_STREAM)], "status", "UNKNOWN: it ended with the status ''"),
        ([HELLO, headers(*FIRST, ("grpc-status", "zero"), end=True)], "status", "'zero'"),
        ([HELLO, headers(*FIRST, ("grpc-status", "77"), end=True)], "status", "77"),
        ([HELLO, headers(*FIRST, *LAST, end=True)], "status", "INTERNAL: an answer without exactly one"),
        ([*WHOLE[:3], *WHOLE[2:]], "status", "INTERNAL: an answer without exactly one"),
        ([*WHOLE[:2], packed(DATA, 0, 1, b"\1\0\0\0\1a"), WHOLE[3]], "status", "INTERNAL: an answer without exactly"),
        ([*WHOLE[:2], packed(DATA, 0, 1, b"\0\xff\xff\xff\xff")], "status", "RESOURCE_EXHAUSTED"),
        ([*WHOLE[:2], *[packed(DATA, 0, 1, b"\0" * 16000)] * 20], "status", "RESOURCE_EXHAUSTED"),
        (
            [HELLO, headers(*FIRST, ("grpc-status", "2"), ("grpc-message", "\x1b[2J%0A" + "x" * 9000), end=True)],
            "status",
            "[2J",
        ),
    ],
)
def test_what_is_not_an_answer_is_named(parts: list[bytes], kind: str, words: str) -> None:
    answer, message = ask(*parts)
    assert (answer["ok"], answer["kind"], message) == (False, kind, b"")
    assert words in answer["error"]
    assert len(answer["error"]) <= 500
    assert answer["error"].isprintable()


def test_few_bytes_do_not_become_many_headers() -> None:
    long = b"\x40\x01a" + b"\x7f\xa1\x1e" + b"x" * 4000
    with (
        saying(HELLO, packed(HEADERS, END_HEADERS, 1, long + b"\xbe" * 12000)) as port,
        pytest.raises(NoGrpc, match="64 KiB"),
    ):
        unary("127.0.0.1", port, "/a.B/c", timeout=5)


def test_a_server_of_http_1_is_named() -> None:
    with serving({}) as port:
        answer, _ = asked("127.0.0.1", port, "/a.B/c", timeout=5)
    assert (answer["kind"], "begins with b'HTTP/1" in answer["error"] or "<!DOCTYPE" in answer["error"]) == (
        "foreign",
        True,
    )


def test_silence_and_chatter_end_with_the_limit() -> None:
    with silent() as port:
        answer, _ = asked("127.0.0.1", port, "/a.B/c", timeout=0.2)
    assert answer["kind"] == "silent"
    begun = time.monotonic()
    with saying(HELLO, *[packed(PING, ACK, 0, b"12345678")] * 5_000, packed(PUSH_PROMISE, 0, 1, b"")) as port:
        answer, _ = asked("127.0.0.1", port, "/a.B/c", timeout=20)
    assert answer["kind"] == "reset"
    assert time.monotonic() - begun < 20


def test_no_bytes_make_it_fail_in_another_way() -> None:
    random_ = random.Random(7)  # noqa: S311 - the same bytes every time
    for _ in range(150):
        whole = bytearray(b"".join(WHOLE))
        for _ in range(random_.randrange(1, 6)):
            whole[random_.randrange(len(whole))] = random_.randrange(256)
        answer, _ = ask(bytes(whole), timeout=5)
        assert answer["ok"] or answer["kind"] in ("foreign", "reset", "status")
