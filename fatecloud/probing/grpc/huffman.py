"""The Huffman code of HPACK (RFC 7541, appendix B): servers use it for texts in headers, such as `grpc-message`."""

from __future__ import annotations

# The code is canonical: shorter codes come first, and those of one length are in the order of their bytes. So the
# table of the RFC follows from the lengths alone: one digit to the base of 36 for each byte, four lines of 64.
_LENGTHS = (
    "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca"
    "d67777777777777777777777878djde6f56565666577666567655677777fbeds"
    "kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn"
    "qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq"
)


def _bytes_by_code() -> dict[int, int]:
    """Each byte by its code with a 1 before it, which keeps the zeros at its beginning."""
    codes = {}
    code, length = 0, 0
    for wanted, byte in sorted((int(digit, 36), byte) for byte, digit in enumerate(_LENGTHS)):
        code <<= wanted - length
        length = wanted
        codes[1 << length | code] = byte
        code += 1
    return codes


_BYTES = _bytes_by_code()
_LONGER = 1 << 31
"""No code has more than 30 bits."""
_ENDS = {(1 << length + 1) - 1 for length in range(8)}
"""What may be left over behind the last byte: up to seven ones, with the 1 before them."""


def decoded(data: bytes) -> bytes:
    """The text that was encoded; at most 8/5 as long.

    Raises:
        ValueError: it is not a text in this code.
    """
    text = bytearray()
    code = 1
    for octet in data:
        for place in range(7, -1, -1):
            code = code << 1 | octet >> place & 1
            if code in _BYTES:
                text.append(_BYTES[code])
                code = 1
        if code >= _LONGER:
            break
    if code not in _ENDS:
        raise ValueError("a text in a header that is not in the Huffman code")
    return bytes(text)
