"""Builds the Python environments of a release from the node's store: offline, hashed, whole or not at all.

Parameters: `state` (`shared`: interpreter and shared environment; `thin`: the environment of one service), `base`,
`run`, `python` (digest, minor, interpreter, uv, wheels, requirements, imports, room), `user` (tries the imports;
"nobody" where it is empty), and for `thin` also `service`, `home`, `own` (packages that it has a copy of), `replaced`
(files that are rendered into it), `group` (may read it).

A directory without its marker `.complete` is what an interrupted build left: it is removed and built again. So is one
that is not as its record says (`fatecloud_watched`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import zipfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_imports import prove
from ansible.module_utils.fatecloud_inside import make_directory
from ansible.module_utils.fatecloud_node import Refused, clean_environment, owner_ids, replace, working
from ansible.module_utils.fatecloud_places import STORE
from ansible.module_utils.fatecloud_refused import conclude
from ansible.module_utils.fatecloud_running import run
from ansible.module_utils.fatecloud_store import (
    artifact_path,
    complete,
    intact,
    interpreter_path,
    opened,
    shared_path,
    watch,
)
from ansible.module_utils.fatecloud_unpack import Unpacking


def _interpreter(base: str, python: dict) -> str:
    """Where the unpacked interpreter is."""
    return interpreter_path(base, python["interpreter"]["sha256"])


def _mark(path: str, text: str) -> None:
    """Call a directory complete: nothing of it may then be where a power cut can take it."""
    replace(os.path.join(path, ".complete"), text.encode(), 0o644)


def call(argv: list, what: str, **options: object) -> str:
    """Run a program in a clean environment; its output.

    Raises:
        Refused: it fails.
    """
    options.setdefault("env", clean_environment())
    done = subprocess.run(  # noqa: PLW1510
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options
    )
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        raise Refused(f"{what} failed with status {done.returncode}: {' | '.join(text.strip().splitlines()[-5:])}")
    return text


def unpack_interpreter(base: str, python: dict, user: str) -> bool:
    """Unpack the interpreter, unless it is there; not marked yet. Whether it changed anything."""
    target = _interpreter(base, python)
    if intact(target):
        return False
    shutil.rmtree(target, ignore_errors=True)
    scratch = target + ".part"
    shutil.rmtree(scratch, ignore_errors=True)
    make_directory(scratch, 0o755)
    Unpacking(scratch).archive(opened(base, python["interpreter"]), python["interpreter"]["filename"])
    program = os.path.join(scratch, "bin", "python3")
    if not os.path.lexists(program):
        os.symlink("python" + python["minor"], program)
    tried = run([program, "-I", "-c", "import ssl, ctypes, venv"], user, timeout=120)
    if tried.status != 0:
        last = " | ".join((tried.out + tried.err).strip().splitlines()[-5:])
        raise Refused(f"the shipped interpreter failed with status {tried.status}: {last}")
    os.rename(scratch, target)
    return True


def uv_program(base: str, python: dict, scratch: str) -> str:
    """Unpack uv from its wheel."""
    with zipfile.ZipFile(opened(base, python["uv"])) as wheel:
        name = next(n for n in wheel.namelist() if n.endswith(".data/scripts/uv"))
        path = wheel.extract(name, scratch)
    os.chmod(path, 0o700)
    return path


def _new_venv(uv: str, interpreter: str, target: str) -> None:
    shutil.rmtree(target, ignore_errors=True)
    make_directory(os.path.dirname(target), 0o755)
    command = [
        "venv",
        # The user who runs this may have no home to keep a cache in, and an empty environment needs none.
        "--no-cache",
        "--quiet",
        "--no-config",
        "--offline",
        "--no-python-downloads",
        "--no-project",
        "-p",
        interpreter,
    ]
    call([uv, *command, target], "making a virtual environment")


def build_shared(base: str, python: dict, user: str) -> bool:
    """Build the release's shared environment under its final name; not marked yet. Whether it changed anything.

    Raises:
        Refused: too little space, a wrong hash, or a module that cannot be imported.
    """
    target = shared_path(base, python["digest"])
    if intact(target):
        return False
    os.umask(0o022)
    for leftover in (target, os.path.join(base, STORE, "tmp")):
        shutil.rmtree(leftover, ignore_errors=True)
    make_directory(os.path.join(base, STORE, "tmp"), 0o755)
    free = shutil.disk_usage(base).free
    if free < python["room"]:
        raise Refused(f"{base}: {free >> 20} MiB free, {python['room'] >> 20} MiB needed for the Python environment")
    # On the store's own file system: the cache is hard-linked into the environment, and /tmp may be small.
    with tempfile.TemporaryDirectory(dir=os.path.join(base, STORE, "tmp"), prefix="uv.") as scratch:
        uv = uv_program(base, python, scratch)
        wheels = os.path.join(scratch, "wheels")
        os.mkdir(wheels)
        for wheel in python["wheels"]:
            os.symlink(artifact_path(base, wheel), os.path.join(wheels, wheel["filename"]))
        requirements = os.path.join(scratch, "requirements.txt")
        with open(requirements, "w", encoding="utf-8") as file:
            file.write(python["requirements"])
        _new_venv(uv, os.path.join(_interpreter(base, python), "bin", "python3"), target)
        make_directory(target, 0o700)  # uv's lock in it could be held by anyone else
        program = os.path.join(target, "bin", "python")
        options = ["--no-config", "--offline", "--no-index", "--find-links", wheels, "--no-deps", "--require-hashes"]
        places = ["--cache-dir", os.path.join(scratch, "cache"), "--link-mode", "hardlink", "-p", program]
        call([uv, "pip", "install", "--quiet", *options, *places, "-r", requirements], "installing the wheels")
    # uv's own lock file, which any user may write to.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(target, ".lock"))
    make_directory(target, 0o755)
    # Gigabytes go to the disk while the processor is busy with the imports: the sync at the end then has little left.
    flushing = threading.Thread(target=os.sync)
    flushing.start()
    if python["imports"]:
        interpreter = _interpreter(base, python)
        prove(program, os.path.join(interpreter, "bin", "python3"), python["imports"], [target, interpreter], user)
    flushing.join()
    return True


def provide(base: str, python: dict, user: str) -> bool:
    """Make what is not there or was damaged; all of it counts once it is on the disk. Whether it changed anything."""
    changed = unpack_interpreter(base, python, user) | build_shared(base, python, user)
    if changed:
        watch(_interpreter(base, python))
        watch(shared_path(base, python["digest"]))
        os.sync()
        _mark(_interpreter(base, python), python["interpreter"]["sha256"] + "\n")
        _mark(shared_path(base, python["digest"]), python["digest"] + "\n")
    return changed


def compile_all(base: str, python: dict, paths: list) -> None:
    """Leave the bytecode of Python files beside them, for those who run them cannot; nothing of them is executed.

    A file that is not valid is named by whatever imports it; packages may hold some that nothing does.
    """
    program = os.path.join(_interpreter(base, python), "bin", "python3")
    subprocess.run(
        [program, "-I", "-S", "-m", "compileall", "-qq", *paths],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=clean_environment(),
        check=False,
    )


def build_thin(params: dict) -> bool:
    """Build the environment of one service. Whether it changed anything."""
    base, python, home = params["base"], params["python"], params["home"]
    target, marker = os.path.join(home, "venv"), python["digest"] + "\n"
    if complete(target) == marker and intact(target):
        return False
    os.umask(0o022)
    # Ours, as all of its home: what root and the service run there, the service cannot change.
    make_directory(home, 0o750, *owner_ids("", params["group"]))
    with tempfile.TemporaryDirectory(dir=os.path.join(base, STORE, "tmp"), prefix="uv.") as scratch:
        uv = uv_program(base, python, scratch)
        _new_venv(uv, os.path.join(_interpreter(base, python), "bin", "python3"), target)
    inner = os.path.join("lib", "python" + python["minor"], "site-packages")
    shared, own = os.path.join(shared_path(base, python["digest"]), inner), os.path.join(target, inner)
    for name in params["own"]:
        # A copy and never links: files of the service replace some of them, and the shared one must not notice.
        shutil.copytree(os.path.join(shared, name), os.path.join(own, name), symlinks=True)
    for path in params["replaced"]:
        if os.path.lexists(path):
            os.unlink(path)
    replace(os.path.join(own, "fatecloud-shared.pth"), (shared + "\n").encode(), 0o644)
    if params["own"]:
        compile_all(base, python, [os.path.join(own, name) for name in params["own"]])
    watch(target, tuple(os.path.relpath(path, target) for path in params["replaced"]))
    os.sync()
    _mark(target, marker)
    return True


def ensure(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Build what is missing.

    Raises:
        Refused: it cannot be built, with the reason.
    """
    base, python = params["base"], params["python"]
    with working(base, params["run"], check, wait=900) as manifest:
        if params["state"] == "thin":
            target = os.path.join(params["home"], "venv")
            there = complete(target) == python["digest"] + "\n" and intact(target)
            return {"changed": not there if check else build_thin(params)}
        if check:
            whole = intact(shared_path(base, python["digest"])) and intact(_interpreter(base, python))
            return {"changed": not whole}
        changed = provide(base, python, params["user"])
        made = (_interpreter(base, python), shared_path(base, python["digest"]))
        manifest.note("made", [os.path.relpath(path, os.path.join(base, STORE)) for path in made])
    return {"changed": changed}


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "state": {"choices": ["shared", "thin"], "required": True},
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "python": {"type": "dict", "required": True},
            "service": {"default": "node"},
            "home": {"type": "path", "default": ""},
            "own": {"type": "list", "elements": "str", "default": []},
            "replaced": {"type": "list", "elements": "str", "default": []},
            "user": {"default": ""},
            "group": {"default": ""},
        },
        supports_check_mode=True,
    )
    conclude(module, ensure, service=module.params["service"])


if __name__ == "__main__":
    main()
