"""What an operator accepts from others: signatures of keys that are named, and what someone confirms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fatecloud.artifacts.bundle import Bundle
from fatecloud.artifacts.index import Interpreter, read_interpreter
from fatecloud.artifacts.jdk import kept_for
from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.errors import ArtifactError, NotTrusted, SecretsError, UsageError
from fatecloud.inventory import load
from fatecloud.model.cluster import Peer
from fatecloud.model.python import PythonRequirement
from fatecloud.signing.fingerprint import from_hex, normal
from fatecloud.signing.sshsig import BUNDLE, Signature, signature_of
from fatecloud.signing.trust import TrustedKey, judge
from fatecloud.workflow.key import own_keys
from fatecloud.workflow.secrets import SecretsFiles

Say = Callable[[str], None]
_COMPARE = "Compare the fingerprint with the one that `release bundle` printed where the bundle was made"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the operator said on the command line."""

    files: SecretsFiles | None = None
    """The inventory whose keys count: those of its peers and its own."""
    trust: tuple[str, ...] = ()
    """Fingerprints of keys."""
    unsigned: bool = False
    """Whether a bundle needs no signature. One that it has is judged all the same."""
    confirmed: tuple[str, ...] = ()
    """Fingerprints of interpreters and JVMs, or of tarballs with one."""
    ask: Callable[[str], bool] | None = None
    """Asks the operator; None where no one can answer."""


def given_fingerprints(texts: list[str] | None, option: str) -> tuple[str, ...]:
    """Fingerprints as typed, in one form. Raises UsageError."""
    try:
        return tuple(normal(text) for text in texts or ())
    except ValueError as error:
        raise UsageError(f"{option}: {error}", remedy="it begins with SHA256: and 43 characters follow") from None


def accept_signature(file: Path, bundle: Bundle, given: Acceptance, say: Say, today: date) -> None:
    """Judge who made a bundle.

    Raises:
        NotTrusted: it is unsigned, or its key is unknown or expired.
        ArtifactError: its signature is damaged, or not one of this bundle.
    """
    # A signature that is there is judged even so.
    if not bundle.signature and given.unsigned:
        say(f"{file}: not signed")
        return
    signer = accept_text(file, bundle.signature, bundle.index, BUNDLE, given, say, today)
    say(f"{file}: signed by {signer}")


def accept_text(file: Path, text: str, message: bytes, namespace: str, given: Acceptance, say: Say, today: date) -> str:
    """Judge who signed a message in a file.

    Args:
        text: of the signature; empty for none.
        namespace: the purpose that it has to be for.

    Returns:
        Fingerprint and owner of the key.

    Raises:
        NotTrusted: there is no signature, or its key is unknown or expired.
        ArtifactError: it is damaged, or not one of this message.
    """
    signature = _read(file, text)
    trusted = list(_trusted(signature.key.fingerprint, given, say)) if signature else []
    signer = judge(str(file), signature, message, namespace, trusted, today)
    return f"{signer.fingerprint} ({signer.owner})"


def accept_runtimes(file: Path, bundle: Bundle, store: Store, given: Acceptance) -> None:
    """Take the operator's word for those interpreters and JVMs of a bundle that neither catalogue nor store knows.

    Raises:
        NotTrusted: no one confirmed it.
    """
    for name, interpreter in bundle.interpreters.items():
        _accept_interpreter(file, bundle.release.pythons[name], interpreter, store, given)
    known = {jdk.fingerprint for jdk in kept_for(bundle.release, store)}
    for jdk in bundle.jdks:
        if jdk.fingerprint not in known:
            _confirm(
                given,
                jdk.fingerprint,
                f"{file}: a JVM in it is not one that this store knows: Java {jdk.version}, {jdk.source!r}, "
                f"for glibc {jdk.glibc} or newer\n  fingerprint {jdk.fingerprint}",
                f"services run in it. {_COMPARE}",
            )


