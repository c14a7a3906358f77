"""What an import of a model would change at each service, and why it is refused. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fatecloud.artifacts.trained.listing import Listing
from fatecloud.errors import ModelRefused, Refused
from fatecloud.model.model_change import Step
from fatecloud.model.serving import GUEST
from fatecloud.model.trained import HeldPart, ModelPart, Reason


@dataclass(frozen=True, slots=True)
class Place:
    """A service that takes models, and what it holds now."""

    key: str
    owner: str
    version: str
    party: str
    binds: bool
    held: Sequence[HeldPart]


def changes(listing: Listing, places: Sequence[Place], service: str, *, named: bool) -> list[Step]:
    """What is to be done, in order: hosts have a version before a guest's requests name it to them.

    Args:
        listing: of the archive.
        places: services of the owners that are to get it, all of them of the component that it needs.
        service: id for the guest's part; empty for none.
        named: whether the operator named these owners, so that each of them has to get a part.

    Raises:
        ModelRefused: it is not for these services, or they hold something else under its name.
    """
    parties = {one.part.party for one in listing.parts}
    meant = [place for place in places if place.party in parties]
    others = [place for place in places if place.party not in parties]
    if not meant or (named and others):
        theirs = ", ".join(str(one.part) for one in listing.parts)
        here = f"party {others[0].party}" if others[0].party else "without the number of a party"
        raise ModelRefused(
            Reason.PARTY,
            f"it has parts of {theirs}, and {others[0].owner} is {here}",
            remedy="import the archive that the operator of that party has exported",
        )
    for place in meant:
        if refused := listing.needs.refusal(listing.needs.component, place.version):
            raise ModelRefused(Reason.NEEDS, f"{place.key}: {refused}", remedy=origin(listing))
    steps = [step for place in meant for step in _steps(listing, place, service)]
    return sorted(steps, key=lambda step: (bool(step.service), step.part.role == GUEST, step.key))


def _steps(listing: Listing, place: Place, service: str) -> list[Step]:
    held = {one.part: one for one in place.held}
    steps = []
    for one in (one for one in listing.parts if one.part.party == place.party):
        now = held.get(one.part)
        if now and now.sha256 != one.sha256:
            raise ModelRefused(
                Reason.OTHER,
                f"{place.key} has another model under the name of version {one.part.version} of {one.part}",
                remedy="one version has one content: find out which of the two is the right one, and remove the other",
            )
        if not now:
            steps.append(Step(place.key, one.part, one.size))
        if place.binds and service and one.part.role == GUEST and not (now and service in now.services):
            steps.append(Step(place.key, one.part, 0, service, _leads_to(place.held, service)))
    return steps


def _leads_to(held: Sequence[HeldPart], service: str) -> ModelPart | None:
    return next((one.part for one in held if service in one.services), None)


def backwards(places: Sequence[Place], former: Mapping[str, ModelPart | None], service: str) -> list[Step]:
    """What lets a service id lead to what it led to before.

    Args:
        places: services whose applications use the service id.
        former: key of a service -> what it noted.
        service: the service id.

    Raises:
        Refused: nothing is noted, or the services noted different things, or do not have it any more.
    """
    noted = {key: former.get(key) for key in (place.key for place in places)}
    if lost := [key for key, part in noted.items() if part is None]:
        raise Refused(
            f"{lost[0]} has no note of what {service} led to before",
            remedy="fatecloud model import FILE of the version that you want",
        )
    if len(set(noted.values())) > 1:
        words = "; ".join(f"{key}: version {part.version if part else ''}" for key, part in sorted(noted.items()))
        raise Refused(f"{service} led to different versions: {words}", remedy="import one of them to all")
    steps = []
    for place in places:
        part = noted[place.key]
        if part is None or part.party != place.party or part not in [one.part for one in place.held]:
            raise Refused(
                f"{place.key} does not have version {part.version if part else ''} any more",
                remedy="fatecloud model import FILE of that version",
            )
        before = _leads_to(place.held, service)
        if before != part:
            steps.append(Step(place.key, part, 0, service, before))
    return steps


def origin(listing: Listing) -> str:
    """Where an archive came from, for people."""
    return f"it came from {listing.release} ({listing.origin})"
