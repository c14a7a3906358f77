"""The error that a play's outcome means, and what the operator can do about it."""

from __future__ import annotations

import signal

from fatecloud.errors import FatecloudError, Locked, PlanOutdated, Refused, RunError
from fatecloud.model.event import texts_of
from fatecloud.plain import plain, plain_word
from fatecloud.runner.outcome import Outcome, TaskFailure

OUTDATED = "run fatecloud deploy again and look at the new plan"
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
    "edited": "fatecloud plan shows the edit of {}; fatecloud deploy --overwrite-drift puts back what was deployed",
    "jobs": "wait for them with --wait-jobs 30m, or add --interrupt-jobs; the same command goes on from here",
}
"""Result of a module that refuses something -> what the operator can do; `{}` is the result's value."""


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
