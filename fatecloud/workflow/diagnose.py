"""`diagnose`: holds our export against the partner's, and gives our own names back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from fatecloud import catalogue
from fatecloud.checks.diagnosis import diagnose
from fatecloud.errors import InputError, NotTrusted, UsageError
from fatecloud.inventory import load
from fatecloud.model.cluster import Cluster
from fatecloud.model.diagnosis import Diagnosis, Side
from fatecloud.model.export import Export
from fatecloud.plain import plain_lines
from fatecloud.signing.trust import TrustedKey
from fatecloud.state.directory import place_of
from fatecloud.state.pseudonyms import FILE, pseudonyms
from fatecloud.workflow.acceptance import keys_of_peer
from fatecloud.workflow.export_file import ReadExport, read_export
from fatecloud.workflow.key import own_keys
from fatecloud.workflow.secrets import SecretsFiles

_MOST = 1 << 20
"""Bytes of a text in which names are put in."""


def diagnose_files(
    files: SecretsFiles, ours: Path, theirs: Path | None, state_dir: Path | None, now: float
) -> Diagnosis:
    """Whose side is at fault.

    Args:
        files: the inventory, whose key has to have signed `ours`.
        ours: our export.
        theirs: the partner's; None as long as there is none.
        now: this machine's clock.

    Raises:
        InputError: a file is not an export, or the two are not of two sides.
        ArtifactError: a signature is not one of its content.
        NotTrusted: ours is not signed by this cluster, or theirs by another key than the peer's.
        SecretsError: the vault cannot be opened.
    """
    cluster = load(files.inventory)
    own = [TrustedKey(key.fingerprint, "this cluster", until) for key, until in own_keys(files)]
    today = datetime.fromtimestamp(now, UTC).date()
    here, there = read_export(ours), read_export(theirs) if theirs is not None else None
    if _owner(here, own, today) is None:
        found = here.signature.key.fingerprint
        raise NotTrusted(
            f"{ours} is signed by {found}, which is not a key of this cluster",
            remedy="name your own export first, then the partner's: fatecloud diagnose OURS THEIRS",
        )
    restored = pseudonyms(place_of(cluster.id, state_dir)).restored
    first = here.export(restored)
    second = there.export() if there else None
    sides = [_side(here, first, "this cluster", now, ours=True)]
    if there is not None and second is not None:
        _refuse_strangers(ours, first, there.file, second)
        sides.append(_side(there, second, _trusted(there, first.partner, cluster, own, today), now, ours=False))
    return diagnose(first, second, tuple(sides), apart(first, second) if second else "")


def apart(ours: Export, theirs: Export) -> str:
    """Why the releases of two sides run no job together, by the catalogue; empty if nothing is known against it."""
    here, there = ours.releases.get(theirs.partner, ""), theirs.releases.get(ours.partner, "")
    known = catalogue.names()
    reasons = (
        catalogue.load(one).apart_from(catalogue.load(other).fate if other in known else other.partition("-")[2])
        for one, other in ((here, there), (there, here))
        if one in known
    )
    return next(filter(None, reasons), "")


def in_our_names(inventory: Path, state_dir: Path | None, file: Path) -> str:
    """A text, such as a partner's letter, with our names in the place of our pseudonyms.

    Raises:
        InputError: it cannot be read, or is larger than 1 MiB.
        UsageError: there are no pseudonyms here yet.
    """
    cluster = load(inventory)
    try:
        with file.open("rb") as stream:
            content = stream.read(_MOST + 1)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from None
    if len(content) > _MOST:
        raise InputError(f"{file}: larger than {_MOST:,} bytes")
    directory = place_of(cluster.id, state_dir)
    known = pseudonyms(directory)
    if not known.names:
        raise UsageError(
            f"no export of this cluster was made here yet: {directory / FILE} has no names",
            remedy="name the state directory of the controller that made it with --state-dir",
        )
    return known.restored(plain_lines(content.decode(errors="replace")))


def _side(read: ReadExport, export: Export, trusted: str, now: float, *, ours: bool) -> Side:
    return Side(
        parties=export.parties,
        ours=ours,
        fingerprint=read.signature.key.fingerprint,
        trusted=trusted,
        taken=export.taken,
        age=now - export.taken,
        program=export.program,
        left_out=tuple(export.left_out.items()),
    )


def _refuse_strangers(ours: Path, first: Export, theirs: Path, second: Export) -> None:
    if second.partner in first.parties and first.partner in second.parties:
        return
    raise InputError(
        f"{ours} is about party {', '.join(first.parties)} and made for party {first.partner}, "
        f"{theirs} about party {', '.join(second.parties)} and made for party {second.partner}: not two sides of one",
        remedy=f"let each side make one for the other: fatecloud check --export FILE --for {first.partner} here",
    )


def _trusted(read: ReadExport, partner: str, cluster: Cluster, own: list[TrustedKey], today: date) -> str:
    """Whose key signed the partner's export; empty where no key of the partner is known here. Raises NotTrusted.

    Args:
        read: its file, which may name any parties as its own.
        partner: as our own export names it.
        cluster: with the keys of peers.
        own: keys of this cluster.
        today: by the clock of this machine.
    """
    peer = cluster.peers.get(partner)
    known = list(keys_of_peer(peer)) if peer is not None else []
    if (owner := _owner(read, [*known, *own], today)) is not None:
        return owner
    if known:
        raise NotTrusted(
            f"{read.file} is signed by {read.signature.key.fingerprint}, and the inventory names "
            f"{', '.join(dict.fromkeys(_named(key, today) for key in known))} for party {partner}",
            remedy="ask them, by phone, for what `key show` prints there, and name it in the inventory: "
            "`peers: {PARTY: {key: ...}}`",
        )
    return ""


def _named(key: TrustedKey, today: date) -> str:
    return f"{key.fingerprint}, which counted until {key.until}" if _ended(key, today) else key.fingerprint


def _ended(key: TrustedKey, today: date) -> bool:
    return key.until is not None and key.until < today


def _owner(read: ReadExport, keys: list[TrustedKey], today: date) -> str | None:
    return next(_owners(read, keys, today), None)


def _owners(read: ReadExport, keys: list[TrustedKey], today: date) -> Iterator[str]:
    for key in keys:
        if key.fingerprint == read.signature.key.fingerprint and not _ended(key, today):
            yield key.owner
