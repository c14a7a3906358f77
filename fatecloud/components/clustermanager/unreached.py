"""What a service reports whose clustermanager does not answer its node."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import answer_of, finding, reached_again
from fatecloud.model.check import Code, ServiceView
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import logs_of_service

KIND = "manager"
"""Of the edges that lead to a clustermanager."""


def manager_unreached(view: ServiceView, code: Code, probe: str) -> Iterator[Finding]:
    """A finding for each of the service's edges to a clustermanager that does not answer.

    Args:
        view: the service.
        code: of the finding.
        probe: the one that asks the clustermanager.

    Raises:
        FactAbsent: the probe was not asked, or printed nothing.
    """
    for edge in (edge for edge in view.service.edges if edge.kind == KIND):
        answer = answer_of(view, probe)
        if not answer["ok"]:
            yield finding(
                view,
                code,
                f"{edge.source} -> {edge.target} at {edge.endpoint}: {answer['error']}",
                probe,
                cause="the clustermanager is down or frozen, or a firewall blocks the connection",
                remedy=(*reached_again(view, KIND), logs_of_service(edge.target)),
                expected="an answer to a command of EggRoll's that needs no database",
                got=str(answer["kind"]),
                about=edge.target,
            )
