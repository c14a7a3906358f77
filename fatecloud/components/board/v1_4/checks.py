"""What can be wrong with a FATEBoard 1.4 alone, and what it leaves open. What its generations share is beside it."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.board.exposures import OPEN, opened
from fatecloud.components.board.v1_4.want import DATABASE
from fatecloud.components.judging import answer_of, apply_objects, finding, reached_again
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PUT_BACK

REFUSED = Code(
    "BOARD_DATABASE_REFUSED",
    "critical",
    "FATEBoard cannot read the jobs in its flow's database with the account that it has for that.",
    ("database", "node", "FILE_DRIFTED", "FILE_MISSING"),
)
_RIGHTS = ("auth", "schema")


@service_check(REFUSED, component="board")
def database(view: ServiceView) -> Iterator[Finding]:
    """Its own account can read the rows of flow's jobs."""
    answer = answer_of(view, DATABASE)
    if answer["ok"]:
        return
    kind = str(answer["kind"])
    yield finding(
        view,
        REFUSED,
        str(answer["error"]),
        DATABASE,
        cause="its account or its right to read was changed at the database"
        if kind in _RIGHTS
        else "its settings were changed by hand"
        if kind == "config"
        else "the database is down, or a firewall blocks the connection",
        remedy=(apply_objects(view, "database"),)
        if kind in _RIGHTS
        else PUT_BACK
        if kind == "config"
        else reached_again(view, "database"),
        expected=f"the number of jobs in {answer.get('where', 'the database')}",
        got=kind,
    )


@service_check(OPEN, component="board", while_down=True)
def exposures(view: ServiceView) -> Iterator[Finding]:
    """Who can see and stop the jobs: it has no login, and its settings give it none."""
    yield opened(
        view,
        "{who} can see the jobs of the party and stop them, without a login",
        "FATEBoard 1.4 has none; it gets no logs of jobs, with which it would run commands for all who reach its page",
    )
