"""Which keys an operator trusts, and what that says about a signature."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from fatecloud.errors import ArtifactError, NotTrusted
from fatecloud.signing.sshsig import Signature


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key that the operator named."""

    fingerprint: str
    owner: str
    """Whose it is, for people: `this cluster`, `peer 10000`, `--trust`."""
    until: date | None = None
    """The last day on which it counts; None where there is no end."""


def judge(
    what: str, signature: Signature | None, message: bytes, namespace: str, trusted: Iterable[TrustedKey], today: date
) -> TrustedKey:
    """Find the trusted key that signed a message.

    Args:
        what: what is signed, for people: the path of a bundle.
        signature: None if there is none.
        message: the bytes that have to be signed.
        namespace: the purpose that they have to be signed for.
        trusted: the keys that count.
        today: by the clock of this machine. A date in the signature would be the word of a thief of the key.

    Raises:
        NotTrusted: there is no signature, its key is unknown, or its key has expired.
        ArtifactError: the signature is not one of these bytes.
    """
    if signature is None:
        raise NotTrusted(
            f"{what} is not signed",
            remedy="ask for a signed one (an inventory with a vault signs); or, if you know where it comes from, use "
            "--unsigned. Its files are compared with the release's lock in any case",
        )
    if not signature.covers(message, namespace):
        raise ArtifactError(
            f"{what}: the signature is not one of this content: it was changed, or signed for another purpose",
            remedy="get the file again from its sender",
        )
    found = signature.key.fingerprint
    named = [key for key in trusted if key.fingerprint == found]
    if not named:
        raise NotTrusted(
            f"{what} is signed by {found}, a key that you do not trust",
            remedy="ask its sender, by phone, for the fingerprint that `key show` prints there; if it is the same, use "
            f"--trust {found}, or name the key in the inventory: `peers: {{PARTY: {{key: ...}}}}`",
        )
    valid = [key for key in named if key.until is None or key.until >= today]
    if not valid:
        last = max(key.until for key in named if key.until is not None)
        raise NotTrusted(
            f"{what} is signed by {found} ({named[0].owner}), a key that expired on {last.isoformat()}",
            remedy="ask for one that is signed with the present key",
        )
    return valid[0]
