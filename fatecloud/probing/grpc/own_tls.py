"""The TLS with which a service that is asked about speaks to others."""

from __future__ import annotations

from typing import Any

TLS = "tls"
"""Kind of an answer without a handshake, see `asking`, and what it has as `named` for a check that is about that."""


def own_tls(files: tuple[str, ...], name: str = "") -> Any:
    """A `tls.Tls`, for `call.unary`; None without files, so that without TLS no one pays for the import.

    Args:
        files: paths of CAs, certificate and key, or nothing.
        name: see `tls.Tls`.
    """
    if not files:
        return None
    from fatecloud.probing.grpc.tls import Tls  # noqa: PLC0415 - see above

    ca, certificate, key = files
    return Tls(ca, name=name, certificate=certificate, key=key)
