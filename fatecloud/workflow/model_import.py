"""`model import`, `model back`: verifies an archive and loads it; lets a service id lead to a former version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from fatecloud.artifacts.trained.archive import Contents, opened
from fatecloud.artifacts.trained.listing import Listing
from fatecloud.errors import ModelRefused, NoMatch, NotTrusted, UsageError
from fatecloud.model.model_change import ModelChange
from fatecloud.model.serving import GUEST, HOST
from fatecloud.model.trained import Asked, Reason, roles_in
from fatecloud.signing.sshsig import MODEL
from fatecloud.workflow.acceptance import Acceptance, accept_text
from fatecloud.workflow.changing import Changing, read_free
from fatecloud.workflow.deployed import FACTS, deployed_of
from fatecloud.workflow.model_changes import Place, backwards, changes, origin
from fatecloud.workflow.model_doing import Doing, Way
from fatecloud.workflow.model_holders import Target, targets_of
from fatecloud.workflow.observe import observe
from fatecloud.workflow.service_commands import ServiceCommands
from fatecloud.workflow.session import Session


@dataclass(frozen=True, slots=True)
class Verified:
    """An archive that is all that it says."""

    listing: Listing
    contents: Contents


def verified(file: Path, given: Acceptance, way: Way, today: date) -> Verified:
    """Read an archive: its list, who signed it, and then every file in it.

    Raises:
        ModelRefused: it is not what it says.
        NotTrusted: it is not signed, or its key is unknown or has expired.
        ArtifactError: its signature is not one of its list.
        InputError: it cannot be read.
    """
    with opened(file) as archive:
        if not archive.signature:
            raise NotTrusted(
                f"{file} is not signed", remedy="ask its sender for the archive as `fatecloud model export` wrote it"
            )
        signer = accept_text(file, archive.signature, archive.octets, MODEL, given, way.say, today)
        contents = archive.contents()
    way.say(f"{file}: version {archive.listing.version} of model {archive.listing.model}, signed by {signer}")
    return Verified(archive.listing, contents)


def import_model(session: Session, found: Verified, service: str, way: Way) -> ModelChange:
    """Load a verified model into the services that it is for.

    Args:
        service: id that is to lead to the guest's part; empty for the one that the archive names.

    Raises:
        ModelRefused: it is not for these services; nothing was changed.
        Refused: the operator said no.
        Locked: a run holds a node.
        FatecloudError: a service did not take it; what was done before is taken back as far as that is possible.
    """
    listing = found.listing
    service = service or listing.service
    with ServiceCommands(session) as commands:
        targets = _fitting(targets_of(session, commands, way.owners), listing)
        _judge(targets[0], found)
        targets = _deployed(session, targets, way.changing)
        steps = changes(listing, [_place(target, listing) for target in targets], service, named=bool(way.owners))
        notes = tuple(_notes(listing, targets, service))
        for line in notes:
            way.say(line)
        what = f"import version {listing.version} of model {listing.model}, from {listing.release}"
        done = Doing(session, targets, listing.roles, found.contents).do(what, steps, way)
    return ModelChange("import", service, steps, done, notes)


def go_back(session: Session, service: str, way: Way) -> ModelChange:
    """Let a service id lead to what it led to before the last import, or before this verb was last run.

    Raises:
        UsageError: no service here can have service ids.
        NoMatch: none has this one.
        Refused: there is nothing to go back to, or the operator said no.
        Locked: a run holds a node.
        FatecloudError: a service did not do it.
    """
    with ServiceCommands(session) as commands:
        binding = [target for target in targets_of(session, commands, way.owners) if target.models.binds]
        if not binding:
            raise UsageError("no service here has models with service ids")
        every = [(target, _place(target)) for target in _deployed(session, binding, way.changing)]
        owners = {p.owner for _, p in every if any(service in held.services for held in p.held)}
        meant = [(target, place) for target, place in every if place.owner in owners]
        if not meant:
            raise NoMatch(f"no service here has the service id {service!r}")
        former = {place.key: target.models.former(service) for target, place in meant}
        steps = backwards([place for _, place in meant], former, service)
        roles = roles_in(steps[0].part.model) if steps else {}
        doing = Doing(session, [target for target, _ in meant], roles, {})
        done = doing.do(f"let service id {service} lead to its former version", steps, way)
    return ModelChange("back", service, steps, done)


def _fitting(targets: Sequence[Target], listing: Listing) -> list[Target]:
    """Those of the component that the model needs."""
    fitting = [target for target in targets if target.service.id.component == listing.needs.component]
    if not fitting:
        there = targets[0].service
        raise ModelRefused(
            Reason.NEEDS, listing.needs.refusal(there.id.component, there.version), remedy=origin(listing)
        )
    return fitting


def _deployed(session: Session, targets: Sequence[Target], changing: Changing) -> list[Target]:
    """The services that are there, once no run holds their nodes."""
    keys = [target.service.id.key for target in targets]
    nodes = {target.service.id.node for target in targets}
    read = partial(observe, session, probes=False, nodes=nodes, want=FACTS, deadline=changing.deadline)
    there = deployed_of(session.resolved, read_free(session, read, nodes, changing), keys, changing.ui)
    return [target for target in targets if target.service.id.key in there]


def _notes(listing: Listing, targets: Sequence[Target], service: str) -> Iterator[str]:
    """What else a prediction needs."""
    guests = {one.part.party for one in listing.parts if one.part.role == GUEST}
    numbers = {target.party for target in targets}
    if not targets[0].models.binds or not guests & numbers:
        return
    if not service:
        yield "no service id will lead to it: give it one with --service-id ID"
    if away := [party for party in listing.roles.get(HOST, ()) if party not in numbers]:
        yield f"a request needs this version at host {', '.join(away)} too: its operator imports that part first"


def _judge(target: Target, found: Verified) -> None:
    """What its files say of themselves agrees with the list."""
    for one in found.listing.parts:
        made_of = target.models.judge(one.part, found.contents[one.part][1])
        if made_of != one.components:
            raise ModelRefused(
                Reason.COMPONENTS,
                f"the part of {one.part} is made of {', '.join(made_of)}, and its list says otherwise",
            )


def _place(target: Target, listing: Listing | None = None) -> Place:
    """What a service holds; one without a list of its models is asked for those of an archive."""
    ident, models = target.service.id, target.models
    held = models.all(target.party)
    if listing and not models.binds:
        held = models.held(Asked(target.party, model=listing.model, version=listing.version))
    return Place(ident.key, ident.owner, target.service.version, target.party, models.binds, held)
