"""When a file system will be full, and which service's files grow fastest there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from fatecloud.checks.node import disks, make_room, node_finding
from fatecloud.model.check import Code, NodeView, node_check
from fatecloud.model.desired import DesiredService
from fatecloud.model.duration import duration_text
from fatecloud.model.finding import Finding
from fatecloud.model.layout import logs_of
from fatecloud.model.remedy import Edit, Remedy
from fatecloud.model.residues import JOB, Residue
from fatecloud.model.samples import seconds_until, slope
from fatecloud.model.sizes import size_text

DAY = 86400.0
HORIZON = 7 * DAY
"""Seconds: long enough to order a disk, or to agree what may go."""
SPAN = 6 * 3600.0
"""Seconds that samples must span: a job, or a deploy, writes a lot for an hour or two and then no more."""
_SHOWN = 3

FILLING = Code(
    "NODE_DISK_FILLING", "warning", "A file system that services write to will be full within days.", settles=False
)


@dataclass(frozen=True, slots=True)
class Grower:
    """Files of a service that grow: all whose names differ in digits only."""

    service: str
    path: str
    """With `N` for each number."""
    rate: float
    """Bytes per second."""
    size: float
    """Bytes now."""
    residue: Residue | None
    """What the service leaves behind there, and is removed by age."""

    @property
    def text(self) -> str:
        """In one line."""
        known = f" ({self.residue.what}, removed after {self.residue.days} days)" if self.residue else ""
        return f"{self.service} {self.path}{known}: {size_text(self.rate * DAY)} a day, {size_text(self.size)} now"


def rooms(view: NodeView) -> dict[str, float]:
    """What is left on each file system, and what the services' files take: the samples of the check."""
    found = {_left(mount): float(disk["available"]) for mount, (disk, _) in disks(view).items()}
    if view.facts.fact("usage").ok:
        for key, places in sorted(view.fact("usage").items()):
            for kind, place in sorted(places.items()):
                for name, entry in (place or {"entries": {}})["entries"].items():
                    found[_taken(key, kind, name)] = float(entry["bytes"])
    return found


@node_check(FILLING, after=("NODE_DISK_FULL", "NODE_DISK_READONLY"), samples=rooms)
def disk_lasts(view: NodeView) -> Iterator[Finding]:
    """No file system that services write to will be full within days, at the rate of the latest samples."""
    soon = {}
    for mount, (_, paths) in disks(view).items():
        left = seconds_until(view.history(_left(mount)), 0, span=SPAN)
        if left is not None and left < HORIZON:
            soon[mount] = (left, paths)
    if not soon:
        return
    growing = sorted((g for _, paths in soon.values() for g in _growers(view, paths)), key=lambda g: -g.rate)[:_SHOWN]
    first = min(soon, key=lambda mount: soon[mount][0])
    yield node_finding(
        view,
        FILLING,
        "; ".join(f"{mount} will be full in about {duration_text(left)}" for mount, (left, _) in soon.items()),
        cause=f"{growing[0].service} writes most, in {growing[0].path}"
        if growing
        else "no service of fatecloud grows on it: something else writes there",
        remedy=(
            *_settings(view, growing),
            *make_room(view, soon[first][1][0]),
        ),
        expected=f"room for at least {duration_text(HORIZON)} at the rate of the latest samples",
        got=duration_text(soon[first][0]),
        evidence=tuple(grower.text for grower in growing),
        source="fact disk, now and earlier",
    )


def _growers(view: NodeView, paths: list[str]) -> Iterator[Grower]:
    """What grows in the services' directories below these paths."""
    places = view.desired.node(view.facts.node).paths
    kinds = [kind for kind, path in (("data", places.data), ("logs", places.logs)) if path in paths]
    for service in view.desired.on_node(view.facts.node):
        for kind in kinds:
            for name, samples in view.histories(_taken(service.id.key, kind, "")).items():
                rate = slope(samples)
                if rate and rate > 0:
                    residue = _residue(view, service, kind, name)
                    yield Grower(service.id.key, f"{kind}/{name}", rate, samples[-1].value, residue)


def _residue(view: NodeView, service: DesiredService, kind: str, name: str) -> Residue | None:
    """What the service leaves behind under a name in its data or logs, `N` standing for any number."""
    root = service.data if kind == "data" else logs_of(view.desired.node(view.facts.node), service.id)
    for residue in service.residues:
        first = residue.path.removeprefix(f"{root}/").partition("/")[0].replace(JOB, residue.jobs)
        if residue.path.startswith(f"{root}/") and fnmatchcase(name.replace("N", "0"), first):
            return residue
    return None


def _settings(view: NodeView, growing: Sequence[Grower]) -> Iterator[Remedy]:
    """The setting by which the first of what grows would be kept for a shorter time."""
    for grower in growing[:1]:
        if grower.residue:
            component = view.desired.services[grower.service].id.component
            yield Edit(f"set residues.days of {component} to less than {grower.residue.days}, then deploy")


def _left(mount: str) -> str:
    return f"left on {mount}"


def _taken(service: str, kind: str, name: str) -> str:
    return f"{service} {kind}/{name}"
