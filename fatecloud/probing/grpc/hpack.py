"""Headers of HTTP/2 (HPACK, RFC 7541): ours in the plainest form, a server's in every form."""

from __future__ import annotations

from fatecloud.probing.grpc.huffman import decoded

# Appendix A: `name=value`, the first one has the index 1.
_TEXT = (
    ":authority=;:method=GET;:method=POST;:path=/;:path=/index.html;:scheme=http;:scheme=https;:status=200;"
    ":status=204;:status=206;:status=304;:status=400;:status=404;:status=500;accept-charset=;"
    "accept-encoding=gzip, deflate;accept-language=;accept-ranges=;accept=;access-control-allow-origin=;age=;"
    "allow=;authorization=;cache-control=;content-disposition=;content-encoding=;content-language=;"
    "content-length=;content-location=;content-range=;content-type=;cookie=;date=;etag=;expect=;expires=;"
    "from=;host=;if-match=;if-modified-since=;if-none-match=;if-range=;if-unmodified-since=;last-modified=;"
    "link=;location=;max-forwards=;proxy-authenticate=;proxy-authorization=;range=;referer=;refresh=;"
    "retry-after=;server=;set-cookie=;strict-transport-security=;transfer-encoding=;user-agent=;vary=;via=;"
    "www-authenticate="
)
_STATIC = [tuple(entry.split("=", 1)) for entry in _TEXT.split(";")]
_ROOM = 4096
"""Octets of the table of a connection, where nothing else was agreed on (section 6.5.2 of RFC 7540)."""
_OVERHEAD = 32
"""What an entry counts besides its texts (section 4.1)."""
MOST = 64 << 10
"""Octets of the headers of an answer: a few bytes can stand for many copies of a long entry of the table."""


def encoded(headers: list[tuple[str, str]]) -> bytes:
    """Headers without compression, and without an effect on the server's table.

    Raises:
        UnicodeEncodeError: a text is not ASCII.
    """
    return b"".join(b"\x00" + _text(name) + _text(value) for name, value in headers)


def _text(text: str) -> bytes:
    octets = text.encode("ascii")
    return _number(len(octets), 7) + octets


def _number(number: int, bits: int) -> bytes:
    """Section 5.1, with zeros before the first bits."""
    largest = (1 << bits) - 1
    if number < largest:
        return bytes([number])
    number -= largest
    octets = [largest]
    while number >> 7:
        octets.append(number & 127 | 128)
        number >>= 7
    return bytes([*octets, number])


class Decoder:
    """A server's headers, on one connection."""

    def __init__(self) -> None:
        self.table: list[tuple[str, str]] = []
        """Newest first."""
        self.room = _ROOM

    def headers(self, block: bytes) -> list[tuple[str, str]]:
        """The headers in a whole block.

        Raises:
            ValueError: it is not HPACK, or stands for more than `MOST` octets.
        """
        found, size = [], 0
        reader = _Reader(block)
        while reader.left():
            first = block[reader.at]
            if first & 0x80:
                header = self._entry(reader.number(7))
            elif first >> 5 == 1:
                self._fit(reader.number(5))
                continue
            else:
                kept = bool(first & 0x40)
                index = reader.number(6 if kept else 4)
                header = (self._entry(index)[0] if index else reader.text(), reader.text())
                if kept:
                    self._keep(header)
            found.append(header)
            size += _size(header)
            if size > MOST:
                raise ValueError(f"headers of more than {MOST >> 10} KiB")
        return found

    def _entry(self, index: int) -> tuple[str, str]:
        entries = [*_STATIC, *self.table]
        if not 0 < index <= len(entries):
            raise ValueError("a header that is in no table")
        name, value = entries[index - 1]
        return name, value

    def _fit(self, room: int) -> None:
        if room > _ROOM:
            raise ValueError("a table of headers that is larger than agreed")
        self.room = room
        while sum(map(_size, self.table)) > room:
            self.table.pop()

    def _keep(self, header: tuple[str, str]) -> None:
        self.table.insert(0, header)
        self._fit(self.room)


def _size(header: tuple[str, str]) -> int:
    return len(header[0]) + len(header[1]) + _OVERHEAD


class _Reader:
    """What comes next in a block."""

    def __init__(self, block: bytes) -> None:
        self.block, self.at = block, 0

    def left(self) -> bool:
        """Whether anything is left."""
        return self.at < len(self.block)

    def octets(self, count: int) -> bytes:
        """So many of them."""
        part = self.block[self.at : self.at + count]
        if len(part) < count:
            raise ValueError("a block of headers that ends too early")
        self.at += count
        return part

    def number(self, bits: int) -> int:
        """A number that begins with the last bits of an octet."""
        largest = (1 << bits) - 1
        number = self.octets(1)[0] & largest
        if number < largest:
            return number
        # Four octets more make 2^28, which is more than anything here has.
        for shift in (0, 7, 14, 21):
            octet = self.octets(1)[0]
            number += (octet & 127) << shift
            if not octet & 128:
                return number
        raise ValueError("a number in a block of headers that is too large")

    def text(self) -> str:
        """A text, encoded or plain."""
        is_encoded = self.block[self.at : self.at + 1] >= b"\x80"
        octets = self.octets(self.number(7))
        return (decoded(octets) if is_encoded else octets).decode("latin-1")
