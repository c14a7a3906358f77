"""The services that run jobs, as verbs about jobs ask them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from fatecloud.checks.interruptions import Starts, starts_of
from fatecloud.errors import FatecloudError, NotDeployed, UsageError
from fatecloud.model.identity import in_order
from fatecloud.model.jobs import JobApi, JobRow, JobRunner
from fatecloud.workflow.deployed import FACTS, REMEDY
from fatecloud.workflow.job_id import LIST
from fatecloud.workflow.job_runners import runners_of, runners_there
from fatecloud.workflow.jobs import api_of
from fatecloud.workflow.observe import observe
from fatecloud.workflow.service_commands import ServiceCommands
from fatecloud.workflow.session import Session

_T = TypeVar("_T")
Answer = tuple[JobRunner, _T]


class JobServices:
    """Use `job_services`.

    Args:
        runners: the services to ask.
        commands: runs commands on their nodes.
        starts: of all services that their jobs need.
    """

    def __init__(self, runners: Sequence[JobRunner], commands: ServiceCommands, starts: Starts) -> None:
        self.runners = sorted(runners, key=lambda runner: (in_order(runner.id.owner), runner.id.key))
        self._commands = commands
        self.starts = starts
        self.silent: list[str] = []
        """Sentences about those that gave no answer, each once."""

    @property
    def parties(self) -> set[str]:
        """Whose services they are."""
        return {runner.id.owner for runner in self.runners}

    def ask(self, question: Callable[[JobApi], _T], of: Collection[str] | None = None) -> list[Answer[_T]]:
        """What each service answers; one that gives no answer is in `silent`.

        Args:
            question: asks one of them.
            of: parties whose services are asked; None for all.
        """
        found: list[Answer[_T]] = []
        for runner in self.runners:
            if of is not None and runner.id.owner not in of:
                continue
            try:
                found.append((runner, question(api_of(runner, self._commands))))
            except FatecloudError as error:
                line = f"{runner.id.key} was not asked: {error.message}"
                if line not in self.silent:
                    self.silent.append(line)
        return found

    def known(self, job: str) -> list[Answer[tuple[JobRow, ...]]]:
        """The job's rows at each service that knows it.

        Raises:
            UsageError: none of those that answered knows it.
        """
        found = [(runner, rows) for runner, rows in self.ask(lambda api: api.known(job)) if rows]
        if not found:
            where = "; ".join(self.silent)
            raise UsageError(f"no party here knows job {job}" + (f" ({where})" if where else ""), remedy=LIST)
        return found


@contextmanager
def job_services(session: Session, deadline: float, owners: Collection[str] = ()) -> Iterator[JobServices]:
    """The services that run jobs, as they are deployed.

    Args:
        deadline: seconds for each node to answer.
        owners: only those of these owners; empty for all.

    Raises:
        UsageError: no service of the inventory runs jobs.
        NotDeployed: none that does is deployed.
    """
    chosen = set(owners or session.cluster.owners)
    if not runners_of(session.resolved, chosen):
        raise UsageError("no service here runs jobs", remedy="`fatecloud inventory show` shows the services")
    observed = observe(session, probes=False, want=FACTS, deadline=deadline)
    runners = runners_there(session.resolved, observed, chosen)
    if not runners:
        raise NotDeployed("no service that runs jobs is deployed here", remedy=REMEDY)
    starts = starts_of(session.resolved, observed, [runner.id.key for runner in runners])
    with ServiceCommands(session) as commands:
        yield JobServices(runners, commands, starts)
