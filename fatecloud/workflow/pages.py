"""`open`: the pages of services, for a browser on this machine."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from fatecloud.errors import TransportError, UsageError
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.node import Node
from fatecloud.model.service import Page, PortUse
from fatecloud.transport.forwarding import forwarded
from fatecloud.workflow.session import Session

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with
LOOPBACKS = ("127.0.0.1", "::1")
_SECONDS = 3.0


class Way(Protocol):
    """How the page is reached, while it is open."""

    @property
    def lost(self) -> TransportError | None:
        """Why that has ended."""


@dataclass(frozen=True, slots=True)
class Direct:
    """A browser reaches it from here."""

    lost: TransportError | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A page that a browser on this machine can open."""

    service: DesiredService
    page: Page
    url: str
    through: str
    """Node to which SSH carries it; empty where a browser reaches it without."""
    way: Way


def page_of(desired: Desired, keys: Collection[str]) -> DesiredService:
    """The one service with a page among those.

    Raises:
        UsageError: there is none, or there are several.
    """
    found = [key for key in keys if desired.services[key].page]
    if len(found) == 1:
        return desired.services[found[0]]
    if found:
        raise UsageError(f"there are several: {', '.join(found)}", remedy=f"choose one: fatecloud open {found[0]}")
    having = [key for key, service in desired.services.items() if service.page]
    remedy = f"pages are shown by: {', '.join(having)}" if having else "`fatecloud inventory show` shows the services"
    raise UsageError("none of these services has a page", remedy=remedy)


@contextmanager
def opened(session: Session, service: DesiredService, wanted: int = 0) -> Iterator[Opened]:
    """Make the page of a service reachable from here, as long as the block lasts.

    Args:
        service: one with a page.
        wanted: port of this machine for the way through SSH; 0 for that of the service.

    Raises:
        TransportError: its node is not reached, or nothing answers there.
        SecretsError: there is no way to get the node's password.
    """
    page, node = service.page, session.resolved.node(service.id.node)
    if page is None:
        raise ValueError(f"{service.id.key} has no page")
    port = next(port for port in service.ports if port.name == page.port)
    near = _from_here(node, port)
    if near is not None:
        yield Opened(service, page, f"http://{near}/", "", Direct())
        return
    session.access.logins.ask([node])
    transport = session.access.connect(node)
    host = "127.0.0.1" if port.bind in EVERYWHERE else port.bind
    try:
        with forwarded(transport, host, port.number, wanted or port.number) as forwarder:
            yield Opened(service, page, f"http://127.0.0.1:{forwarder.port}/", node.name, forwarder)
    finally:
        transport.close()


def _from_here(node: Node, port: PortUse) -> Endpoint | None:
    """Where a browser reaches it without SSH; None if it does not."""
    if node.connection == "local":
        return Endpoint("127.0.0.1" if port.bind in EVERYWHERE else port.bind, port.number)
    if port.bind in LOOPBACKS:
        return None
    there = Endpoint(node.advertise if port.bind in EVERYWHERE else port.bind, port.number)
    try:
        socket.create_connection((there.host, there.port), _SECONDS).close()
    except OSError:
        return None
    return there
