"""What the phases of a deploy pass on to each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fatecloud.model.event import Event, Listener
from fatecloud.model.jobs import JobRunner
from fatecloud.model.observed import Observed
from fatecloud.model.plan import Plan
from fatecloud.workflow.deploy_options import DeployOptions
from fatecloud.workflow.job_runners import runners_there
from fatecloud.workflow.recorded import Recorded
from fatecloud.workflow.refusals import owners_hit
from fatecloud.workflow.session import Session
from fatecloud.workflow.ui import Ui


@dataclass(slots=True)
class Deploy:
    """One attempt to deploy."""

    session: Session
    wanted: DeployOptions
    ui: Ui
    confirm: Callable[[str], bool] | None
    """Asks the operator; None means that the answer is yes."""
    until: float
    """How long to wait for another run, by the monotonic clock."""
    observed: Observed = field(init=False)
    """What the nodes said when the plan was made."""
    plan: Plan = field(init=False)
    run: Recorded = field(init=False)
    """The run in the history, from `begin` on."""
    events: Listener = field(init=False)
    """Takes what happens: the operator's display, and from `begin` on the history too."""
    over: bool = False
    """Whether there is nothing left to do."""

    def __post_init__(self) -> None:
        """Only the operator hears of what comes before the run."""
        self.events = self.ui

    def begin(self, run: Recorded) -> None:
        """Go on in a run of the history."""
        self.run, self.events = run, run.events

    def note(self, text: str) -> None:
        """Say something that no step of the work says."""
        self.events(Event("note", text))

    def job_runners(self) -> tuple[JobRunner, ...]:
        """The services whose jobs the plan would interrupt."""
        return runners_there(self.session.desired, self.observed, owners_hit(self.plan, self.session.desired))


Phase = Callable[[Deploy], None]
"""One step; it ends the deploy by an error, or by setting `over`."""
