"""What FATEBoard 1.11 leaves open. What its generations share is beside it."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.board.exposures import OPEN, away, opened
from fatecloud.model.check import ServiceView, service_check
from fatecloud.model.finding import Finding


@service_check(OPEN, component="board", while_down=True)
def exposures(view: ServiceView) -> Iterator[Finding]:
    """Who can read what crosses the network. Its web sockets ask for a login, as its pages do."""
    if away(view):
        yield opened(
            view,
            "{who} can try passwords; logins and pages cross the network without TLS",
            "FATEBoard has no setting for TLS that upstream documents",
        )