def _accept_interpreter(
    file: Path, python: PythonRequirement, interpreter: Interpreter, store: Store, given: Acceptance
) -> None:
    registry, known = python.registry, read_interpreter(python, store)
    prints = {registry.fingerprint if registry else "", known.fingerprint if known else ""}
    # Known by its bytes, from wherever it comes.
    if interpreter.fingerprint in prints:
        return
    _confirm(
        given,
        interpreter.fingerprint,
        f"{file}: its interpreter is not one that this version knows: {described(interpreter)}\n"
        f"  fingerprint {interpreter.fingerprint}",
        f"nodes run it as root. {_COMPARE}",
    )


def accept_tarball(file: Path, given: Acceptance) -> str:
    """Take the operator's word for a tarball with an interpreter or a JVM, before anything of it is run.

    Returns:
        The SHA-256 that was accepted, in hexadecimal.

    Raises:
        NotTrusted: no one confirmed it.
    """
    # Of the bytes that are unpacked afterwards: the caller holds the file to this hash.
    sha256 = sha256_of(file)
    _confirm(
        given,
        from_hex(sha256),
        f"{file}: a tarball that no release names; what is in it would run on this machine and on nodes\n"
        f"  sha256:{sha256}",
        "compare the hash with what its publisher says",
        shown=f"sha256:{sha256}",
    )
    return sha256


def accept_packages(packages: Mapping[Path, tuple[str, tuple[str, ...]]], given: Acceptance) -> None:
    """Take the operator's word for files with packages, all at once, before any of them is unpacked.

    Args:
        packages: file -> its SHA-256, in hexadecimal, and the packages that were recognised in it.

    Raises:
        NotTrusted: no one confirmed one of them; the remedy has the options for all.
    """
    open_ = {file: entry for file, entry in packages.items() if from_hex(entry[0]) not in given.confirmed}
    if not open_:
        return
    lines = [f"{file}: {', '.join(titles)}\n  sha256:{sha256}" for file, (sha256, titles) in open_.items()]
    text = "\n".join(("no release names the bytes of these files; what is in them would run on nodes", *lines))
    why = "compare each hash with what the publisher says"
    if given.ask is not None and given.ask(f"{text}\n  {why}.\nAccept them?"):
        return
    options = " ".join(f"--confirm-fingerprint sha256:{sha256}" for sha256, _ in open_.values())
    raise NotTrusted(f"{text}\n  no one confirmed them", remedy=f"{why}; if they are the same, use {options}")


def described(interpreter: Interpreter) -> str:
    """An interpreter in a few words. Its source is quoted: it is what a stranger says, and could name a fingerprint."""
    version = interpreter.artifact.name.partition("==")[2]
    return f"CPython {version}, {interpreter.origin}: {interpreter.source!r}, for glibc {interpreter.glibc} or newer"


def _confirm(given: Acceptance, fingerprint: str, text: str, why: str, shown: str = "") -> None:
    if fingerprint in given.confirmed or (given.ask is not None and given.ask(f"{text}\n  {why}.\nAccept it?")):
        return
    raise NotTrusted(
        f"{text}\n  no one confirmed it",
        remedy=f"{why}; if it is the same, use --confirm-fingerprint {shown or fingerprint}",
    )


def _read(file: Path, text: str) -> Signature | None:
    if not text:
        return None
    try:
        return signature_of(text)
    except ValueError as error:
        raise ArtifactError(f"{file}: the signature is damaged: {error}") from None


def _trusted(fingerprint: str, given: Acceptance, say: Say) -> Iterator[TrustedKey]:
    """The entries for a key. The vault is opened only for a key that is named nowhere else."""
    named = [TrustedKey(text, "--trust") for text in given.trust]
    if given.files is not None:
        named += [key for peer in load(given.files.inventory).peers.values() for key in keys_of_peer(peer)]
    found = [key for key in named if key.fingerprint == fingerprint]
    if not found and given.files is not None:
        try:
            own = own_keys(given.files)
        except SecretsError as error:
            say(f"the keys of this cluster could not be read: {error.message}")
            own = []
        found = [TrustedKey(key.fingerprint, "this cluster", until) for key, until in own]
    yield from found


def keys_of_peer(peer: Peer) -> Iterator[TrustedKey]:
    """The keys that the inventory names for a peer."""
    for written in peer.keys.values():
        text, _, day = written.partition(" until ")
        yield TrustedKey(text, f"peer {peer.id}", date.fromisoformat(day) if day else None)
