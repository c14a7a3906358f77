"""What can be wrong with the TLS of a rollsite: its own files, and what it and another party's agree on."""

from __future__ import annotations

from fatecloud.components.certificate_checks import Speaker, certificate_checks

__all__ = ["certificate", "handshakes"]

certificate, handshakes = certificate_checks(
    Speaker(
        component="rollsite",
        prefix="ROLLSITE",
        name="rollsite",
        kind="proxy",
        without="it goes on without its port for TLS",
        port="your port for TLS",
    )
)
