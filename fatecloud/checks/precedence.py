"""What may explain a finding, and which explanation comes before which: one table, and a pure function for each row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from fatecloud.checks.codes import CHECK_CRASHED
from fatecloud.checks.edges import concerns, whole_way
from fatecloud.model.behind import services_behind
from fatecloud.model.check import Code
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding

_AT_ONCE = 5.0
"""Seconds. Of two things that began closer together, none counts as the earlier one."""


@dataclass(frozen=True)
class World:
    """What the rules know besides findings."""

    codes: Mapping[str, Code]
    desired: Desired
    lowered: Collection[str]
    """Ids of warnings that would be critical if other instances did not suffice."""

    def named(self, code: Code) -> frozenset[str]:
        """Codes that explain this one by name."""
        return frozenset(code.explained_by) | {name for name, other in self.explaining if code.name in other.explains}

    @cached_property
    def explaining(self) -> tuple[tuple[str, Code], ...]:
        """The codes that name others."""
        return tuple((name, other) for name, other in self.codes.items() if other.explains)

    def is_grave(self, cause: Finding, effect: Finding) -> bool:
        """Whether it is bad enough to explain the effect by its severity alone.

        One of several instances explains worse than itself where it is on the way of a request, which may have met it.
        """
        code = self.codes.get(effect.code)
        met = effect.severity == "warning" or (code is not None and code.far)
        return cause.severity == "critical" or (met and cause.id in self.lowered)

    def underlies(self, cause: Finding) -> bool:
        """Whether it explains worse things than itself."""
        return cause.code in self.codes and self.codes[cause.code].underlies

    def is_outward(self, cause: Finding) -> bool:
        """Whether it is about the route to another party alone."""
        return cause.code in self.codes and self.codes[cause.code].outward


@dataclass(frozen=True, slots=True)
class Part:
    """What a finding says about one neighbour, or about its own service (`about` is empty or its own key)."""

    effect: Finding
    code: Code
    about: str
    named: frozenset[str]
    """Codes that explain it by name."""
    neighbours: frozenset[str]
    """Keys of the services at the ends of the edges that it can be explained along."""
    their_nodes: frozenset[str]
    targets: frozenset[str]
    """Targets of these edges, managed or not."""
    reached: frozenset[str]
    """Nodes at the ends of all of the service's edges that it can be about."""

    @property
    def near(self) -> frozenset[str]:
        """The subjects of all findings that can explain it."""
        own = {str(self.effect.subject), self.effect.subject.node}
        return self.neighbours | self.their_nodes | self.reached | own


def part_of(effect: Finding, about: str, code: Code, world: World) -> Part:
    """One part of a finding, with everything that its rules ask for."""
    service = world.desired.services.get(effect.subject.service)
    edges = [edge for edge in service.edges if concerns(about, edge.target)] if service else []
    along = [e for e in edges if e.kind in code.explained_by or ("*" in code.explained_by and e.hard)]
    ends = [target.id for edge in along for target in services_behind(edge, world.desired)]
    if code.far and service:
        ends = whole_way(service, about, code.explained_by, world.desired)
    reached = {target.id.node for edge in edges for target in services_behind(edge, world.desired)}
    return Part(
        effect,
        code,
        about,
        world.named(code),
        frozenset(end.key for end in ends),
        frozenset(end.node for end in ends) - {effect.subject.node},
        frozenset(edge.target for edge in along),
        frozenset(reached),
    )


def _by_name(part: Part, cause: Finding, world: World) -> bool:
    """Its component says so."""
    del world
    nodes = {part.effect.subject.node, *(part.reached if part.about else ())}
    near = cause.subject == part.effect.subject or (not cause.subject.service and cause.subject.node in nodes)
    return cause.code in part.named and cause.severity != "unknown" and near and _overlap(cause, part.about)


def _own_node(part: Part, cause: Finding, world: World) -> bool:
    """The service's own node: its disk, its clock, its load, or a neighbour's name that does not resolve on it."""
    if cause.subject.service or cause.subject.node != part.effect.subject.node:
        return False
    if cause.about:
        return any(concerns(about, target) for about in cause.about.split() for target in part.targets)
    return "node" in part.code.explained_by and _breaks(cause, part, world)


