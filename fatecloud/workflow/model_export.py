"""`model export`: what a Serving or a flow holds of one model, in one archive that is signed with the cluster's key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from fatecloud.artifacts.trained.archive import write_archive
from fatecloud.artifacts.trained.content import files_of
from fatecloud.artifacts.trained.listing import ListedPart, Listing, listed, listing_of
from fatecloud.errors import ModelRefused, NoMatch, SecretsError, UsageError
from fatecloud.model.event import Event, Listener
from fatecloud.model.sizes import size_text
from fatecloud.model.steps import numbers
from fatecloud.model.trained import Asked, HeldPart, ModelPart, Reason, Roles, roles_in
from fatecloud.signing.keys import SigningKey
from fatecloud.signing.sshsig import MODEL, signed
from fatecloud.vault.signing_keys import signing_key
from fatecloud.workflow.deployed import require_deployed
from fatecloud.workflow.model_holders import Source, sources_of
from fatecloud.workflow.secrets import SecretsFiles, open_vault
from fatecloud.workflow.service_commands import ServiceCommands
from fatecloud.workflow.session import Session


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which model: the one with a service id, or a version of one by its id."""

    service: str = ""
    model: str = ""
    version: str = ""

    def of(self, party: str) -> Asked:
        """The question for the parts of a party."""
        return Asked(party, self.service, self.model, self.version)

    def __str__(self) -> str:
        return f"service id {self.service}" if self.service else f"version {self.version} of model {self.model}"


Found = tuple[Source, HeldPart]


def wanted_model(service: str, model: str, version: str) -> Wanted:
    """What was typed. Raises UsageError."""
    if bool(service) == bool(model or version) or bool(model) != bool(version):
        raise UsageError(
            "name one model",
            remedy="use --service-id ID, or both --model-id ID and --model-version VERSION",
        )
    return Wanted(service, model, version)


def export_model(
    session: Session, wanted: Wanted, target: Path, owners: Sequence[str], *, deadline: float, events: Listener
) -> str:
    """Write the archive of a model. Nothing is changed on any node.

    Args:
        target: the file.
        owners: only of these parties and groups; empty for all.
        deadline: seconds for each node to answer.

    Returns:
        What was written, for people.

    Raises:
        NoMatch: no service here has the model.
        ModelRefused: what it has is not a whole model, or differs between services.
        SecretsError: there is no key to sign with.
        InputError: the file cannot be written.
        RunError: a node could not be read.
    """
    key = _key(session)
    if not target.absolute().parent.is_dir():
        raise UsageError(f"cannot write {target}: there is no such directory")
    with ServiceCommands(session) as commands:
        sources = sources_of(session, commands, owners)
        there = require_deployed(session, [source.service.id.key for source in sources], deadline)
        sources = [source for source in sources if source.service.id.key in there]
        found = _found(sources, wanted, events)
        contents = {held.part: source.models.content(held) for source, held in found}
    listing = _listing(session, found, contents, wanted.service)
    write_archive(target, listing, contents, partial(signed, namespace=MODEL, key=key))
    return _text(target, listing, key.public.fingerprint)


def _key(session: Session) -> SigningKey:
    options = session.options
    files = SecretsFiles(options.inventory, options.secrets, options.vault_password_file)
    key = signing_key(open_vault(files, prompt=session.vault.ask).read())
    if key is None:
        raise SecretsError(f"{files.vault}: has no signing key yet", remedy="fatecloud secrets init")
    return key


def _found(sources: Sequence[Source], wanted: Wanted, events: Listener) -> list[Found]:
    """One of the services that hold each part."""
    found = list(_held(sources, wanted))
    if not found:
        raise NoMatch(f"no service here has {wanted}", remedy="`fatecloud serving models` lists what servers have")
    names = {(held.part.model, held.part.version) for _, held in found}
    if len(names) > 1:
        where = "; ".join(f"{source.service.id.key}: version {held.part.version}" for source, held in found)
        raise ModelRefused(Reason.VERSION, f"{wanted} is not one model: {where}", remedy="name one with --owner")
    ((model, version),) = names
    # A service id is the guest's alone: the parts of its hosts have the same id and version.
    found = list(_held(sources, Wanted(model=model, version=version)))
    _same_everywhere(found)
    first: dict[ModelPart, Found] = {}
    for source, held in found:
        first.setdefault(held.part, (source, held))
    for source in sources:
        lacks = [part for part, (of, _) in first.items() if of.service.id.owner == source.service.id.owner]
        if lacks and not any(other is source for other, _ in found):
            events(Event("note", f"{source.service.id.key} does not have it"))
    return [first[part] for part in sorted(first)]


def _held(sources: Sequence[Source], wanted: Wanted) -> Iterable[Found]:
    for source in sources:
        yield from ((source, held) for held in source.models.held(wanted.of(source.party)))


def _same_everywhere(found: Sequence[Found]) -> None:
    by_part: dict[ModelPart, Found] = {}
    for source, held in found:
        other, first = by_part.setdefault(held.part, (source, held))
        if not held.sha256 or first.sha256 != held.sha256:
            raise ModelRefused(
                Reason.OTHER,
                f"the part of {held.part} in {source.service.id.key} is not the one in {other.service.id.key}"
                if held.sha256
                else f"the part of {held.part} in {source.service.id.key} has a file that cannot be used",
                remedy=f"fatecloud check {source.service.id.key}",
            )


def _listing(session: Session, found: Sequence[Found], contents: dict[ModelPart, bytes], service: str) -> Listing:
    source, held = found[0]
    parts = [_listed(source, held, contents[held.part]) for source, held in found]
    needs = {source.models.needs.component for source, _ in found}
    if len(needs) > 1:
        raise UsageError(f"its parts are for {' and '.join(sorted(needs))}", remedy="name one of them with --owner")
    newest = max((source.models.needs for source, _ in found), key=lambda one: numbers(one.since))
    own: Roles = {one.part.role: (one.part.party,) for one in parts}
    listing = Listing(
        model=held.part.model,
        version=held.part.version,
        service=service,
        # Flow 2 names no parties in the id of a model.
        roles=roles_in(held.part.model) or own,
        parts=tuple(parts),
        release=session.resolved.releases[source.service.id.owner].name,
        origin=f"{source.service.id.component} {source.service.version}",
        needs=replace(newest),
    )
    # An archive that no one could read is none.
    return listing_of(listing.octets)


def _listed(source: Source, held: HeldPart, content: bytes) -> ListedPart:
    what = f"the part of {held.part} in {source.service.id.key}"
    files = files_of(content, what)
    found = listed(held.part, content, files, source.models.judge(held.part, files))
    if found.sha256 != held.sha256:
        raise ModelRefused(Reason.OTHER, f"{what} changed while it was read", remedy="run it again")
    return found


def _text(target: Path, listing: Listing, signer: str) -> str:
    lines = [f"{target}: version {listing.version} of model {listing.model}, signed by {signer}"]
    lines += [f"  {one.part}: {size_text(one.size)}: {', '.join(one.components)}" for one in listing.parts]
    there = {(one.part.role, one.part.party) for one in listing.parts}
    others = [f"{role} {party}" for role, all_ in listing.roles.items() for party in all_ if (role, party) not in there]
    lines += [f"  not in it: {', '.join(others)}: their own operators export theirs"] if others else []
    return "\n".join([*lines, f"  for {listing.needs.component} {listing.needs.since} or newer"])
