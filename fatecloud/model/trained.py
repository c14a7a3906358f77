"""Trained models: what one is made of, and what a verb asks of the services that hold them. Pure data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from fatecloud.model.desired import DesiredService
from fatecloud.model.jobs import Run
from fatecloud.model.steps import numbers

LARGEST = 64 << 20
"""Bytes of one party's part: a regression takes 100 KiB, a boosted tree some MiB."""
_ROLE = re.compile(r"([a-z]+)-(\d+(?:_\d+)*)")

Roles = Mapping[str, tuple[str, ...]]
"""Role -> the parties that have it."""


class Reason(StrEnum):
    """Why an archive of a model is refused, as `ModelRefused` names it; see docs/reference/model-archive.md."""

    NO_ARCHIVE = "no archive of a model"
    COMPRESSED = "compressed"
    DAMAGED = "damaged"
    CUT_OFF = "cut off"
    FORMAT = "unknown format"
    LIST = "unusable list"
    TOO_LARGE = "too large"
    PATH = "foreign path"
    SPECIAL = "link or device"
    TWICE = "file twice"
    SURPLUS = "surplus file"
    MISSING = "missing file"
    SIZE = "wrong size"
    BYTES = "changed bytes"
    AFTER_END = "data after the end"
    CONTENT = "no model"
    COMPONENTS = "other components"
    VERSION = "mixed version"
    MODEL = "mixed model"
    ROLE = "wrong role"
    PARTY = "wrong party"
    NEEDS = "wrong release"
    OTHER = "other content"


@dataclass(frozen=True, slots=True, order=True)
class ModelPart:
    """One party's part of a model, in one version."""

    model: str
    """Id of the model, the same at all parties: `arbiter-10000#guest-9999#host-10000#model`."""
    version: str
    role: str
    party: str

    def __str__(self) -> str:
        return f"{self.role} {self.party}"


@dataclass(frozen=True, slots=True)
class HeldPart:
    """A part that a service holds."""

    part: ModelPart
    services: tuple[str, ...]
    """Service ids by which applications reach it."""
    sha256: str
    """Of its content in the one form of `ModelSource.content`, in hexadecimal."""
    size: int
    """Bytes of this."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which parts are asked for: those with a service id, or those of a model's version."""

    party: str
    """Number of the party that the service is of."""
    service: str = ""
    model: str = ""
    version: str = ""

    def fits(self, held: HeldPart) -> bool:
        """Whether this part is asked for."""
        part = held.part
        by_name = (part.model, part.version) == (self.model, self.version)
        return part.party == self.party and (self.service in held.services if self.service else by_name)


@dataclass(frozen=True, slots=True)
class Needs:
    """What can take a model."""

    component: str
    since: str
    """The first numbers of the oldest version of it: `2.1`."""

    def refusal(self, component: str, version: str) -> str:
        """Why a service cannot take it; empty where it can."""
        if component != self.component:
            return f"it is for {self.component}, not for {component}"
        since = numbers(self.since)
        old = numbers(version)[: len(since)] < since
        return f"it needs {self.component} {self.since} or newer, this is {version}" if old else ""


class ModelSource(Protocol):
    """The models of one service. Every method raises a FatecloudError when there is no usable answer."""

    needs: Needs
    """What can take its models."""

    def held(self, asked: Asked) -> tuple[HeldPart, ...]:
        """The parts that are asked for, as far as the service has them."""

    def content(self, held: HeldPart) -> bytes:
        """The files of a part as one document: JSON, name of a file -> its bytes in base64; keys sorted, no spaces."""

    def judge(self, part: ModelPart, files: Mapping[str, bytes]) -> tuple[str, ...]:
        """What a part is made of, one line for each of its components. Pure.

        Raises:
            ArtifactError: the files are not a model of this kind, or they say that they are of another part.
        """


class ModelTarget(ModelSource, Protocol):
    """A service that takes models."""

    binds: bool
    """Whether applications reach its models by service ids."""

    def all(self, party: str) -> tuple[HeldPart, ...]:
        """Everything that it holds of a party; nothing from a service that has no list."""

    def load(self, part: ModelPart, roles: Roles, content: bytes) -> None:
        """Put a part into the service."""

    def bind(self, part: ModelPart, roles: Roles, service: str) -> None:
        """Let a service id lead to a part, and note what it led to before."""

    def unload(self, part: ModelPart) -> None:
        """Remove a part."""

    def former(self, service: str) -> ModelPart | None:
        """What a service id led to before `bind` last led it elsewhere; None for nowhere, or if that is not known."""

    def note(self, service: str, part: ModelPart | None) -> None:
        """Let `former` say this, for a `bind` that was taken back."""


ModelSourceAt = Callable[[DesiredService, Run], ModelSource]
ModelTargetAt = Callable[[DesiredService, Run], ModelTarget]
"""What `Component.models_from` and `Component.models_into` name: the models of a service, by commands on its node."""


def roles_in(model: str) -> dict[str, tuple[str, ...]]:
    """The roles and parties that the id of a model names; empty for an id of another form."""
    return {found[1]: tuple(found[2].split("_")) for found in map(_ROLE.fullmatch, model.split("#")) if found}
