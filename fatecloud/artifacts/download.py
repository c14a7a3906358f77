"""Downloads locked wheels and sdists with pip, several at a time. pip's own settings (index, proxy, CA) apply."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event

from fatecloud.artifacts.progress import Progress
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactError, HashMismatch
from fatecloud.model.artifact import Artifact

WORKERS = 4
"""Processes of pip at the same time: enough to hide the latency of an index, few enough for its rate limits."""
ALONE = 50_000_000
"""Files of at least this many bytes get a process of their own."""
TOGETHER = 21
"""Small files per process: starting pip takes longer than fetching one of them, and all workers should get some."""

_RECEIVED = re.compile(r"Progress (\d+) of \d+")
_FILE = re.compile(r"\s*(?:Downloading|Using cached) (\S+)")


def download_wheels(wheels: Sequence[Artifact], minor: str, store: Store, progress: Progress) -> None:
    """Bring wheels into the store; what arrived before a failure stays there.

    Args:
        wheels: the missing wheels.
        minor: the Python series that they are for; the controller's own Python may be another one.
        store: gets each file as soon as its process ends.
        progress: is informed about each file.

    Raises:
        ArtifactError: pip failed; with the names of the artifacts and pip's error lines.
        HashMismatch: an index served a file with another hash than the locked one.
    """
    stop = Event()
    with ThreadPoolExecutor(WORKERS) as pool:
        # An installer is a program, which takes an old Python that pip would not install it for.
        own = ".".join(map(str, sys.version_info[:2]))
        series = {kind: own if kind == "installer" else minor for kind in {wheel.kind for wheel in wheels}}
        jobs = [
            pool.submit(_wheels, batch, python, store, progress, stop)
            for kind, python in series.items()
            for batch in _batches(wheel for wheel in wheels if wheel.kind == kind)
        ]
        try:
            _ended, waiting = wait(jobs, return_when=FIRST_EXCEPTION)
        except KeyboardInterrupt:
            stop.set()
            waiting = set(jobs)
        for job in waiting:
            job.cancel()
    if stop.is_set():
        raise KeyboardInterrupt
    for job in jobs:
        if not job.cancelled():
            job.result()


def download_sdists(
    sdists: Sequence[Artifact], python: Path, environment: Mapping[str, str], store: Store, progress: Progress
) -> None:
    """Bring sdists into the store.

    pip reads the metadata of an sdist by running its build, so `python` must be an environment with the pinned builder.

    Raises:
        ArtifactError, HashMismatch: see `download_wheels`.
    """
    options = ["--no-binary", ":all:", "--no-build-isolation"]
    _pip(list(sdists), ["--python", str(python)], options, store, progress, environment)


def _batches(artifacts: Iterable[Artifact]) -> list[list[Artifact]]:
    # The largest ones first: what takes longest must not begin last.
    ordered = sorted(artifacts, key=lambda artifact: -artifact.size)
    alone = [[artifact] for artifact in ordered if artifact.size >= ALONE]
    rest = ordered[len(alone) :]
    # Dealt out in turn, so that no process gets all the large ones.
    count = -(-len(rest) // TOGETHER)
    return alone + [rest[number::count] for number in range(count)]


def _wheels(batch: list[Artifact], minor: str, store: Store, progress: Progress, stop: Event) -> None:
    tags = [artifact.filename.removesuffix(".whl").rsplit("-", 2)[1:] for artifact in batch]
    # pip takes all tags for all files of one call, and the hashes still decide which file it is.
    abis = sorted({abi for tag in tags for abi in tag[0].split(".")} | {"none"})
    platforms = sorted({platform for tag in tags for platform in tag[1].split(".")} - {"any"})
    options = ["--only-binary", ":all:", "--implementation", "cp", "--python-version", minor]
    options += [f"--abi={abi}" for abi in abis] + [f"--platform={platform}" for platform in platforms]
    _pip(batch, [], options, store, progress, stop=stop)


def _pip(
    batch: list[Artifact],
    first: list[str],
    options: list[str],
    store: Store,
    progress: Progress,
    environment: Mapping[str, str] | None = None,
    stop: Event | None = None,
) -> None:
    with store.workspace() as folder:
        wanted = folder / "requirements.txt"
        wanted.write_text("".join(f"{artifact.name} --hash=sha256:{artifact.sha256}\n" for artifact in batch))
        argv = [sys.executable, "-m", "pip", *first, "download", *options, "--no-deps", "--require-hashes"]
        # No question can be answered here, and no index but the operator's own is asked.
        argv += ["--no-input", "--disable-pip-version-check", "--progress-bar", "raw"]
        argv += ["--dest", str(folder), "--requirement", str(wanted)]
        output = _follow(argv, progress, environment, stop or Event())
        for artifact in batch:
            file = folder / artifact.filename
            if not file.exists():
                raise _failure(batch, output)
            store.take(file, artifact)
            progress.done(artifact)


def _follow(argv: list[str], progress: Progress, environment: Mapping[str, str] | None, stop: Event) -> list[str]:
    """Run pip and report its progress; returns all other lines of its output."""
    output: list[str] = []
    current = ""
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=environment
    ) as pip:
        for line in pip.stdout or ():
            if stop.is_set():
                pip.terminate()
            received, file = _RECEIVED.match(line), _FILE.match(line)
            if received:
                progress.received(current, int(received[1]))
                continue
            if file:
                current = file[1]
            output.append(line.rstrip())
    return output


def _failure(batch: list[Artifact], output: list[str]) -> ArtifactError:
    start = next((number for number, line in enumerate(output) if "ERROR" in line), None)
    lines = output[start:] if start is not None else output
    text = " | ".join(line.strip() for line in lines if line.strip())[-1200:]
    named = [artifact.name for artifact in batch if artifact.name in text] or [artifact.name for artifact in batch]
    kind = HashMismatch if "DO NOT MATCH THE HASHES" in text else ArtifactError
    return kind(
        f"fetching {', '.join(named)}: pip reports: {text or 'nothing'}",
        remedy="fix what pip reports (index, proxy and CA settings are pip's own) and run the same command again; "
        "files that are already in the store are kept",
    )
