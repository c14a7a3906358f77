"""Commands on the nodes of services, as their users, over one transport per node."""

from __future__ import annotations

import math
import time
from typing import Self

from fatecloud.errors import FatecloudError
from fatecloud.model.desired import DesiredService
from fatecloud.model.identity import ServiceId
from fatecloud.model.jobs import Run
from fatecloud.transport import CONNECT_TIMEOUT, Transport
from fatecloud.workflow.as_service import as_user
from fatecloud.workflow.session import Session


class ServiceCommands:
    """Use as a context manager.

    Args:
        until: the latest time for an answer, by the monotonic clock.
    """

    def __init__(self, session: Session, until: float = math.inf) -> None:
        self._session = session
        self._until = until
        self._transports: dict[str, Transport] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for transport in self._transports.values():
            transport.close()

    def of(self, service: DesiredService) -> Run:
        """What runs commands for a service of the inventory."""
        return self.at(service.id, service.user)

    def at(self, ident: ServiceId, user: str) -> Run:
        """The same for any service, by its user on its node; empty for one that is not known.

        What it returns raises a FatecloudError when the command fails, or after the deadline.
        """
        node = self._session.cluster.nodes[ident.node]

        def run(argv: tuple[str, ...], stdin: bytes, timeout: float) -> bytes:
            # Never as root: the answer, and what the command opens, may be the service's own making.
            done = self._to(ident.node).run(
                as_user(user, node, argv), stdin=stdin, timeout=self._within(timeout), become=node.become == "root"
            )
            if done.exit != 0:
                last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
                raise FatecloudError(f"{ident.key}: a command on its node failed: {' '.join(last)}")
            return done.stdout

        return run

    def _to(self, node: str) -> Transport:
        if node not in self._transports:
            seconds = self._within(CONNECT_TIMEOUT)
            self._transports[node] = self._session.access.connect(self._session.cluster.nodes[node], seconds)
        return self._transports[node]

    def _within(self, wanted: float) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise FatecloudError("the deadline has passed")
        return min(wanted, left)
