"""`check`: read every node and service, judge, and save what was read if the operator asked for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fatecloud.errors import InputError

if TYPE_CHECKING:  # only names in annotations: loading these modules here would delay the first question to the nodes
    from fatecloud.model.cluster import Cluster
    from fatecloud.model.desired import Desired
    from fatecloud.model.finding import Report
    from fatecloud.model.mute import Mute
    from fatecloud.model.observed import Observed

FACTS = (
    "clock",
    "data",
    "disk",
    "files",
    "filters",
    "folders",
    "identity",
    "lease",
    "listeners",
    "load",
    "logs",
    "manifest",
    "memory",
    "records",
    "register",
    "services",
    "store",
    "users",
)
"""All that the checks of a running cluster read. Preflight and plan need more, for which a node starts programs."""
SETTLE_SECONDS = 30.0
"""How long after a start by a run of ours a service may take before its runtime findings count."""


USAGE, USAGE_SECONDS = "usage", 900.0
"""A fact that may take a node longer than all others, and seconds until it is read again."""


def facts_now(state: Path) -> tuple[str, ...]:
    """The facts that a check reads now.

    Args:
        state: the cluster's state directory; the time of a file in it says when `usage` was read, because opening the
            history would delay the first question to the nodes.
    """
    asked = state / "usage-asked"
    with suppress(OSError):
        # Weighing directories costs a node more than all other readings together.
        if time.time() - asked.stat().st_mtime < USAGE_SECONDS:
            return FACTS
    with suppress(OSError):  # without it the next check reads it again
        asked.touch(mode=0o600)
    return (*FACTS, USAGE)


class Observe(Protocol):
    """Reads all nodes."""

    def __call__(self, *, meanwhile: Callable[[], object]) -> Observed:
        """Read, and call `meanwhile` while the nodes work."""


class Export(Protocol):
    """Hands on what a check saw."""

    def __call__(self, desired: Desired, observed: Observed, report: Report, /) -> object:
        """Hand it on."""


def check_cluster(
    desired: Callable[[], Desired],
    observe: Observe,
    redact: Callable[[str], str],
    *,
    selected: Collection[str] | None = None,
    save: Path | None = None,
    settle: float = SETTLE_SECONDS,
    state: Path | None = None,
    mutes: Callable[[], Iterable[Mute]] = tuple,
    export: Export | None = None,
) -> Report:
    """Read the whole cluster, because causes may be outside the selection, and report on the selected services.

    Args:
        desired: returns the desired state, with rendered files.
        observe: reads all nodes.
        redact: takes secrets out of one string; everything that was read passes through it.
        selected: keys of the services to report on; None for everything.
        save: file to write what was read to.
        settle: seconds after a start for which a service's runtime findings do not count.
        state: the cluster's state directory, where samples are kept from check to check; None to keep none.
        mutes: returns the mutes of the cluster, and is called at each check, because others may change them.
        export: gets the report without mutes and what it rests on.

    Raises:
        UsageError: the file cannot be written.
    """

    def ready() -> None:
        """Render, open the vault and load the checks: this third of a second passes while the nodes work."""
        import fatecloud.workflow.judging  # noqa: F401, PLC0415 - not before the nodes have been asked

        desired()
        redact("")

    read = observe(meanwhile=ready)
    from fatecloud.checks.muting import with_mutes  # noqa: PLC0415 - as above
    from fatecloud.workflow.judging import judged, noted  # noqa: PLC0415

    report, observed = judged(desired(), read, redact, settle=settle, selected=selected, save=save, state=state)
    if export is not None:
        export(desired(), observed, report)
    report = with_mutes(report, mutes())
    if state is not None and selected is None:
        noted(state, report)
    return report


def saved_facts(
    path: Path,
    cluster: Cluster,
    *,
    take: Callable[[Observed], object] = lambda _: None,
    meanwhile: Callable[[], object] = lambda: None,
) -> Observed:
    """What an earlier check saved.

    Args:
        path: a file of `check --save-facts`.
        cluster: the cluster that it must belong to.
        take: gets them, as it gets what nodes answer.
        meanwhile: called first, since there are no nodes to wait for.

    Raises:
        InputError: it cannot be read, is not a facts file, or belongs to another cluster.
    """
    from fatecloud.collect.record import observed_from_json  # noqa: PLC0415 - only where a file replaces the nodes

    meanwhile()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or 'not a text file'}") from None
    observed = observed_from_json(text, str(path))
    # By the id, because two clusters may have one name.
    if observed.notes.get("id") != cluster.id:
        theirs = f"{observed.notes.get('cluster')!r} (id {observed.notes.get('id')!r})"
        raise InputError(f"{path}: these are facts of cluster {theirs}, not of {cluster.name!r} (id {cluster.id!r})")
    take(observed)
    return observed
