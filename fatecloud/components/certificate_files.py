"""Runs on the node, as a router's user: do the files of its TLS work, for whom is its certificate, and for how long?

Client and server shake hands in memory, with the router's own files. OpenSSL then says what a partner's would say.
"""

from __future__ import annotations

import os
import ssl
import stat
from typing import Any

from fatecloud.probing.dialing import readable
from fatecloud.probing.grpc.trust import as_java

_NAMES = (62, 64)
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""
_ISSUERS = (2, 18, 19, 20, 21)
"""X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT and what else OpenSSL says where no CA that it knows has signed."""
_ROUNDS = 10
_DAY = 86400.0


def look(certificate: str, key: str, ca: str, host: str, now: float, *, own_ca: bool = False) -> dict[str, Any]:
    """What is wrong (`kind` and `error`), or how many `days` the certificate is valid from now.

    With `open`, everyone on the node can read the key. Kinds: `file`: one cannot be read or used; `invalid`: the
    certificate is expired, not valid yet, or not for servers and clients; `host`: it does not name the host; `ca`: none
    of the CAs has signed it.

    Args:
        certificate: path of it.
        key: path of the key.
        ca: path of the CAs.
        host: at which other parties reach the router.
        now: seconds since the epoch.
        own_ca: whether one of the CAs has to have signed this certificate too.
    """
    for path in (certificate, key, ca):
        try:
            with open(path, "rb") as file:
                text = file.read(1 << 20)
        except OSError as error:
            return _wrong("file", f"{path}: {error.strerror}")
        if path == key and b"-----BEGIN PRIVATE KEY-----" not in text:
            # Netty, with which the routers speak, reads PKCS#8 alone.
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
            side.load_verify_locations(ca if own_ca else certificate)
            as_java(side)
    except ssl.SSLError as error:
        return _wrong("file", f"{ca}: {_said(error)}")
    open_ = {"open": True} if os.stat(key).st_mode & stat.S_IROTH else {}
    try:
        found = _shaken(client, server, host)
    except (ssl.SSLError, ssl.CertificateError) as error:
        return {**_refused(certificate, ca, error), **open_}
    return {"ok": True, "days": int((ssl.cert_time_to_seconds(found["notAfter"]) - now) // _DAY), **open_}


def _refused(certificate: str, ca: str, error: Exception) -> dict[str, Any]:
    """Why a handshake failed. Python 3.6 compares names itself, and of OpenSSL's reasons it has none."""
    code = getattr(error, "verify_code", 0)
    if not isinstance(error, ssl.SSLError) or code in _NAMES:
        return _wrong("host", f"{certificate}: {_said(error)}")
    if code in _ISSUERS:
        return _wrong("ca", f"{certificate} is signed by none of the CAs in {ca}: {_said(error)}")
    known = hasattr(error, "verify_message")
    said = _said(error) if known else "it is expired, not valid yet, of another CA, or not for servers and clients"
    return _wrong("invalid", f"{certificate}: {said}")


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
