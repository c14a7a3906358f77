"""Keeps the processors of the two nodes busy, as a backup, a scan or a build does, at the usual priority."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from two_parties import PARTIES

from fatecloud.sandbox.nodes import Sandbox

COMPUTING, WRITING = 13, 2
"""Processes of each node that compute, and that write to its disk: 30 on the two cores that all nodes may share."""
_LONGEST = 900
"""Seconds after which they end, also where the test was killed."""
_UNIT = "fatecloud-test-load"
_WORK = f"""
for i in $(seq {COMPUTING}); do (while :; do :; done) & done
for i in $(seq {WRITING}); do
    (while :; do dd if=/dev/zero of=/var/tmp/{_UNIT}-$i bs=1M count=32 conv=fsync 2>/dev/null; done) &
done
wait
"""
_END = f"systemctl stop {_UNIT} 2>/dev/null; rm -f /var/tmp/{_UNIT}-*"


@contextmanager
def busy(sandbox: Sandbox) -> Iterator[None]:
    """In this block 30 processes want the processors."""
    start = ["systemd-run", "--quiet", "--collect", f"--unit={_UNIT}", f"--property=RuntimeMaxSec={_LONGEST}"]
    try:
        for node in PARTIES:
            sandbox.check(node, [*start, "sh", "-c", _WORK])
        yield
    finally:
        for node in PARTIES:
            sandbox.check(node, ["sh", "-c", _END])