def _wrong_value(part: Part, cause: Finding, world: World) -> bool:
    """The service's own settings lead elsewhere than to the neighbour, which then may be well."""
    about = cause.about.split()
    return (
        cause.subject == part.effect.subject
        and world.underlies(cause)
        and any(concerns(one, target) for one in about for target in part.targets)
    )


def _neighbour(part: Part, cause: Finding, world: World) -> bool:
    """A neighbour is down, seen over the edge that the finding is about."""
    return (
        cause.subject.service in part.neighbours
        and world.is_grave(cause, part.effect)
        and not world.is_outward(cause)
        # What a neighbour says of its edge to this service never explains that this service itself is down.
        and not ("*" in part.code.explained_by and _blames(cause, part.effect.subject.service, world))
    )


def _own_files(part: Part, cause: Finding, world: World) -> bool:
    """The files of its service were changed, are gone, or are newer than what it runs with."""
    own = part.effect.subject
    follows = part.code.settles or "configuration" in part.code.explained_by
    return (
        bool(own.service)
        and cause.subject == own
        and world.underlies(cause)
        and part.effect.severity == "critical"
        and follows
        and not part.code.underlies
    )


def _their_node(part: Part, cause: Finding, world: World) -> bool:
    """The neighbour's node, where nothing is known of the neighbour itself."""
    return not cause.subject.service and cause.subject.node in part.their_nodes and _breaks(cause, part, world)


def _their_files(part: Part, cause: Finding, world: World) -> bool:
    """The files of the neighbour were changed, and nothing else is wrong with it."""
    return cause.subject.service in part.neighbours and world.underlies(cause)


def _burdened_node(part: Part, cause: Finding, world: World) -> bool:
    """A node that has too much to do, or whose own files were changed: it hinders a service, and seldom stops one."""
    own = "node" in part.code.explained_by and cause.subject.node == part.effect.subject.node
    there = own or cause.subject.node in part.their_nodes
    return there and not cause.subject.service and not cause.about and world.underlies(cause)


def _not_read(part: Part, cause: Finding, world: World) -> bool:
    """The neighbour or its node could not be looked at. A defect of a check of ours says nothing about it."""
    del world
    there = str(cause.subject) in part.neighbours | part.their_nodes
    return there and cause.severity == "unknown" != part.effect.severity and cause.code != CHECK_CRASHED.name


Rule = Callable[[Part, Finding, World], bool]
PRECEDENCE: tuple[Rule, ...] = (
    _by_name,
    _own_node,
    _wrong_value,
    _neighbour,
    _own_files,
    _their_node,
    _their_files,
    _burdened_node,
    _not_read,
)
"""Of the explanations of one part, only those of the first row that has any count."""


def place(part: Part, cause: Finding, world: World) -> int | None:
    """The first row of the table by which a finding explains a part of another one; None if it does not.

    What began after the effect did not cause it. Only times of one node are compared: clocks differ.
    """
    effect = part.effect
    if cause.id == effect.id:
        return None
    timed = cause.began is not None and effect.began is not None and cause.subject.node == effect.subject.node
    if timed and (cause.began or 0.0) > (effect.began or 0.0) + _AT_ONCE:
        return None
    # What someone did to a service by hand, no other fault did.
    rules = PRECEDENCE[:1] if part.about and part.about == effect.subject.service else PRECEDENCE
    return next((number for number, rule in enumerate(rules) if rule(part, cause, world)), None)


def _breaks(cause: Finding, part: Part, world: World) -> bool:
    """Whether a node's finding is about what stops its services."""
    return world.is_grave(cause, part.effect) and not world.underlies(cause)


def _blames(cause: Finding, service: str, world: World) -> bool:
    """Whether a finding is about one kind of edge, and such an edge leads from its own service to this one."""
    source, code = world.desired.services.get(cause.subject.service), world.codes.get(cause.code)
    if source is None or code is None:
        return False
    abouts = cause.about.split() or [""]
    named = [e for e in source.edges if e.kind in code.explained_by and any(concerns(a, e.target) for a in abouts)]
    return any(target.id.key == service for edge in named for target in services_behind(edge, world.desired))


def _overlap(cause: Finding, about: str) -> bool:
    """Whether a finding of the same service is about one neighbour, too; one about the service itself always is."""
    parts = cause.about.split()
    if not about or not parts or cause.subject.service in parts:
        return True
    return any(concerns(about, part) or concerns(part, about) for part in parts)
