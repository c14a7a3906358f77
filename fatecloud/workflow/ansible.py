"""Runs plays on a session's nodes: writes the project, takes the lease, plays, and releases the nodes at the end."""

from __future__ import annotations

import os
import platform
import secrets
import signal
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from fatecloud.errors import FatecloudError, Locked, PlanOutdated, Refused, RunError
from fatecloud.model.event import Event, Listener, texts_of
from fatecloud.plain import plain, plain_word
from fatecloud.render.project import VAULT, RunInfo, write_project, write_variables
from fatecloud.runner.outcome import Outcome, TaskFailure
from fatecloud.runner.run import run_playbook
from fatecloud.state.directory import controller_id
from fatecloud.state.runs import RunLog
from fatecloud.timing import phase
from fatecloud.transport.sshconfig import ssh_config
from fatecloud.vault.file import vault_library
from fatecloud.whoami import has_entry, user_name
from fatecloud.workflow.interrupt import Interruption
from fatecloud.workflow.needed_secrets import values_on_nodes
from fatecloud.workflow.session import Session

RELEASE_TIMEOUT = 150.0
"""Seconds that releasing the nodes may take. It is more than a node waits for a task that it has begun; after that the
next run has to take the nodes over."""

OUTDATED = "run fatecloud deploy again and look at the new plan"
ARTIFACTS = "ansible"
"""Subdirectory of a run's directory where the runner notes what it does."""
_SIGNALLED = 128
"""A command that a signal ended has this plus the signal's number as its exit status."""
_OUT_OF_MEMORY = " (the kernel does this when memory runs out: see dmesg)"


_REFUSALS = {
    "foreign": "set another `paths.base` for the node, or use the inventory that the directory belongs to",
    "renamed": "put the name back (cluster: {})",
    "layout": "run destroy --purge with the version that deployed it, or set another `paths.base`",
    "twice": "keep one name for the machine under `nodes`; its services are those of {}",
    "elsewhere": "put `paths.base` of the node back to {}: a deploy does not move a base directory",
    "alike": "give this cluster another name: names on the node are made of it and the first digits of the id",
    "data_not_there": "mount its disk; or restore the data and run: fatecloud deploy --adopt-data {}",
    "drifted": "fatecloud plan shows the edit; --overwrite-drift replaces the file",
    "jobs": "wait for them with --wait-jobs 30m, or add --interrupt-jobs; the same command goes on from here",
}
"""Result of a module that refuses something -> what the operator can do; `{}` is the result's value."""


class _Unsafe(str):
    """A value that Ansible must not take for a template."""

    __slots__ = ()


class _VaultDumper(yaml.SafeDumper):
    """YAML of the vault: every value is marked unsafe."""


_VaultDumper.add_representer(_Unsafe, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value)))


def encrypted(values: Mapping[str, str], password: str) -> str:
    """The project's vault file."""
    library = vault_library()
    text = yaml.dump(
        {"fatecloud_secrets": {name: _Unsafe(value) for name, value in sorted(values.items())}}, Dumper=_VaultDumper
    )
    key = library.VaultSecret(password.encode())
    return str(library.VaultLib([("default", key)]).encrypt(text, key).decode())


def run_info(session: Session, run: str, pid: int) -> RunInfo:
    """Who runs it: the operator, this machine, and the id of the state directory."""
    return RunInfo(run, f"{user_name()}@{platform.node()}", controller_id(session.state), pid)


def project(session: Session, directory: Path, run: RunInfo, vault_password: str) -> None:
    """Write the Ansible project of a session."""
    write_project(
        session.desired,
        directory,
        ssh_config=ssh_config(session.cluster.nodes.values(), known_hosts="known_hosts"),
        known_hosts=session.access.known_hosts,
        store=session.store.path,
        vault_text=encrypted(
            {**values_on_nodes(session.desired, session.vault.secrets), **session.access.logins.typed}, vault_password
        ),
        run=run,
    )


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


def failure(outcome: Outcome) -> FatecloudError:
    """The error that an outcome means. Texts of a node do not look like lines of ours in it."""
    for failed in outcome.failed:
        message = _below(f"{failed.node}: {failed.message}")
        if failed.result.get("held"):
            return Locked(message, remedy="wait for it with --wait-lock 30m")
        if failed.result.get("outdated"):
            return PlanOutdated(message, remedy=OUTDATED)
        for kind, remedy in _REFUSALS.items():
            if other := failed.result.get(kind):
                return Refused(message, remedy=remedy.format(plain_word(other)))
    if outcome.unreachable:
        lines = [_below(f"{node}: {why}") for node, why in outcome.unreachable.items()]
        return RunError("\n".join(lines), remedy="make the node reachable and run the same command again")
    if outcome.failed:
        return RunError(
            "\n".join(_failure_text(failed) for failed in outcome.failed),
            remedy="remove the cause and run the same command again: it goes on from here",
        )
    return _ended(outcome)


def _below(text: str) -> str:
    """A text whose further lines are indented."""
    return text.replace("\n", "\n    ")


def _ended(outcome: Outcome) -> RunError:
    """The error for a play that did not finish although no node failed."""
    if outcome.status == "failed" and outcome.rc - _SIGNALLED in set(signal.Signals):
        name = signal.Signals(outcome.rc - _SIGNALLED).name
        return RunError(
            f"Ansible was ended by {name}, which fatecloud did not send{_OUT_OF_MEMORY if name == 'SIGKILL' else ''}",
            remedy="run the same command again: it goes on from here",
        )
    return RunError(_below(f"Ansible ended with status {outcome.status} ({outcome.rc})\n{outcome.output}".rstrip()))


def _failure_text(failed: TaskFailure) -> str:
    where = failed.service or failed.node
    lines = [_below(f"{where}: {failed.task}: {failed.message}")]
    lines += [f"    {plain(line)}" for line in texts_of(failed.result.get("lines"))]
    return "\n".join(lines)
