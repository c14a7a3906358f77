"""The history of runs and the known clusters, as text and as data."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable, Iterator, Sequence

from fatecloud.model.history import KnownCluster, Logged, PastRun
from fatecloud.plain import plain, plain_lines
from fatecloud.report.envelope import moment
from fatecloud.report.kinds.run import ClusterEntry, Run, RunEntry, RunEvent
from fatecloud.report.wrap import table, wrapped

_RUN_TITLES = ("ID", "VERB", "WHO", "FROM", "STARTED", "TOOK", "CHANGED", "OUTCOME")
_CLUSTER_TITLES = ("ID", "NAME", "RUNS", "LAST RUN", "INVENTORY")


def runs_table(runs: Sequence[PastRun], width: int) -> str:
    """A line per run, the newest first."""
    if not runs:
        return "no runs are recorded here yet; start with fatecloud deploy"
    rows = [
        (run.id, run.verb, run.who, run.origin, _local(run.started), _took(run), str(run.changed), run.outcome)
        for run in runs
    ]
    return "\n".join(table([_RUN_TITLES, *rows], width))


def run_text(run: PastRun, events: Iterable[Logged], width: int) -> str:
    """One run: who, when, from where, what changed, and how it ended."""
    lines = [
        ("run", run.id),
        ("command", plain(shlex.join(run.argv))),
        ("by", f"{run.who} on {run.origin}"),
        ("started", _local(run.started)),
        ("ended", _local(run.ended) if run.ended is not None else "-"),
        ("took", _took(run)),
        ("outcome", run.outcome),
    ]
    return "\n".join([*table(lines, width), *_sections(tuple(events), width)])


def run_log(events: Iterable[Logged]) -> Iterator[str]:
    """Every event as a line, with its time."""
    for logged in events:
        event = logged.event
        where = event.service or event.node
        text = plain_lines(f"{where}: {event.text}" if where else event.text)
        # A text of a node may have several lines, which must not look like other events.
        yield f"{_local(logged.at)} {event.kind:<11} {text}".replace("\n", "\n    ")


def run_entry(run: PastRun) -> RunEntry:
    """A run as data for programs."""
    return {
        "id": run.id,
        "verb": run.verb,
        "who": run.who,
        "origin": run.origin,
        "argv": list(run.argv),
        "started": moment(run.started),
        "ended": moment(run.ended) if run.ended is not None else None,
        "outcome": run.outcome,
        "changed": run.changed,
    }


def run_document(run: PastRun, events: Iterable[Logged]) -> Run:
    """A run with everything that it reported."""
    return {**run_entry(run), "events": [_event(logged) for logged in events]}


def _event(logged: Logged) -> RunEvent:
    event = logged.event
    return {
        "time": moment(logged.at),
        "kind": event.kind,
        "text": event.text,
        "node": event.node,
        "service": event.service,
    }


def clusters_table(clusters: Sequence[KnownCluster], width: int) -> str:
    """A line per cluster."""
    if not clusters:
        return "this controller has not worked on a cluster yet; fatecloud init writes a first inventory"
    rows = [(one.id, one.name, _runs(one), _last(one.last), one.inventory or "-") for one in clusters]
    errors = [f"{one.id}: {plain(one.error)}" for one in clusters if one.error]
    return "\n".join([*table([_CLUSTER_TITLES, *rows], width), *errors])


def cluster_entry(cluster: KnownCluster) -> ClusterEntry:
    """A cluster as data for programs."""
    return {
        "id": cluster.id,
        "name": cluster.name,
        "inventory": cluster.inventory,
        "runs": cluster.runs,
        "last_run": run_entry(cluster.last) if cluster.last else None,
        "error": cluster.error,
    }


def _runs(cluster: KnownCluster) -> str:
    return "?" if cluster.error else str(cluster.runs)


def _sections(events: Sequence[Logged], width: int) -> Iterator[str]:
    changed = [logged.event for logged in events if logged.event.kind == "changed"]
    failed = [logged.event for logged in events if logged.event.kind in ("failed", "unreachable")]
    for title, found in (("changed", changed), ("failed", failed)):
        if found:
            yield f"{title}:"
            for event in found:
                where = event.service or event.node
                text = plain_lines(event.text)
                yield from wrapped(f"{where}: {text}" if where else text, width, "  ", "    ")


def _last(run: PastRun | None) -> str:
    return f"{run.verb} {run.outcome} {_local(run.started)}" if run else "-"


def _local(epoch: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(epoch))


def _took(run: PastRun) -> str:
    if run.ended is None:
        return "-"
    seconds = max(0, round(run.ended - run.started))
    return f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"  # noqa: PLR2004 - a minute
