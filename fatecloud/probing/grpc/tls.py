"""TLS under a call: HTTP/2 is agreed on in the handshake (ALPN, RFC 7301)."""

from __future__ import annotations

import socket
import ssl

from fatecloud.probing.grpc.failures import NoGrpc, Silent, TlsFailed
from fatecloud.probing.grpc.trust import as_java


class Tls:
    """How a server is asked over TLS; it is always verified.

    Args:
        ca: path of a file with the certificates (PEM) that may sign the server's; empty for those that the node trusts.
        name: what the server's certificate must name, where that is not the address.
        certificate: path of the client's own chain, where the server wants one.
        key: path of the key to it.
    """

    def __init__(self, ca: str, *, name: str = "", certificate: str = "", key: str = "") -> None:
        self.ca, self.name, self.certificate, self.key = ca, name, certificate, key

    def secured(self, line: socket.socket, host: str) -> socket.socket:
        """The connection after the handshake.

        Raises:
            Silent: it does not answer in time.
            TlsFailed: the handshake failed, or a file cannot be used for it.
            OSError: the connection broke, or a file cannot be read.
            NoGrpc: the server speaks TLS, but no HTTP/2 over it.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
            as_java(context)
            context.set_alpn_protocols(["h2"])
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key or None)
            secured = context.wrap_socket(line, server_hostname=self.name or host)
        except socket.timeout as late:  # noqa: UP041 - two classes before Python 3.10
            raise Silent("connected, then no TLS") from late
        except (ssl.SSLError, ssl.CertificateError) as error:
            raise TlsFailed.because(error) from error
        if secured.selected_alpn_protocol() != "h2":
            secured.close()
            raise NoGrpc("TLS without an agreement on HTTP/2")
        return secured
