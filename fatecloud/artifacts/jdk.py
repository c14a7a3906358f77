"""Archives with a JVM that an operator imports: recognised by content, tried by starting, kept for nodes."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fatecloud.artifacts import pack
from fatecloud.artifacts.index import canonical
from fatecloud.artifacts.store import FILE_NAME, Store, sha256_of
from fatecloud.artifacts.unpack import names_in, unpack
from fatecloud.errors import ArtifactError
from fatecloud.model.artifact import Artifact
from fatecloud.model.java import Jdk
from fatecloud.model.release import Release
from fatecloud.model.trees import Tree
from fatecloud.signing.fingerprint import fingerprint

LARGEST = 1 << 30
"""Bytes of a packed JVM; a whole JDK has 200 MB."""
_SECONDS = 60
_QUESTION = ("-Xmx32m", "-XX:-UsePerfData", "-XshowSettings:properties", "-version")
_PROPERTY = re.compile(r"^ +(java\.version|java\.vm\.name|java\.vendor) = (.*?) *$", re.MULTILINE)
_VERSION = re.compile(r"(?:1\.)?(\d{1,2})[\w.+-]{0,40}")
_LEFT_OUT = ("src.zip", "lib/src.zip", "jmods", "demo", "sample", "man", "include")
"""What no service runs, and half of a JDK's size."""
_MACHINES = ("lib/server/libjvm.so", "lib/*/server/libjvm.so", "jre/lib/*/server/libjvm.so", "jre/lib/server/libjvm.so")
_TEXT = 200


@dataclass(frozen=True, slots=True)
class KeptJdk:
    """A packed JVM and its origin, as the store keeps it and a bundle brings it."""

    artifact: Artifact
    glibc: str
    """Oldest glibc that it runs with."""
    source: str
    """Where it comes from, for people."""

    @property
    def version(self) -> str:
        """`17.0.12`."""
        return self.artifact.name.removeprefix("jdk==")

    @property
    def major(self) -> int:
        """Feature release: 8, 17, ... Raises ValueError for a text that is not a version of Java."""
        match = _VERSION.fullmatch(self.version)
        if match is None:
            raise ValueError(self.version[:_TEXT])
        return int(match[1])

    @property
    def fingerprint(self) -> str:
        """Of its bytes and of what is claimed about them. The source does not count: it changes on its way."""
        return fingerprint(b"fatecloud JVM\n" + canonical({"artifact": asdict(self.artifact), "glibc": self.glibc}))


def is_jdk(tarball: Path) -> bool:
    """Whether an archive holds a JVM, by the names in it. Raises ArtifactError where it is none, or has no bounds."""
    found = {name.rpartition("/")[2] for name in names_in(tarball) if name.endswith(("/bin/java", "/libjvm.so"))}
    # A JDK's name is the vendor's choice; these two files are not.
    return found == {"java", "libjvm.so"}


def import_jdk(tarball: Path, source: str, store: Store, say: Callable[[str], None]) -> Jdk:
    """Take the JVM of an archive into the store: started, packed without what no service needs, started again.

    Args:
        tarball: the archive, which someone confirmed.
        source: where it comes from, for people.

    Raises:
        ArtifactError: it has no JVM that starts on this machine.
    """
    with store.workspace() as scratch:
        unpack(tarball, scratch / "imported")
        home = _home_in(scratch / "imported", source)
        version = _judged(home, source)
        for name in _LEFT_OUT:
            path = home / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        arch = platform.machine()
        # Packed again: of a stranger's archive only its files are passed on, not the way in which they were packed.
        packed = scratch / f"jdk-{version}-linux-{arch}.tar.gz"
        pack.write_tarball(home, packed)
        unpack(packed, scratch / "elsewhere")
        _judged(scratch / "elsewhere", f"{source}, packed and run in another directory,")
        artifact = Artifact(f"jdk=={version}", packed.name, sha256_of(packed), packed.stat().st_size, "archive")
        glibc = pack.oldest_glibc(home)
        store.take(packed, artifact)
    kept = KeptJdk(artifact, glibc, source)
    keep(store, kept, arch)
    say(f"JVM: Java {version}, imported: {source}; runs on nodes with glibc {glibc} or newer")
    return _jdk(kept, arch)


