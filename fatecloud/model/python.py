"""The Python sets of a release: what the catalogue asks for, and what the store holds of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from fatecloud.model.artifact import Artifact


@dataclass(frozen=True, slots=True)
class RegistryInterpreter:
    """A complete interpreter inside a Maven artifact, for machines that reach nothing but package registries."""

    coordinates: str
    """`group:artifact:version:type:classifier`."""
    root: str
    """Directory inside the archive that holds `bin/` and `lib/`."""
    artifact: Artifact
    fingerprint: str
    """Of the interpreter that is packed of it."""
    lacks: str
    """What does not work with it, for people."""


@dataclass(frozen=True, slots=True)
class PythonRequirement:
    """Which interpreter a Python set of a release needs and everything that is installed into it."""

    release: str
    """Name of the release that it belongs to."""
    name: str
    """Its name in the release: `fate`."""
    arch: str
    """Processor that it runs on, as `uname -m` prints it."""
    minor: str
    """`3.10`: the only series that the locked wheels fit."""
    requires: str
    """The same as a version range, for people."""
    reasons: Mapping[str, str]
    """Architecture -> why this range."""
    needs_modules: tuple[str, ...]
    """Standard modules without which FATE does not run."""
    wants_modules: Mapping[str, str]
    """Standard module -> what will not work without it."""
    check_imports: tuple[str, ...]
    """Modules whose import tests an environment, and writes the bytecode that every start needs."""
    lock: tuple[Artifact, ...]
    """Wheels, and the sdists from which wheels are derived."""
    installer: Artifact
    builders: tuple[str, ...]
    """Names of the locked wheels that build the sdists together."""
    build_environment: Mapping[str, str]
    registry: RegistryInterpreter | None = None
    execstack: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Locked wheel -> its libraries that ask for an executable stack and do not need it."""
    glibc_seen: str = ""
    """Newest glibc that the release was run with: `2.41`; empty where that is not known."""
    made: Mapping[str, Artifact] = field(default_factory=dict)
    """Locked file -> the wheel that a controller makes of it, and that nodes get instead."""

    @property
    def wheels(self) -> tuple[Artifact, ...]:
        """What nodes get, by name. All of it is known by its hash before anything is fetched."""
        return tuple(sorted((self.made.get(a.name, a) for a in self.lock), key=lambda artifact: artifact.name))


@dataclass(frozen=True, slots=True)
class PythonSet:
    """What a node needs to build a shared environment, all of it in the store."""

    requirement: PythonRequirement
    interpreter: Artifact
    glibc: str = "2.17"
    """Oldest glibc that all of it runs with."""

    @property
    def installer(self) -> Artifact:
        """The wheel of uv."""
        return self.requirement.installer

    @property
    def wheels(self) -> tuple[Artifact, ...]:
        """What is installed."""
        return self.requirement.wheels

    @property
    def requirements(self) -> str:
        """Text for `uv pip install --offline --no-index --find-links DIR --require-hashes -r`."""
        return "".join(sorted(f"{wheel.name} --hash=sha256:{wheel.sha256}\n" for wheel in self.wheels))

    @property
    def digest(self) -> str:
        """SHA-256 over every part, in hexadecimal: the name of the shared environment."""
        parts = sorted(part.sha256 for part in (self.interpreter, self.installer, *self.wheels))
        return hashlib.sha256("\n".join([*parts, self.requirements]).encode()).hexdigest()
