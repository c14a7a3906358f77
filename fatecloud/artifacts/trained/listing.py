"""The list that an archive of a model begins with: what is in it, where it came from, and what it needs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.artifacts.index import canonical
from fatecloud.errors import ModelRefused
from fatecloud.model.trained import LARGEST, ModelPart, Needs, Reason, Roles

FORMAT = 1
MOST = 64
"""Parts of one model."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.#~-]{0,255}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.#@+=~-]{0,127}")
"""Without `? : / &`, which Serving refuses."""
_ROLE, _PARTY = re.compile(r"guest|host|arbiter|local"), re.compile(r"\d{1,20}")
_SHA256, _WORD = re.compile(r"[0-9a-f]{64}"), re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,199}")


@dataclass(frozen=True, slots=True)
class ListedPart:
    """One part in an archive."""

    part: ModelPart
    sha256: str
    size: int
    components: tuple[str, ...]
    """What it is made of, as `ModelSource.judge` says."""
    files: Mapping[str, str]
    """SHA-256 of each file in it, by its name."""

    @property
    def member(self) -> str:
        """The name of its member."""
        return f"{self.part.role}/{self.part.party}.json"


@dataclass(frozen=True, slots=True)
class Listing:
    """What an archive says of itself."""

    model: str
    version: str
    service: str
    """Service id that led to it where it came from; empty for none."""
    roles: Roles
    """Everyone who has a part of the model, in the archive or not."""
    parts: tuple[ListedPart, ...]
    release: str
    """Name of the release that it came from."""
    origin: str
    """Component and version of the service that it came from: `serving-server 2.1.7`."""
    needs: Needs

    @property
    def octets(self) -> bytes:
        """The one way to write it, which is signed."""
        return canonical(
            {
                "format": FORMAT,
                "model": self.model,
                "version": self.version,
                "service": self.service,
                "roles": {role: list(parties) for role, parties in self.roles.items()},
                "from": {"release": self.release, "component": self.origin},
                "needs": {"component": self.needs.component, "since": self.needs.since},
                "parts": [
                    {
                        "role": one.part.role,
                        "party": one.part.party,
                        "sha256": one.sha256,
                        "size": one.size,
                        "components": list(one.components),
                        "files": dict(one.files),
                    }
                    for one in self.parts
                ],
            }
        )


def listed(part: ModelPart, content: bytes, files: Mapping[str, bytes], components: tuple[str, ...]) -> ListedPart:
    """What a list says of a part."""
    digests = {name: hashlib.sha256(octets).hexdigest() for name, octets in files.items()}
    return ListedPart(part, hashlib.sha256(content).hexdigest(), len(content), components, digests)


def listing_of(octets: bytes) -> Listing:
    """Read a list that is exactly one that we would have written.

    Raises:
        ModelRefused: it is not.
    """
    try:
        data: Any = json.loads(octets)
        if isinstance(data, dict) and data.get("format") != FORMAT:
            raise ModelRefused(
                Reason.FORMAT,
                f"its format is {str(data.get('format'))[:20]!r}, this version of fatecloud reads {FORMAT}",
                remedy="use the version of fatecloud that wrote it, or a newer one",
            )
        found = _listing(data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) and "\n" not in str(error) else "a value is missing"
        raise ModelRefused(Reason.LIST, f"its list cannot be used: {reason[:200]}") from None
    # A signature covers exactly these bytes: two readings of one list would be two models.
    if found.octets != octets:
        raise ModelRefused(Reason.LIST, "its list is written in another form")
    _consistent(found)
    return found


def _listing(data: Any) -> Listing:
    model, version = _text(data["model"], _ID, "model"), _text(data["version"], _VERSION, "version")
    roles = {
        _text(role, _ROLE, "role"): tuple(_text(party, _PARTY, "party") for party in parties)
        for role, parties in data["roles"].items()
    }
    if len(data["parts"]) > MOST:
        raise ValueError(f"more than {MOST} parts")
    return Listing(
        model=model,
        version=version,
        service=_text(data["service"], _SERVICE, "service") if data["service"] else "",
        roles=roles,
        parts=tuple(_part(model, version, one) for one in data["parts"]),
        release=_text(data["from"]["release"], _WORD, "release"),
        origin=_text(data["from"]["component"], _WORD, "component"),
        needs=Needs(
            _text(data["needs"]["component"], _WORD, "component"), _text(data["needs"]["since"], _VERSION, "since")
        ),
    )


def _part(model: str, version: str, data: Any) -> ListedPart:
    size = data["size"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ValueError("a size that is not a number")
    return ListedPart(
        ModelPart(model, version, _text(data["role"], _ROLE, "role"), _text(data["party"], _PARTY, "party")),
        _text(data["sha256"], _SHA256, "sha256"),
        size,
        tuple(_text(line, _WORD, "component") for line in data["components"]),
        {str(name): _text(digest, _SHA256, "sha256") for name, digest in data["files"].items()},
    )


def _text(value: Any, form: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ValueError(f"{what} {str(value)[:40]!r} has another form")
    return value


def _consistent(found: Listing) -> None:
    if not found.parts:
        raise ModelRefused(Reason.MISSING, "it has no part of a model")
    seen: set[str] = set()
    for one in found.parts:
        if one.part.party not in found.roles.get(one.part.role, ()):
            raise ModelRefused(Reason.ROLE, f"its list has a part of {one.part}, who has no part of this model")
        if one.member in seen:
            raise ModelRefused(Reason.TWICE, f"its list has two parts of {one.part}")
        if one.size > LARGEST:
            raise ModelRefused(
                Reason.TOO_LARGE, f"the part of {one.part} has {one.size:,} bytes, at most {LARGEST:,} are taken"
            )
        seen.add(one.member)
