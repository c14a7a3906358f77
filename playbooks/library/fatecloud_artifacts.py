"""Keeps a node's store of artifacts. The action plugin of the same name brings the bytes.

Parameters: `state` (`missing` returns what the node lacks and where to put it, `stored` takes it in), `base`, `run`,
`artifacts` (list of sha256, filename, size), `login` (user that uploads), `big` (bytes from which on an artifact does
not travel in a bundle), `parts` (what is made of them: list of `kind`, `id`, and hashes of its `artifacts`), `sources`
(sha256 -> path on this machine, where controller and node are one).
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import tarfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_inside import make_directory, sha256_of
from ansible.module_utils.fatecloud_node import Manifest, Refused, working
from ansible.module_utils.fatecloud_places import STORE
from ansible.module_utils.fatecloud_refused import conclude
from ansible.module_utils.fatecloud_store import artifact_path, intact, part_path

ROOM = 64 << 20
"""Bytes that must stay free beside what is shipped."""


def missing(params: dict) -> list:
    """The artifacts that the node lacks, or has damaged: a power cut may leave the beginning of a file.

    Those that this deploy will use are hashed; of the others, from which something was made already, only the size is
    compared.
    """
    base, used = params["base"], used_of(params["base"], params["parts"])
    return [a for a in params["artifacts"] if not _there(artifact_path(base, a), a, hashed=a["sha256"] in used)]


def used_of(base: str, parts: list) -> set:
    """Hashes of the artifacts that will be used: those of what is not made yet or was damaged, and tools every time."""
    lacking = [part for part in parts if not intact(part_path(base, part["kind"], part["id"]))]
    return {sha256 for part in lacking for sha256 in part["artifacts"]}


def _there(path: str, artifact: dict, *, hashed: bool) -> bool:
    try:
        same_size = os.stat(path, follow_symlinks=False).st_size == artifact["size"]
    except OSError:
        return False
    return same_size and (not hashed or sha256_of(path, artifact["size"]) == artifact["sha256"])


def incoming(base: str, run: str) -> str:
    """Where this run's uploads arrive."""
    return os.path.join(base, STORE, "incoming", run)


def prepare(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Return what is missing and, unless only checking, make room for it.

    Raises:
        Refused: the file system has too little space.
    """
    lacking, base = missing(params), params["base"]
    if check or (not lacking and _settled(params)):
        return {"changed": bool(lacking), "missing": lacking}
    with working(base, params["run"]) as manifest:
        shutil.rmtree(os.path.join(base, STORE, "incoming"), ignore_errors=True)
        if not lacking:
            manifest.note("artifacts", [a["sha256"] for a in params["artifacts"]])
            return {"changed": True, "missing": lacking}
        folder = incoming(base, params["run"])
        make_directory(folder, 0o700)
        if os.geteuid() == 0 and params["login"]:
            os.chown(folder, pwd.getpwnam(params["login"]).pw_uid, -1)
        # Files that travel in a bundle are there twice for a moment.
        bundled = sum(a["size"] for a in lacking if a["size"] < params["big"])
        needed, free = bundled + sum(a["size"] for a in lacking) + ROOM, shutil.disk_usage(folder).free
        if needed > free:
            raise Refused(f"{base}: {free >> 20} MiB free, {needed >> 20} MiB needed to ship {len(lacking)} artifacts")
    return {"changed": True, "missing": lacking, "incoming": folder}


def _settled(params: dict) -> bool:
    """Whether a run that brought the artifacts also came to its end: noted them, and left no place for uploads."""
    noted = set(Manifest(params["base"]).data["artifacts"])
    arriving = os.path.join(params["base"], STORE, "incoming")
    return noted.issuperset(a["sha256"] for a in params["artifacts"]) and not os.path.exists(arriving)


def _take(artifact: dict, source: str, base: str) -> None:
    """Check a file and move it into the store.

    Raises:
        Refused: it is not what it should be.
    """
    digest = sha256_of(source, artifact["size"])
    if digest != artifact["sha256"]:
        raise Refused(f"{artifact['filename']}: arrived with sha256 {digest}, expected {artifact['sha256']}")
    target = artifact_path(base, artifact)
    make_directory(os.path.dirname(target), 0o755)
    if os.geteuid() == 0:
        os.chown(source, 0, 0)
    os.chmod(source, 0o444)
    os.rename(source, target)


def _unbundle(folder: str) -> None:
    bundle = os.path.join(folder, "bundle.tar")
    if os.path.exists(bundle):
        with tarfile.open(bundle) as tar:
            for member in tar:
                path = os.path.join(folder, os.path.basename(member.name))
                with tar.extractfile(member) as data, open(path, "wb") as file:
                    shutil.copyfileobj(data, file, 1 << 20)
        os.unlink(bundle)


def _copy(source: str, target: str) -> None:
    """Copy within this machine: shared blocks where the file system can, bytes otherwise; never a shared inode."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(target)
    shutil.copyfile(source, target)


def store(params: dict) -> dict:
    """Take in what has arrived.

    Raises:
        Refused: something did not arrive, or arrived damaged.
    """
    base, sources = params["base"], params["sources"]
    with working(base, params["run"]) as manifest:
        folder = incoming(base, params["run"])
        _unbundle(folder)
        taken = []
        for artifact in missing(params):
            part = os.path.join(folder, artifact["sha256"] + ".part")
            if artifact["sha256"] in sources:
                _copy(sources[artifact["sha256"]], part)
            if not os.path.isfile(part):
                raise Refused(f"{artifact['filename']} did not arrive")
            _take(artifact, part, base)
            taken.append(artifact["sha256"])
        shutil.rmtree(os.path.join(base, STORE, "incoming"), ignore_errors=True)
        manifest.note("artifacts", [a["sha256"] for a in params["artifacts"]])
    return {"changed": bool(taken), "stored": len(taken)}


def apply(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Say what is missing, or put it into the store."""
    return prepare(params, check) if params["state"] == "missing" else store(params)


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "state": {"choices": ["missing", "stored"], "required": True},
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "artifacts": {"type": "list", "elements": "dict", "required": True},
            "login": {"default": ""},
            "big": {"type": "int", "default": 0},
            "parts": {"type": "list", "elements": "dict", "required": True},
            "sources": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    conclude(module, apply)


if __name__ == "__main__":
    main()
