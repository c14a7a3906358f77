"""What FATEBoard 2 leaves open. What its generations share is beside it."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.board.exposures import OPEN, away, opened
from fatecloud.model.check import ServiceView, service_check
from fatecloud.model.finding import Finding


@service_check(OPEN, component="board", while_down=True)
def exposures(view: ServiceView) -> Iterator[Finding]:
    """Who can read what through its port."""
    also = "; logins and pages cross the network without TLS" if away(view) else ""
    yield opened(
        view,
        "{who} can read the log and the progress of a job whose id they know, without a login" + also,
        "FATEBoard looks for its filter of web sockets under a package name that it no longer has",
    )
