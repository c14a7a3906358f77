"""`check`: read every node and service, judge, and keep what was read where it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fatecloud.errors import InputError

if TYPE_CHECKING:  # what is only spoken of here is loaded by who makes it, once the nodes have been asked
    from fatecloud.model.cluster import Cluster
    from fatecloud.model.desired import Desired
    from fatecloud.model.finding import Report
    from fatecloud.model.observed import Observed

FACTS = ("clock", "data", "disk", "files", "identity", "lease", "listeners", "logs", "manifest", "memory", "services")
"""All that the checks of a running cluster read. Preflight and plan need more, for which a node starts programs."""
SETTLE_SECONDS = 30.0
"""How long after a start by a run of ours a service may take before its runtime findings count."""


class Observe(Protocol):
    """Reads all nodes."""

    def __call__(self, *, meanwhile: Callable[[], object]) -> Observed:
        """Read, and do what is handed over while the nodes work."""


def check_cluster(
    desired: Callable[[], Desired],
    observe: Observe,
    redact: Callable[[str], str],
    *,
    selected: Collection[str] | None = None,
    save: Path | None = None,
) -> Report:
    """Look at the whole cluster, for causes may lie outside the selection, and report on the selected services.

    Args:
        desired: gives what should be, with rendered files.
        observe: reads all nodes.
        redact: takes secrets out of one string; nothing that was read goes further without it.
        selected: keys of the services to report on; None for everything.
        save: file to write what was read to.

    Raises:
        UsageError: the file cannot be written.
    """

    def ready() -> None:
        """Render, open the vault and load the checks: a third of a second that the nodes' work hides."""
        import fatecloud.workflow.judging  # noqa: F401, PLC0415 - not before the nodes have been asked

        desired()
        redact("")

    read = observe(meanwhile=ready)
    from fatecloud.workflow.judging import judged  # noqa: PLC0415 - as above

    return judged(desired(), read, redact, settle=SETTLE_SECONDS, selected=selected, save=save)


def saved_facts(path: Path, cluster: Cluster, *, meanwhile: Callable[[], object] = lambda: None) -> Observed:
    """What an earlier check saved.

    Args:
        path: a file of `check --save-facts`.
        cluster: that it must be of.
        meanwhile: done first; here there is nothing to wait for.

    Raises:
        InputError: it cannot be read, is no facts file, or is one of another cluster.
    """
    from fatecloud.collect.record import observed_from_json  # noqa: PLC0415 - only where a file takes the nodes' place

    meanwhile()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or 'not a text file'}") from None
    observed = observed_from_json(text, str(path))
    if observed.notes.get("id") != cluster.id:
        theirs = f"{observed.notes.get('cluster')!r} (id {observed.notes.get('id')!r})"
        raise InputError(f"{path}: these are facts of cluster {theirs}, not of {cluster.name!r} (id {cluster.id!r})")
    return observed
