"""The part of a check after the nodes have answered: remove secrets, save the facts, run the checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path

from fatecloud.checks.engine import judge
from fatecloud.checks.registry import running_checks
from fatecloud.collect.record import observed_to_json, redacted
from fatecloud.errors import UsageError
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Report
from fatecloud.model.last_check import LastCheck
from fatecloud.model.observed import Observed
from fatecloud.state.last_check import keep_last_check
from fatecloud.timing import phase
from fatecloud.workflow.samples import with_history


def judged(
    desired: Desired,
    read: Observed,
    redact: Callable[[str], str],
    *,
    settle: float,
    selected: Collection[str] | None = None,
    save: Path | None = None,
    state: Path | None = None,
) -> tuple[Report, Observed]:
    """Redact what was read, add what earlier checks saw, save both if the operator asked for it, and judge.

    Args:
        desired: what should be, with rendered files.
        read: what the nodes answered; their files and logs may contain secrets.
        redact: takes secrets out of one string.
        settle: seconds after a start for which a service's runtime findings do not count.
        selected: keys of the services to report on; None for everything.
        save: file to write what was read to.
        state: the cluster's state directory, where samples are kept from check to check; None to keep none.

    Returns:
        The report, and what it rests on, without secrets.

    Raises:
        UsageError: the file cannot be written.
    """
    observed = redacted(read, redact)
    if state is not None:
        observed = with_history(state, desired, observed)
    if save is not None:
        try:
            save.touch(mode=0o600)  # host names and log lines are private to the operator
            if save.is_file():
                save.chmod(0o600)  # an existing file may be readable by everyone
            save.write_text(observed_to_json(observed), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot write {save}: {error.strerror}") from None
    with phase("judged"):
        return judge(desired, observed, running_checks(), settle, selected=selected), observed


def noted(state: Path, report: Report) -> None:
    """Keep what `status` shows of the newest check of the whole cluster.

    Args:
        state: the cluster's state directory.
    """
    counts = Counter[str](finding.severity for finding in report.findings) + Counter(muted=len(report.muted))
    roots = tuple(finding.id for finding in report.findings if not finding.caused_by)
    keep_last_check(state, LastCheck(report.taken, report.exit_status, report.passed, dict(counts), roots))
