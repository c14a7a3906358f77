"""Who gives each service what it needs inside another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from fatecloud.model.component import Component
from fatecloud.model.contribution import Contribution, Given
from fatecloud.model.wanted import Wanted
from fatecloud.resolve.context import ResolveContext


@dataclass(frozen=True, slots=True)
class Unmet:
    """A contribution that cannot be made."""

    contribution: Contribution
    why: str
    expected: str
    word: str = ""
    """What was asked for, where it may be a wrong word; empty where it is none."""
    words: tuple[str, ...] = ()
    """The valid ones."""


def gather(
    contexts: Iterable[ResolveContext], components: Mapping[str, Mapping[str, Component]]
) -> tuple[tuple[Given, ...], tuple[Unmet, ...]]:
    """Ask every service what it needs, and find who gives it.

    Args:
        contexts: of all services.
        components: of each owner's release, by the owner's id.

    Returns:
        What is given, in the order of services, and what cannot be.
    """
    kinds = {kind.kind: one.name for known in components.values() for one in known.values() for kind in one.gives}
    given: list[Given] = []
    unmet: list[Unmet] = []
    taken: dict[tuple[str, str], Contribution] = {}
    for context in contexts:
        for wish in context.component.requires(context):
            found = _givers(context, wish, kinds)
            if isinstance(found, Unmet):
                unmet.append(found)
                continue
            given += found
            # Two owners may name one external server, and their accounts must not be the same there.
            place = str(found[0].external.endpoint) if found[0].external else found[0].giver
            others = {claim: taken.setdefault((place, claim), wish) for claim in wish.claims}
            unmet += [_both(other, wish, claim, place) for claim, other in others.items() if other is not wish]
    return tuple(given), tuple(unmet)


def _both(first: Contribution, second: Contribution, claim: str, place: str) -> Unmet:
    what = f"{first.service} and {second.service} both want the {claim} at {place}"
    return Unmet(second, what, "another name for one of them, or a server for each")


def _givers(context: ResolveContext, wish: Contribution, kinds: Mapping[str, str]) -> tuple[Given, ...] | Unmet:
    """At least one."""
    what = f"{wish.service} needs a {wish.kind} ({wish.name})"
    if wish.kind not in kinds:
        return Unmet(wish, f"{what}, and no component gives such a thing", "", wish.kind, tuple(kinds))
    name = kinds[wish.kind]
    external = context.external(name)
    if external is not None:
        return (Given(wish, f"external:{name}", external),)
    services = context.services(name)
    if not services:
        return Unmet(
            wish, f"{what}, and there is no {name} for it", f"{name} among the services of {context.owner.title}"
        )
    # The first in order, which is the same in every plan.
    giving = services if wish.everywhere else services[:1]
    return tuple(Given(wish, service.key) for service in giving)


def examined(context: ResolveContext, wanted: Wanted) -> Wanted:
    """What a service wants, with what asks the external services that it needs something in."""
    mine: dict[str, list[Given]] = {}
    for one in context.given:
        if one.external is not None and one.contribution.service == context.id.key:
            mine.setdefault(one.giver, []).append(one)
    for giver, given in mine.items():
        known = context.components[context.id.owner][giver.partition(":")[2]]
        use, external = known.external, given[0].external
        if use is not None and external is not None:
            more = use.examine(context, external, tuple(one.contribution for one in given))
            wanted = replace(wanted, files=wanted.files + more.files, probes=wanted.probes + more.probes)
    return wanted
