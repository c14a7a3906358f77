"""Makes the changes of a verb about models: loads, binds, looks whether it is so, takes back what failed halfway."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from fatecloud.artifacts.trained.archive import Contents
from fatecloud.errors import FatecloudError, RunError
from fatecloud.model.event import Event
from fatecloud.model.model_change import Step
from fatecloud.model.trained import Asked, HeldPart, ModelPart, Roles, roles_in
from fatecloud.workflow.changing import Changing, held
from fatecloud.workflow.model_holders import Target
from fatecloud.workflow.recorded import Recorded
from fatecloud.workflow.serving_restore import add_what_is_left
from fatecloud.workflow.session import Session

PATIENCE, EVERY = 30.0, 1.0
"""Seconds until a service lists what it has taken, and between two looks."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a verb about models goes about it."""

    owners: Sequence[str]
    """Only these parties and groups; empty for all."""
    dry_run: bool
    """Whether it only says what would change."""
    changing: Changing
    say: Callable[[str], None]
    """Shows a result to people; where programs get a document, beside it."""


@dataclass(frozen=True, slots=True)
class Doing:
    """Changes of one model at several services."""

    session: Session
    targets: Sequence[Target]
    roles: Roles
    contents: Contents
    """Of the parts that are loaded."""

    def do(self, what: str, steps: Sequence[Step], way: Way) -> bool:
        """Show the steps, ask, and make them, as one run of the history that holds the nodes.

        Returns:
            Whether they were made.

        Raises:
            Refused: the operator said no.
            FatecloudError: a service did not do one of them.
        """
        for step in steps:
            way.say(str(step))
        if not steps:
            way.say("nothing to do: it is so already")
            return False
        if way.dry_run:
            way.say("nothing was changed")
            return False
        way.changing.ask(f"{what}?")
        nodes = {self._at(step).service.id.node for step in steps}
        with held(self.session, nodes, way.changing) as run:
            self._make(steps, run)
        return True

    def _make(self, steps: Sequence[Step], run: Recorded) -> None:
        done: list[Step] = []
        formers = {step: self._at(step).models.former(step.service) for step in steps if step.service}
        try:
            for step in steps:
                run.interruption.check()
                # One whose answer is lost may have been made all the same.
                done.append(step)
                self._step(step)
                run.events(Event("ok", _said(step), service=step.key))
            for step in steps:
                self._look(step)
        except BaseException as error:
            left = self._taken_back(done, formers)
            if isinstance(error, FatecloudError):
                add_what_is_left(error, left)
            raise

    def _step(self, step: Step) -> None:
        models = self._at(step).models
        if step.service:
            models.bind(step.part, self.roles, step.service)
        else:
            models.load(step.part, self.roles, self.contents[step.part][0])

    def _look(self, step: Step) -> None:
        """It has what it said that it took."""
        until = time.monotonic() + PATIENCE
        while not self._is_made(step):
            if time.monotonic() >= until:
                raise RunError(f"{step.key} does not list it: {_said(step)}", remedy=f"fatecloud check {step.key}")
            time.sleep(EVERY)

    def _is_made(self, step: Step) -> bool:
        target = self._at(step)
        asked = Asked(target.party, model=step.part.model, version=step.part.version)
        found = next((held for held in target.models.held(asked) if held.part == step.part), None)
        return found is not None and (step.service in found.services if step.service else self._is_whole(found))

    def _is_whole(self, found: HeldPart) -> bool:
        return found.sha256 == hashlib.sha256(self.contents[found.part][0]).hexdigest()

    def _taken_back(self, done: Sequence[Step], formers: Mapping[Step, ModelPart | None]) -> list[str]:
        """Undo steps, the last one first. Returns what could not be undone, in words.

        Args:
            formers: what was noted before the steps that bind: it counts again, as if they had never been made.
        """
        left = []
        loaded = {(step.key, step.part) for step in done if not step.service}
        for step in reversed(done):
            try:
                self._undo(step)
                if step in formers:
                    self._at(step).models.note(step.service, formers[step])
                if step.service and not step.before and (step.key, step.part) not in loaded and self._is_made(step):
                    left.append(f"{step.key}: {_said(step)}")
            except FatecloudError as error:
                left.append(error.message)
        return left

    def _undo(self, step: Step) -> None:
        models = self._at(step).models
        if not step.service:
            if any(held.part == step.part for held in models.held(_of(step))):
                models.unload(step.part)
        elif step.before:
            try:
                models.bind(step.before, roles_in(step.before.model), step.service)
            except FatecloudError:
                # It may have led there all the time.
                if not self._is_made(replace(step, part=step.before)):
                    raise
        # Where it led nowhere before, removing the model ends it, if this run has loaded it.

    def _at(self, step: Step) -> Target:
        return next(target for target in self.targets if target.service.id.key == step.key)


def _of(step: Step) -> Asked:
    return Asked(step.part.party, model=step.part.model, version=step.part.version)


def _said(step: Step) -> str:
    if step.service:
        return f"service id {step.service} leads to version {step.part.version}"
    return f"has version {step.part.version} as {step.part}"
