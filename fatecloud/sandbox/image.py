"""Makes the images of sandbox nodes: a base from debootstrap, and a layer of downloaded packages on top."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import docker
from docker.errors import ImageNotFound

from fatecloud.errors import SandboxError
from fatecloud.model.event import Event, Listener
from fatecloud.sandbox.engine import LABEL, refusals
from fatecloud.sandbox.recipe import PACKAGES, REPOSITORY, Recipe

_BUILD_DEADLINE = 900


def ensure_image(client: docker.DockerClient, recipe: Recipe, packages: Sequence[str], say: Listener) -> str:
    """Make the image that a recipe describes, unless it exists.

    Args:
        client: the Docker Engine.
        recipe: the content of the base.
        packages: distribution packages that are downloaded into the image (but not installed), so that an
            installation on a node needs no download; empty for none.
        say: receives progress, because it takes about a minute.

    Returns:
        Name and tag of the image.

    Raises:
        SandboxError: debootstrap is not installed or fails, this is not root, or Docker fails.
    """
    base = f"{REPOSITORY}:{recipe.tag}"
    with refusals(f"looking for the image {base}"):
        if not _present(client, base):
            _build_base(client, recipe, base, say)
        return _with_packages(client, base, packages, say) if packages else base


def _present(client: docker.DockerClient, name: str) -> bool:
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True


def _build_base(client: docker.DockerClient, recipe: Recipe, name: str, say: Listener) -> None:
    if not shutil.which("debootstrap", path=_path()):
        raise SandboxError(
            f"the sandbox image {name} does not exist yet, and debootstrap, which makes it, is not installed",
            remedy="Install it with `apt-get install debootstrap`.",
        )
    if os.geteuid() != 0:
        raise SandboxError(
            f"the sandbox image {name} does not exist yet, and making it needs root (once)",
            remedy=f"Run `sudo fatecloud sandbox up --image {recipe.image}` once.",
        )
    started = time.monotonic()
    say(Event("step", f"making the image {name} with debootstrap (once, about a minute)"))
    with tempfile.TemporaryDirectory(prefix="fatecloud-sandbox-") as scratch:
        root = Path(scratch) / "root"
        _run(
            "debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", recipe.suite, str(root),
            recipe.apt.mirror,
        )  # fmt: skip
        _customise(root, recipe)
        _import(client, root, recipe)
    say(Event("ok", f"image {name} made", detail=f"{time.monotonic() - started:.0f} s"))


def _customise(root: Path, recipe: Recipe) -> None:
    for name, (mode, text) in recipe.files().items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
    for argv in recipe.commands():
        _run("chroot", str(root), *argv)


def _import(client: docker.DockerClient, root: Path, recipe: Recipe) -> None:
    packing = ("tar", "--numeric-owner", "-C", str(root), "-c", ".")
    with subprocess.Popen(packing, stdout=subprocess.PIPE) as archive:
        try:
            client.api.import_image_from_stream(
                archive.stdout, REPOSITORY, recipe.tag, changes=["ENV container=docker", f"LABEL {LABEL}=image"]
            )
            status = archive.wait()
        finally:
            archive.kill()
    if status != 0:
        raise SandboxError(f"packing the image failed with status {status}")


def _with_packages(client: docker.DockerClient, base: str, packages: Sequence[str], say: Listener) -> str:
    names = sorted(set(packages))
    name = f"{base}-{hashlib.sha256(' '.join(names).encode()).hexdigest()[:8]}"
    if _present(client, name):
        return name
    say(Event("step", f"downloading {', '.join(names)} into the image {name} (once)"))
    command = 'apt-get -q update && apt-get -qy install --download-only "$@"'
    container = client.containers.create(base, ["sh", "-c", command, "sh", *names], labels={LABEL: "image"})
    try:
        container.start()
        status = container.wait()["StatusCode"]
        if status != 0:
            last = container.logs(tail=5).decode(errors="replace").strip()
            raise SandboxError(f"downloading packages into {name} failed:\n{last}")
        repository, tag = name.split(":")
        container.commit(repository, tag)
    finally:
        container.remove(force=True)
    return name


def _run(*argv: str) -> None:
    try:
        done = subprocess.run(
            argv,
            env={**os.environ, "PATH": _path(), "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=_BUILD_DEADLINE,
        )
    except subprocess.TimeoutExpired:
        raise SandboxError(f"{argv[0]} did not end within {_BUILD_DEADLINE} s") from None
    if done.returncode != 0:
        last = "\n".join(done.stdout.strip().splitlines()[-5:])
        raise SandboxError(f"{' '.join(argv)} failed with status {done.returncode}:\n{last}")


def _path() -> str:
    # A user's PATH often lacks the directories of debootstrap and chroot.
    return f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"
