"""What goes wrong with a call besides what sockets raise, and besides a status that the server gives."""

from __future__ import annotations


class NoGrpc(ValueError):
    """What answers does not speak gRPC; the text says what it said."""


class Silent(TimeoutError):
    """There is a connection, and nothing came back over it."""


class Unanswered(TimeoutError):
    """The server speaks HTTP/2, and this call has no whole answer in time."""


class TlsFailed(OSError):
    """There is no TLS between both: a certificate is not accepted, or one side speaks something else."""

    @classmethod
    def because(cls, error: Exception) -> TlsFailed:
        """With what an `ssl.SSLError` says for people, without its place in OpenSSL."""
        said = getattr(error, "verify_message", "") or getattr(error, "reason", "") or error
        return cls(" ".join(str(said).split()))
