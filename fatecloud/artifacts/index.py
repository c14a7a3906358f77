"""What the store has of a release: the files that the catalogue names, and an interpreter that was accepted here."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fatecloud.artifacts.packages.record import packages_of
from fatecloud.artifacts.store import FILE_NAME, Store
from fatecloud.errors import ArtifactMissing
from fatecloud.model.artifact import Artifact
from fatecloud.model.python import PythonRequirement, PythonSet
from fatecloud.model.release import Release
from fatecloud.signing.fingerprint import fingerprint

LARGEST_INTERPRETER = 256 << 20
"""Bytes. Packed ones have 12 to 21 MB."""
_MANYLINUX = re.compile(r"manylinux_2_(\d+)_")
_ORIGINS = ("imported", "found", "downloaded", "registry")
_TEXT = 200


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter and its origin."""

    artifact: Artifact
    origin: str
    """Kind of source: `imported`, `found`, `downloaded`, `registry`."""
    source: str
    """The source, for people."""
    lacks: tuple[str, ...]
    """Standard modules that it does not have."""
    glibc: str
    """Oldest glibc that it runs with."""

    @property
    def fingerprint(self) -> str:
        """Of its bytes and of what is claimed about them. The source does not count: it changes on its way."""
        claims = {"artifact": asdict(self.artifact), "lacks": list(self.lacks), "glibc": self.glibc}
        return fingerprint(b"fatecloud interpreter\n" + canonical(claims))


@dataclass(frozen=True, slots=True)
class ReleaseIndex:
    """Everything of a release that is in the store."""

    interpreters: Mapping[str, Interpreter]
    """By the names of the release's Python sets."""
    locked: tuple[Artifact, ...]
    """What the catalogue names."""

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """All files, each once."""
        interpreters = [interpreter.artifact for interpreter in self.interpreters.values()]
        return tuple({artifact.sha256: artifact for artifact in (*interpreters, *self.locked)}.values())


def canonical(data: object) -> bytes:
    """The one way to write data as JSON, for hashes and signatures: ASCII, sorted keys, no spaces."""
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode("ascii")


def write_interpreter(python: PythonRequirement, store: Store, interpreter: Interpreter) -> None:
    """Record that an interpreter is accepted, for all Python sets of the same series and machine."""
    path = _interpreter_file(python, store)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(interpreter), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    # A crash leaves the old record or the new one, never a half.
    part.rename(path)


def read_interpreter(python: PythonRequirement, store: Store) -> Interpreter | None:
    """The accepted interpreter that fits a Python set; None unless its file is in the store."""
    try:
        kept = interpreter_of(python, json.loads(_interpreter_file(python, store).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
    return kept if store.holds(kept.artifact) else None


def _interpreter_file(python: PythonRequirement, store: Store) -> Path:
    return store.root / "interpreters" / f"{python.minor}-{python.arch}.json"


def interpreter_of(python: PythonRequirement, data: Any) -> Interpreter:
    """An interpreter from data of a file, which may be a stranger's.

    Raises:
        ValueError: it is not one, or not one for this Python set; with what is wrong.
    """
    try:
        found = Interpreter(**{**data, "artifact": Artifact(**data["artifact"]), "lacks": tuple(data["lacks"])})
        artifact = found.artifact
        wrong = {
            "name": not re.fullmatch(rf"cpython=={re.escape(python.minor)}\.[0-9]{{1,3}}", artifact.name),
            # It becomes a path on the controller and on nodes.
            "filename": not FILE_NAME.fullmatch(artifact.filename),
            "sha256": not re.fullmatch(r"[0-9a-f]{64}", artifact.sha256),
            "size": type(artifact.size) is not int or not 0 < artifact.size <= LARGEST_INTERPRETER,
            "kind": artifact.kind != "interpreter",
            "origin": found.origin not in _ORIGINS,
            "source": len(found.source) > _TEXT or not found.source.isprintable(),
            "lacks": not set(found.lacks) <= set(python.wants_modules),
            "glibc": not re.fullmatch(r"2\.[0-9]{1,2}", found.glibc),
        }
    except (KeyError, TypeError, AttributeError) as error:
        # Its text may be a stranger's, and long.
        raise ValueError("not the description of an interpreter") from error
    if bad := [name for name, is_wrong in wrong.items() if is_wrong]:
        raise ValueError(f"not an interpreter for {python.release}: wrong {', '.join(bad)}")
    return found


def locked(release: Release) -> tuple[Artifact, ...]:
    """What the catalogue names of a release, as nodes get it; each file once."""
    found = [a for python in release.pythons.values() for a in (python.installer, *python.wheels)]
    return tuple({artifact.sha256: artifact for artifact in (*found, *loose(release))}.values())


def loose(release: Release) -> tuple[Artifact, ...]:
    """What is only unpacked: the artifacts of the release's trees."""
    return tuple(artifact for tree in release.trees.values() for artifact in tree.artifacts)


def named(release: Release) -> tuple[Artifact, ...]:
    """Every file that a release names, also those of which a controller only makes what nodes get."""
    found = [a for python in release.pythons.values() for a in (*python.lock, *python.made.values())]
    return tuple({artifact.sha256: artifact for artifact in (*locked(release), *found)}.values())


def read(release: Release, store: Store) -> ReleaseIndex:
    """What the store has of a release. The catalogue names every file of it except the interpreters.

    Raises:
        ArtifactMissing: it has nothing, or only a part; with the names of missing files.
    """
    remedy = f"fatecloud release fetch {release.name}"
    wanted = locked(release)
    missing = [artifact.filename for artifact in wanted if not store.holds(artifact)]
    if missing and len(missing) == len(wanted):
        raise ArtifactMissing(f"{release.name} is not in the store {store.root}", remedy=remedy)
    interpreters: dict[str, Interpreter] = {}
    for name, python in release.pythons.items():
        interpreter = read_interpreter(python, store)
        if interpreter is None:
            missing.insert(0, f"an interpreter (CPython {python.minor})")
        else:
            interpreters[name] = interpreter
    held = packages_of(release, store)
    if absent := [need for name, need in release.packages.items() if not need.optional and name not in held]:
        missing += [need.file for need in absent]
        remedy += "; fatecloud release import FILE... takes what upstream publishes"
    if missing:
        shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")  # noqa: PLR2004
        raise ArtifactMissing(f"the store {store.root} lacks {shown} of {release.name}", remedy=remedy)
    return ReleaseIndex(interpreters, wanted)


def python_sets(release: Release, store: Store) -> dict[tuple[str, str], PythonSet]:
    """The release's Python sets, ready to be shipped: see `Desired.pythons`. Reads small files and hashes nothing.

    Raises:
        ArtifactMissing: the store lacks something of the release; with its name.
    """
    interpreters = read(release, store).interpreters
    return {
        (release.name, name): PythonSet(python, interpreters[name].artifact, _glibc(python, interpreters[name]))
        for name, python in release.pythons.items()
    }


def _glibc(python: PythonRequirement, interpreter: Interpreter) -> str:
    """The oldest glibc that everything runs with: the newest that any file needs, by the oldest of a wheel's tags."""
    floors = [int(interpreter.glibc.removeprefix("2."))]
    for wheel in python.wheels:
        # A wheel with several tags runs where the oldest of them does.
        floors += sorted(int(minor) for minor in _MANYLINUX.findall(wheel.filename))[:1]
    return f"2.{max(floors)}"
