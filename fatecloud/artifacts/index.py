"""What the store has of a release: the files that the catalogue names, and an interpreter that was accepted here."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fatecloud.artifacts.store import FILE_NAME, Store
from fatecloud.errors import ArtifactMissing
from fatecloud.model.release import Artifact, PythonSet, Release
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

    interpreter: Interpreter
    installer: Artifact
    wheels: tuple[Artifact, ...]

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """All files."""
        return (self.interpreter.artifact, self.installer, *self.wheels)


def canonical(data: object) -> bytes:
    """The one way to write data as JSON, for hashes and signatures: ASCII, sorted keys, no spaces."""
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode("ascii")


def write_interpreter(release: Release, store: Store, interpreter: Interpreter) -> None:
    """Record that an interpreter is accepted, for all releases with the same Python series and machine."""
    path = _interpreter_file(release, store)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(interpreter), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.rename(path)


def read_interpreter(release: Release, store: Store) -> Interpreter | None:
    """The accepted interpreter that fits a release; None unless its file is in the store."""
    try:
        kept = interpreter_of(release, json.loads(_interpreter_file(release, store).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
    return kept if store.holds(kept.artifact) else None


def _interpreter_file(release: Release, store: Store) -> Path:
    return store.root / "interpreters" / f"{release.python.minor}-{release.arch}.json"


def interpreter_of(release: Release, data: Any) -> Interpreter:
    """An interpreter from data of a file, which may be a stranger's.

    Raises:
        ValueError: it is not one, or not one for this release; with what is wrong.
    """
    try:
        found = Interpreter(**{**data, "artifact": Artifact(**data["artifact"]), "lacks": tuple(data["lacks"])})
        artifact, python = found.artifact, release.python
        wrong = {
            "name": not re.fullmatch(rf"cpython=={re.escape(python.minor)}\.[0-9]{{1,3}}", artifact.name),
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
        raise ValueError(f"not an interpreter for {release.name}: wrong {', '.join(bad)}")
    return found


def read(release: Release, store: Store) -> ReleaseIndex:
    """What the store has of a release. The catalogue names every file of it except the interpreter.

    Raises:
        ArtifactMissing: it has nothing, or only a part; with the names of missing files.
    """
    remedy = f"fatecloud release fetch {release.name}"
    wanted = (release.python.installer, *release.python.wheels)
    missing = [artifact.filename for artifact in wanted if not store.holds(artifact)]
    interpreter = read_interpreter(release, store)
    if len(missing) == len(wanted):
        raise ArtifactMissing(f"{release.name} is not in the store {store.root}", remedy=remedy)
    if interpreter is None:
        missing.insert(0, f"an interpreter (CPython {release.python.minor})")
    if missing or interpreter is None:
        shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")  # noqa: PLR2004
        raise ArtifactMissing(f"the store {store.root} lacks {shown} of {release.name}", remedy=remedy)
    return ReleaseIndex(interpreter, release.python.installer, release.python.wheels)


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
