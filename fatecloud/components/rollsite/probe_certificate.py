"""Runs on the node, as rollsite's user: do the files of its TLS work, for whom is its certificate, and for how long?

Client and server shake hands in memory, with rollsite's own files. OpenSSL then says what a partner's would say.
"""

from __future__ import annotations

import json
import ssl
import sys
import time
from typing import Any

from fatecloud.probing.dialing import readable

_PARTIAL_CHAIN = 0x80000
"""X509_V_FLAG_PARTIAL_CHAIN of OpenSSL: a certificate that is trusted itself needs no CA above it."""
_NAMES = (62, 64)
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""
_ROUNDS = 10
_DAY = 86400.0


def look(certificate: str, key: str, ca: str, host: str, now: float) -> dict[str, Any]:
    """What is wrong (`kind` and `error`), or how many `days` the certificate is valid from now.

    Kinds: `file`: one cannot be read or used; `invalid`: it is expired, not valid yet, or not for servers and clients;
    `host`: it does not name the host.

    Args:
        certificate: path of it.
        key: path of the key.
        ca: path of the CAs.
        host: at which other parties reach rollsite.
        now: seconds since the epoch.
    """
    for path in (certificate, key, ca):
        try:
            with open(path, "rb") as file:
                text = file.read(1 << 20)
        except OSError as error:
            return _wrong("file", f"{path}: {error.strerror}")
        if path == key and b"-----BEGIN PRIVATE KEY-----" not in text:
            # EggRoll's Netty reads PKCS#8 alone: of a key in another form it opens no port for TLS.
            return _wrong("file", f"{path} is not a key in PKCS#8 without a password")
    client, server = ssl.create_default_context(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.verify_mode = ssl.CERT_REQUIRED
    try:
        for side in (client, server):
            side.load_cert_chain(certificate, key)
    except (ssl.SSLError, ValueError) as error:
        return _wrong("file", f"{certificate} and {key}: {_said(error)}")
    try:
        ssl.create_default_context(cafile=ca)
        for side in (client, server):
            side.load_verify_locations(certificate)
            side.verify_flags = ssl.VerifyFlags(side.verify_flags | _PARTIAL_CHAIN)
    except ssl.SSLError as error:
        return _wrong("file", f"{ca}: {_said(error)}")
    try:
        found = _shaken(client, server, host)
    except (ssl.SSLError, ssl.CertificateError) as error:
        # Python 3.6 compares names itself, and of OpenSSL's reasons it has none.
        by_name = not isinstance(error, ssl.SSLError) or getattr(error, "verify_code", 0) in _NAMES
        known = by_name or hasattr(error, "verify_message")
        said = _said(error) if known else "it is expired, not valid yet, or not for servers and clients"
        return _wrong("host" if by_name else "invalid", f"{certificate}: {said}")
    return {"ok": True, "days": int((ssl.cert_time_to_seconds(found["notAfter"]) - now) // _DAY)}


def _shaken(client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> dict[str, Any]:
    """The server's certificate, after a handshake. Raises ssl.SSLError, ssl.CertificateError."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(back, there, server_hostname=host),
        server.wrap_bio(there, back, server_side=True),
    ]
    for _ in range(_ROUNDS):
        waiting = [end for end in ends if not _done(end)]
        if not waiting:
            break
    return dict(ends[0].getpeercert() or {})


def _done(end: ssl.SSLObject) -> bool:
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _said(error: Exception) -> str:
    return str(getattr(error, "verify_message", "") or getattr(error, "reason", "") or error)


def _wrong(kind: str, error: str) -> dict[str, Any]:
    return {"ok": False, "kind": kind, "error": readable(error)}


if __name__ == "__main__":
    certificate, key, ca, host = sys.argv[1:]
    sys.stdout.write(json.dumps(look(certificate, key, ca, host, time.time())) + "\n")
