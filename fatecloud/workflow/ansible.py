"""Runs plays on a session's nodes: writes the project, takes the lease, plays, and releases the nodes at the end."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from fatecloud.errors import Refused
from fatecloud.model.event import Event, Listener
from fatecloud.plain import plain_word
from fatecloud.render.project import VAULT, write_variables
from fatecloud.runner.outcome import Outcome
from fatecloud.runner.run import run_playbook
from fatecloud.state.runs import RunLog
from fatecloud.timing import phase
from fatecloud.whoami import has_entry
from fatecloud.workflow.failure import failure
from fatecloud.workflow.interrupt import Interruption
from fatecloud.workflow.project import project, run_info
from fatecloud.workflow.session import Session

RELEASE_TIMEOUT = 150.0
"""Seconds that releasing the nodes may take. It is more than a node waits for a task that it has begun; after that the
next run has to take the nodes over."""
ARTIFACTS = "ansible"
"""Subdirectory of a run's directory where the runner notes what it does."""


class AnsibleRun:
    """One run's plays. See `ansible_run`."""

    def __init__(
        self, session: Session, log: RunLog, events: Listener, cancel: threading.Event, nodes: Collection[str]
    ) -> None:
        self._session = session
        self._log = log
        self._events = events
        self._cancel = cancel
        self._project = log.project
        self._variables = log.directory / "variables.yml"
        self._nodes = tuple(sorted(nodes))
        self._held = False
        self._leased: set[str] = set()
        # The project's vault file is on disk, so its password stays in this process. The operator's own vault
        # password is not used for it: that one never leaves the controller's memory either.
        self._password = secrets.token_urlsafe(32)
        if not has_entry() and any(
            session.cluster.nodes[name].connection == "ssh" for name in self._nodes or session.cluster.nodes
        ):
            raise Refused(
                f"user id {os.getuid()} has no entry in this machine's user database, and ssh needs one",
                remedy="run this as a user with an entry in /etc/passwd (in a container, add one for the user id)",
            )
        session.access.logins.ask([session.cluster.nodes[name] for name in self._nodes or session.cluster.nodes])
        project(session, self._project, run_info(session, log.id, os.getpid()), self._password)

    def play(
        self,
        playbook: str,
        variables: Mapping[str, Any] | None = None,
        limit: Sequence[str] = (),
        *,
        releases: bool = False,
    ) -> None:
        """Run a playbook to its end.

        Args:
            playbook: file name in the project.
            variables: extra variables.
            limit: node names; empty means all nodes of the run.
            releases: whether the playbook itself releases the nodes when it succeeds.

        Raises:
            Locked: another run holds a node.
            Refused: a node holds something that is not ours, or was edited by hand.
            RunError: anything else that failed, with the node, the step and the last lines of the service.
        """
        # From here on: a play that fails half way may already have taken some of the nodes.
        self._held = True
        with phase(f"ran {playbook}"):
            outcome = self._run(playbook, variables, limit, self._cancel, None)
        if not outcome.ok:
            raise failure(outcome)
        self._held = not releases

    def release(self) -> None:
        """Release the nodes. A note names each node that could not be reached: its lease ends when it runs out."""
        if not self._held:
            return
        outcome = self._run("release.yml", None, (), threading.Event(), RELEASE_TIMEOUT)
        if not outcome.ok:
            kept = sorted(({f.node for f in outcome.failed} | set(outcome.unreachable)) & self._leased)
            # Where no lease was ever taken there is nothing to release, and the play's own failure is already shown.
            if kept:
                where = ", ".join(kept)
                self._events(Event("note", f"could not release the lock on {where}; the next run takes it over"))

    def _pass_on(self, event: Event) -> None:
        self._events(event)
        for line in event.texts("silent"):
            self._events(Event("note", line, node=event.node))
        answer = event.answer
        if "taken_from" in answer:
            self._leased.add(event.node)
        if isinstance(taken := answer.get("taken_from"), dict):
            run, owner = plain_word(taken.get("run")), plain_word(taken.get("owner"))
            text = f"taken over from run {run} of {owner}, which never released it"
            self._events(Event("note", text, node=event.node))

    def forget_secrets(self) -> None:
        """Remove the vault file, whose password ends with this process, and the variables of the last play."""
        for path in (self._project / VAULT, self._variables):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:  # an error here would hide how the run ended
                self._events(Event("note", f"could not remove {path}: {error.strerror}"))

    def _run(
        self,
        playbook: str,
        variables: Mapping[str, Any] | None,
        limit: Sequence[str],
        cancel: threading.Event,
        timeout: float | None,
    ) -> Outcome:
        write_variables(self._variables, variables or {})
        return run_playbook(
            self._project,
            playbook,
            limit=limit or self._nodes,
            extra_vars_file=self._variables,
            vault_password=self._password,
            on_event=self._pass_on,
            cancel=cancel,
            artifacts_dir=self._log.directory / ARTIFACTS,
            redact=self._session.redact,
            timeout=timeout,
        )


@contextmanager
def ansible_run(
    session: Session, log: RunLog, events: Listener, interruption: Interruption, nodes: Collection[str] = ()
) -> Iterator[AnsibleRun]:
    """Plays for a run; the nodes are released however it ends.

    Args:
        nodes: names of the nodes that the run is about; no other node is touched or has to be reachable. Empty for all.
    """
    run = AnsibleRun(session, log, events, interruption.event, nodes)
    try:
        yield run
    finally:
        try:
            run.release()
        finally:
            run.forget_secrets()
