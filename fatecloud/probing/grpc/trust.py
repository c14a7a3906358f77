"""Whom a TLS context believes: the certificates of a file, as Java does it, whatever the release of Python.

Each certificate of the file is trusted, also one with another CA above it. What RFC 5280 wants of certificates beyond
that is not asked for: Python 3.13 began with it, and Java takes them without.
"""

from __future__ import annotations

import ssl

_PARTIAL_CHAIN, _STRICT = 0x80000, 0x20
"""X509_V_FLAG_PARTIAL_CHAIN and X509_V_FLAG_X509_STRICT of OpenSSL."""


def as_java(context: ssl.SSLContext) -> None:
    """Let it trust what it has as Java would."""
    context.verify_flags = ssl.VerifyFlags(context.verify_flags & ~_STRICT | _PARTIAL_CHAIN)
