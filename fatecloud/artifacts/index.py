"""What the store has of a release: `releases/<name>.json`, written by a fetch or an import."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fatecloud import catalogue
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactMissing
from fatecloud.model.release import Artifact, PythonSet, Release

SCHEMA = 1
_MANYLINUX = re.compile(r"manylinux_2_(\d+)_")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A stored interpreter and its origin."""

    artifact: Artifact
    origin: str
    """Kind of source: `imported`, `found`, `downloaded`, `registry`."""
    source: str
    """The source, for people."""
    lacks: tuple[str, ...]
    """Standard modules that it does not have."""
    glibc: str
    """Oldest glibc that it runs with."""


@dataclass(frozen=True, slots=True)
class ReleaseIndex:
    """Everything of a release that is in the store."""

    interpreter: Interpreter
    installer: Artifact
    wheels: tuple[Artifact, ...]

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """All files."""
        return (self.interpreter.artifact, self.installer, *self.wheels)


def lock_digest(release: Release) -> str:
    """Digest of the lock that an index was made for, and of the changes that are made to its files."""
    repairs = json.dumps({name: list(files) for name, files in release.python.execstack.items()}, sort_keys=True)
    text = catalogue.lock_text(release.name) + release.python.installer.sha256 + repairs
    return hashlib.sha256(text.encode()).hexdigest()


def write(release: Release, store: Store, index: ReleaseIndex) -> None:
    """Record what the store has of a release."""
    data = {"schema": SCHEMA, "release": release.name, "lock": lock_digest(release), **asdict(index)}
    _write_json(store.root / "releases" / f"{release.name}.json", data)


def write_interpreter(release: Release, store: Store, interpreter: Interpreter) -> None:
    """Record the interpreter for all releases with the same Python series and machine."""
    _write_json(_interpreter_file(release, store), asdict(interpreter))


def read_interpreter(release: Release, store: Store) -> Interpreter | None:
    """The stored interpreter that fits a release."""
    try:
        kept = _interpreter(json.loads(_interpreter_file(release, store).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kept if store.has(kept.artifact.sha256) else None


def _interpreter_file(release: Release, store: Store) -> Path:
    return store.root / "interpreters" / f"{release.python.minor}-{release.arch}.json"


def _write_json(path: Path, data: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.rename(path)


def index_of(data: dict[str, Any]) -> ReleaseIndex:
    """An index from the data of its file or of a bundle. Raises KeyError or TypeError for anything else."""
    return ReleaseIndex(
        _interpreter(data["interpreter"]),
        Artifact(**data["installer"]),
        tuple(Artifact(**wheel) for wheel in data["wheels"]),
    )


def _interpreter(data: dict[str, Any]) -> Interpreter:
    return Interpreter(**{**data, "artifact": Artifact(**data["artifact"]), "lacks": tuple(data["lacks"])})


def read(release: Release, store: Store) -> ReleaseIndex:
    """What the store has of a release.

    Raises:
        ArtifactMissing: it has nothing, only a part, or the files of another lock; with the names of missing files.
    """
    remedy = f"fatecloud release fetch {release.name}"
    path = store.root / "releases" / f"{release.name}.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        index = index_of(data)
    except FileNotFoundError:
        raise ArtifactMissing(f"{release.name} is not in the store {store.root}", remedy=remedy) from None
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactMissing(f"{path} cannot be read: {error!r}", remedy=remedy) from error
    if data.get("schema") != SCHEMA or data.get("lock") != lock_digest(release):
        raise ArtifactMissing(f"the store {store.root} has {release.name} for another lock", remedy=remedy)
    missing = [artifact.filename for artifact in index.artifacts if not store.has(artifact.sha256)]
    if missing:
        shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")  # noqa: PLR2004
        raise ArtifactMissing(f"the store {store.root} lacks {shown} of {release.name}", remedy=remedy)
    return index


def python_set(release: Release, store: Store) -> PythonSet:
    """The release's Python environment, ready to be shipped. It reads one small file and hashes nothing.

    Raises:
        ArtifactMissing: the store lacks something; with its name.
    """
    index = read(release, store)
    lines = [f"{wheel.name} --hash=sha256:{wheel.sha256}\n" for wheel in index.wheels]
    return PythonSet(index.interpreter.artifact, index.installer, index.wheels, "".join(sorted(lines)), _glibc(index))


def _glibc(index: ReleaseIndex) -> str:
    """The oldest glibc that everything runs with: the newest that any file needs, by the oldest of a wheel's tags."""
    floors = [int(index.interpreter.glibc.removeprefix("2."))]
    for wheel in index.wheels:
        floors += sorted(int(minor) for minor in _MANYLINUX.findall(wheel.filename))[:1]
    return f"2.{max(floors)}"
