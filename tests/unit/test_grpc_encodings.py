"""The encodings below a call: headers (HPACK), their Huffman code, and messages of protocol buffers."""

from __future__ import annotations

import pytest

from fatecloud.probing.grpc.hpack import Decoder, encoded
from fatecloud.probing.grpc.huffman import decoded
from fatecloud.probing.grpc.wire import field, fields

DATE = "Mon, 21 Oct 2013 20:13:2"
COOKIE = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"
RESPONSES = [
    (
        "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
        [
            (":status", "302"),
            ("cache-control", "private"),
            ("date", DATE + "1 GMT"),
            ("location", "https://www.example.com"),
        ],
    ),
    (
        "4883640effc1c0bf",
        [
            (":status", "307"),
            ("cache-control", "private"),
            ("date", DATE + "1 GMT"),
            ("location", "https://www.example.com"),
        ],
    ),
    (
        (
            "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f"
            "3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007"
        ),
        [
            (":status", "200"),
            ("cache-control", "private"),
            ("date", DATE + "2 GMT"),
            ("location", "https://www.example.com"),
            ("content-encoding", "gzip"),
            ("set-cookie", COOKIE),
        ],
    ),
]
"""RFC 7541, appendix C.6: three answers on one connection whose table has 256 octets, so that some fall out."""


def test_the_examples_of_the_rfc() -> None:
    decoder = Decoder()
    assert decoder.headers(bytes.fromhex("3fe101")) == []
    for block, headers in RESPONSES:
        assert decoder.headers(bytes.fromhex(block)) == headers
    assert [name for name, _ in decoder.table] == ["set-cookie", "content-encoding", "date"]


def test_what_we_send_we_can_read() -> None:
    headers = [(":path", "/a.B/c"), ("long", "x" * 5000), ("empty", "")]
    assert Decoder().headers(encoded(headers)) == headers


@pytest.mark.parametrize(
    "block",
    [
        "80",  # no entry has the number 0
        "ff00",  # nor such a large one
        "be",  # nor is there anything in the table yet
        "3fe2ff03",  # a table that is larger than agreed
        "0003616263",  # no value
        "0085",  # no name
        "ffffffffffff",  # a number without an end
        "0081ff81ff",  # more than seven bits are left over
        "0084ffffffff0161",  # the end of a text, which must not be sent
    ],
)
def test_headers_that_are_none_are_refused(block: str) -> None:
    with pytest.raises(ValueError, match=r"header|table"):
        Decoder().headers(bytes.fromhex(block))


def test_every_byte_has_one_code() -> None:
    """The codes fill their space but for the one that ends a text (RFC 7541, section 5.2): 30 bits, all ones."""
    from fatecloud.probing.grpc.huffman import _BYTES  # noqa: PLC0415

    assert sorted(_BYTES.values()) == list(range(256))
    assert sum(2 ** (31 - code.bit_length()) for code in _BYTES) == 2**30 - 1
    assert decoded(bytes.fromhex("f1e3c2e5f23a6ba0ab90f4ff")) == b"www.example.com"


def test_messages_are_read_as_they_were_written() -> None:
    inner = field(1, "größer") + field(2, 300)
    message = field(1, 0) + field(2, -1) + field(3, 7) + field(16, inner) + field(16, b"") + b"\x21" + b"12345678"
    found = fields(message + b"\x2d" + b"1234")
    assert found == {1: [0], 2: [2**64 - 1], 3: [7], 16: [inner, b""], 4: [b"12345678"], 5: [b"1234"]}
    assert fields(found[16][0]) == {1: ["größer".encode()], 2: [300]}
    assert fields(b"") == {}


@pytest.mark.parametrize("message", ["08", "0a05616263", "0b", "08ffffffffffffffffffff01", "2d31"])
def test_messages_that_are_none_are_refused(message: str) -> None:
    with pytest.raises(ValueError, match=r"number|field"):
        fields(bytes.fromhex(message))