def keep(store: Store, kept: KeptJdk, arch: str) -> None:
    """Record that a JVM is accepted, in the place of an earlier one of its feature release and processor."""
    file = store.root / "jdks" / f"{kept.major}-{arch}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(asdict(kept), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.rename(file)


def imported_jdks(store: Store) -> tuple[Jdk, ...]:
    """The JVMs that were imported, one for each feature release and processor."""
    return tuple(_jdk(kept, arch) for kept, arch in _kept(store))


def kept_for(release: Release, store: Store) -> tuple[KeptJdk, ...]:
    """The imported JVMs in which some component of a release can run, the oldest feature release first."""
    found = [kept for kept, arch in _kept(store) if arch == release.arch and _fits(kept, release)]
    return tuple(sorted(found, key=lambda kept: kept.major))


def jdk_of(release: Release, data: Any) -> KeptJdk:
    """A JVM from the index of a bundle, which may be a stranger's.

    Raises:
        ValueError: it is none, or no component of the release runs in it.
    """
    try:
        kept = _read(data)
        good = _fits(kept, release)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # Its text may be a stranger's, and long.
        raise ValueError("not the description of a JVM") from error
    if not good:
        raise ValueError(f"not a JVM for {release.name}: Java {kept.major}")
    return kept


def _fits(kept: KeptJdk, release: Release) -> bool:
    return any(java.minimum <= kept.major <= java.maximum for java in release.java.values())


def _kept(store: Store) -> Iterator[tuple[KeptJdk, str]]:
    """What the store has, with the processor of each."""
    for file in sorted((store.root / "jdks").glob("*.json")):
        major, _, arch = file.stem.partition("-")
        try:
            kept = _read(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # not one that this version wrote, or a damaged file: it counts as not there
        if str(kept.major) == major and store.holds(kept.artifact):
            yield kept, arch


def _read(data: Any) -> KeptJdk:
    """A JVM from its record. Raises ValueError, KeyError, TypeError or AttributeError for another form."""
    kept = KeptJdk(**{**data, "artifact": Artifact(**data["artifact"])})
    artifact = kept.artifact
    good = (
        artifact.kind == "archive"
        and artifact.name == f"jdk=={kept.version}"
        and kept.major
        and FILE_NAME.fullmatch(artifact.filename)
        and re.fullmatch("[0-9a-f]{64}", artifact.sha256)
        and type(artifact.size) is int
        and 0 < artifact.size <= LARGEST
        and re.fullmatch(r"2\.[0-9]{1,2}", kept.glibc)
        and len(kept.source) <= _TEXT
        and kept.source.isprintable()
    )
    if not good:
        raise ValueError("not the record of a JVM")
    return kept


def _jdk(kept: KeptJdk, arch: str) -> Jdk:
    return Jdk(kept.major, kept.version, arch, kept.glibc, Tree(kept.artifact.name, (kept.artifact,)))


def _home_in(folder: Path, source: str) -> Path:
    """The outermost directory with `bin/java` and a virtual machine below it; a JDK 8 has a JRE inside."""
    homes = [path.parent.parent for path in folder.rglob("bin/java") if path.is_file()]
    whole = [home for home in homes if any(any(home.glob(machine)) for machine in _MACHINES)]
    if not whole:
        raise ArtifactError(f"{source} has no bin/java with a virtual machine (libjvm.so) beside it")
    return min(whole, key=lambda home: len(home.parts))


def _judged(home: Path, source: str) -> str:
    """The version that a JVM reports when it is started. Raises ArtifactError."""
    argv = [str(home / "bin" / "java"), *_QUESTION]
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
            # JAVA_TOOL_OPTIONS and its kin change what a JVM does and prints.
            env={},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = f"{error.strerror}, so it may be for another processor" if isinstance(error, OSError) else str(error)
        raise ArtifactError(f"{source} does not start: {reason}") from error
    said = dict(_PROPERTY.findall(done.stderr + done.stdout))
    version: str = said.get("java.version", "")
    if done.returncode != 0 or not _VERSION.fullmatch(version):
        last = ([line for line in (done.stderr + done.stdout).splitlines() if line.strip()] or ["no message"])[-1]
        raise ArtifactError(f"{source} does not start like a JVM: status {done.returncode}, {last[:200]!r}")
    return version
