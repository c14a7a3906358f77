"""Codes that no check declares: the engine's own, and those of a node that returned no document."""

from __future__ import annotations

from fatecloud.model.check import Code

FACT_ABSENT = Code("FACT_ABSENT", "unknown", "A fact that checks need could not be read on the node.", ("node",))
CHECK_CRASHED = Code("CHECK_CRASHED", "unknown", "A check itself failed; this is a defect of fatecloud.")

NODE_CODES = (
    Code("NODE_UNREACHABLE", "critical", "No connection to the node could be made."),
    Code("NODE_UNRESOLVED", "critical", "The node's name has no address."),
    Code("NODE_TIMEOUT", "critical", "The node did not answer within its deadline."),
    Code("NODE_AUTH_FAILED", "unknown", "The node refused the SSH key or password."),
    Code("NODE_HOST_KEY_UNKNOWN", "unknown", "The node's SSH host key has never been seen and was not accepted."),
    Code("NODE_HOST_KEY_CHANGED", "critical", "The node shows a different SSH host key than before."),
    Code("NODE_HOST_KEY_REVOKED", "critical", "The node shows an SSH host key that was revoked."),
    Code(
        "NODE_HOST_KEYS_DAMAGED",
        "unknown",
        "A damaged line of the cluster's known_hosts may be about the node's key.",
    ),
    Code("JUMP_HOST_FAILED", "critical", "The jump host in front of the node could not be used."),
    Code("NODE_NO_FORWARDING", "unknown", "The node's SSH server does not allow the forwarding that was asked for."),
    Code("NODE_TUNNEL_REFUSED", "unknown", "Nothing on the node accepted the connection through the tunnel."),
    Code("NODE_OUTPUT_LIMIT", "unknown", "A command on the node printed more than fatecloud accepts."),
    Code("NODE_NO_INTERPRETER", "unknown", "The node has no Python 3.6 or later to read it with."),
    Code("NODE_COLLECTOR_FAILED", "unknown", "The collector returned no usable document from the node."),
    Code(
        "SUDO_REFUSED",
        "unknown",
        "sudo on the node refused the password, or needs one that the inventory does not have.",
    ),
    Code("SUDO_NOT_ALLOWED", "unknown", "The login user may not become root with sudo on the node."),
)
ENGINE_CODES = (FACT_ABSENT, CHECK_CRASHED, *NODE_CODES)
