"""Artifacts and environments are whole or not there; packages are ours only when we install them."""

import errno
import hashlib
import json
import os
import subprocess
import sys
import tarfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from modules import action, module, take, utility

artifacts = module("fatecloud_artifacts")
python = module("fatecloud_python")
system = module("fatecloud_system")
prune = module("fatecloud_prune")
node = utility("fatecloud_node")
imports = utility("fatecloud_imports")
store = utility("fatecloud_store")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    take(tmp_path / "fate")
    return tmp_path / "fate"


def artifact(text: bytes, name: str = "a.whl") -> dict[str, Any]:
    return {"sha256": hashlib.sha256(text).hexdigest(), "filename": name, "size": len(text)}


def asked(base: Path, wanted: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    parts = [{"kind": "venv", "id": "e" * 16, "artifacts": [one["sha256"] for one in wanted]}]
    plain = {"base": str(base), "run": "r1", "artifacts": wanted, "login": "", "parts": parts, "sources": {}, "big": 0}
    return plain | changes


def test_only_what_is_missing_is_asked_for_and_it_lands_under_its_hash(base: Path) -> None:
    one, two = artifact(b"one", "one.whl"), artifact(b"two", "two.whl")
    result = artifacts.prepare(asked(base, [one, two]), check=False)
    assert result["missing"] == [one, two]
    arriving = Path(result["incoming"])
    (arriving / f"{one['sha256']}.part").write_bytes(b"one")
    with tarfile.open(arriving / "bundle.tar", "w") as tar:
        (base.parent / "two").write_bytes(b"two")
        tar.add(base.parent / "two", f"{two['sha256']}.part")
    assert artifacts.store(asked(base, [one, two]))["stored"] == 2
    stored = base / "store" / "artifacts" / two["sha256"] / "two.whl"
    assert stored.read_bytes() == b"two"
    assert stored.stat().st_mode & 0o777 == 0o444
    assert not (base / "store" / "incoming").exists()
    assert artifacts.prepare(asked(base, [one, two]), check=False) == {"changed": False, "missing": []}
    known = json.loads((base / ".fatecloud" / "manifest.json").read_text())["artifacts"]
    assert known == sorted([one["sha256"], two["sha256"]])


def test_what_a_power_cut_left_undone_after_the_last_artifact_is_done(base: Path) -> None:
    one = artifact(b"one", "one.whl")
    stored = base / "store" / "artifacts" / one["sha256"] / "one.whl"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"one")
    (base / "store" / "incoming" / "r0").mkdir(parents=True)
    assert artifacts.prepare(asked(base, [one]), check=False) == {"changed": True, "missing": []}
    assert json.loads((base / ".fatecloud" / "manifest.json").read_text())["artifacts"] == [one["sha256"]]
    assert not (base / "store" / "incoming").exists()
    assert artifacts.prepare(asked(base, [one]), check=False) == {"changed": False, "missing": []}


def test_an_artifact_that_a_power_cut_left_in_part_is_brought_again(base: Path) -> None:
    one = artifact(b"one", "one.whl")
    stored = base / "store" / "artifacts" / one["sha256"] / "one.whl"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"on")
    arriving = Path(artifacts.prepare(asked(base, [one]), check=False)["incoming"])
    (arriving / f"{one['sha256']}.part").write_bytes(b"one")
    assert artifacts.store(asked(base, [one]))["stored"] == 1
    assert stored.read_bytes() == b"one"


def test_a_damaged_artifact_is_refused_by_name(base: Path) -> None:
    one = artifact(b"one", "one.whl")
    arriving = Path(artifacts.prepare(asked(base, [one]), check=False)["incoming"])
    (arriving / f"{one['sha256']}.part").write_bytes(b"bad")
    with pytest.raises(node.Refused, match=r"one\.whl: arrived with sha256"):
        artifacts.store(asked(base, [one]))
    assert artifacts.missing(asked(base, [one])) == [one]


def test_an_artifact_that_did_not_arrive_is_named(base: Path) -> None:
    one = artifact(b"one", "one.whl")
    artifacts.prepare(asked(base, [one]), check=False)
    with pytest.raises(node.Refused, match=r"one\.whl did not arrive"):
        artifacts.store(asked(base, [one]))


def test_on_this_machine_it_is_copied_and_the_source_stays_as_it_was(base: Path, tmp_path: Path) -> None:
    one, source = artifact(b"one", "one.whl"), tmp_path / "source"
    source.write_bytes(b"one")
    source.chmod(0o600)
    artifacts.prepare(asked(base, [one]), check=False)
    artifacts.store(asked(base, [one], sources={one["sha256"]: str(source)}))
    assert source.stat().st_mode & 0o777 == 0o600
    assert source.stat().st_nlink == 1


def test_too_little_space_is_reported_before_anything_is_sent(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = artifacts.shutil.disk_usage(base)
    monkeypatch.setattr(artifacts.shutil, "disk_usage", lambda _path: usage._replace(free=50 << 20))
    with pytest.raises(node.Refused, match="50 MiB free"):
        artifacts.prepare(asked(base, [artifact(b"one")]), check=False)


@pytest.mark.parametrize("big", [0, 10, 15, 100])
def test_only_what_travels_in_a_bundle_needs_its_room_twice(
    base: Path, monkeypatch: pytest.MonkeyPatch, big: int
) -> None:
    usage = artifacts.shutil.disk_usage(base)
    wanted = [artifact(b"x" * 10), artifact(b"y" * 20)]
    needed = artifacts.ROOM + 30 + sum(a["size"] for a in wanted if a["size"] < big)
    monkeypatch.setattr(artifacts.shutil, "disk_usage", lambda _path: usage._replace(free=needed))
    assert artifacts.prepare(asked(base, wanted, big=big), check=False)["missing"] == wanted
    monkeypatch.setattr(artifacts.shutil, "disk_usage", lambda _path: usage._replace(free=needed - 1))
    with pytest.raises(node.Refused, match="MiB needed to ship 2 artifacts"):
        artifacts.prepare(asked(base, wanted, big=big), check=False)


def bundle_in_a_process_of_its_own(folder: Path, wanted: list[dict[str, Any]]) -> str:
    return str(action("fatecloud_artifacts").bundle(str(folder), wanted))


def test_a_bundle_is_packed_once_for_all_nodes_that_lack_the_same(tmp_path: Path) -> None:
    wanted = []
    for text in (b"one", b"two"):
        (tmp_path / text.decode()).write_bytes(text)
        wanted.append(artifact(text) | {"path": str(tmp_path / text.decode())})
    folder = tmp_path / "ansible"
    folder.mkdir()
    with ProcessPoolExecutor(8) as forks:
        paths = list(forks.map(bundle_in_a_process_of_its_own, [folder] * 16, [wanted, wanted[::-1]] * 8))
    assert len(set(paths)) == 1
    inode = Path(paths[0]).stat().st_ino
    assert len(list(folder.glob("*.tar"))) == 1
    assert bundle_in_a_process_of_its_own(folder, wanted[:1]) != paths[0]
    assert Path(bundle_in_a_process_of_its_own(folder, wanted)).stat().st_ino == inode, "packed again"
    with tarfile.open(paths[0]) as tar:
        assert sorted(tar.getnames()) == sorted(f"{a['sha256']}.part" for a in wanted)


def test_check_mode_only_reports(base: Path) -> None:
    assert artifacts.prepare(asked(base, [artifact(b"one")]), check=True)["changed"]
    assert not (base / "store").exists()


PYTHON: dict[str, Any] = {
    "digest": "d" * 64,
    "minor": "3.10",
    "interpreter": {"sha256": "1" * 64, "filename": "cpython.tar.gz"},
    "uv": {"sha256": "2" * 64, "filename": "uv.whl"},
    "wheels": [],
    "requirements": "",
    "imports": [],
    "room": 1,
}


def interpreter(base: Path, tmp_path: Path, program: str) -> dict[str, Any]:
    tree = tmp_path / "tree" / "bin"
    tree.mkdir(parents=True, exist_ok=True)
    (tree / "python3.10").write_text(program)
    (tree / "python3.10").chmod(0o755)
    packed = tmp_path / "cpython.tar.gz"
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(
            tree,
            "bin",
            filter=lambda member: member.replace(uid=1000, gid=1000, uname="daemon", mode=0o777, deep=False),
        )
    found = {"sha256": hashlib.sha256(packed.read_bytes()).hexdigest(), "filename": "cpython.tar.gz"}
    target = Path(store.artifact_path(str(base), found))
    target.parent.mkdir(parents=True)
    packed.rename(target)
    return PYTHON | {"interpreter": found}


def test_an_interpreter_is_tried_and_then_there_at_once(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        python, "build_shared", lambda base, wanted, _: _made(store.shared_path(base, wanted["digest"]))
    )
    wanted = interpreter(base, tmp_path, "#!/bin/sh\nexit 0\n")
    half = Path(store.interpreter_path(str(base), wanted["interpreter"]["sha256"]))
    (half / "bin").mkdir(parents=True)
    assert python.provide(str(base), wanted, "")
    assert python.complete(str(half)) == wanted["interpreter"]["sha256"] + "\n"
    status = (half / "bin" / "python3").stat()
    assert (status.st_uid, status.st_mode & 0o7777) == (os.geteuid(), 0o755)
    assert not python.unpack_interpreter(str(base), wanted, "")
    removed_later(half / "bin" / "python3.10")
    assert python.unpack_interpreter(str(base), wanted, "")
    assert (half / "bin" / "python3.10").exists()


def removed_later(path: Path) -> None:
    """Remove a file; its directory has another second then."""
    path.unlink()
    os.utime(path.parent, (1, 1))


def _made(path: str) -> bool:
    Path(path).mkdir(parents=True)
    return True


def test_an_interpreter_that_does_not_run_here_is_not_accepted(base: Path, tmp_path: Path) -> None:
    wanted = interpreter(base, tmp_path, "#!/bin/sh\necho 'GLIBC_2.99 not found'\nexit 1\n")
    with pytest.raises(node.Refused, match=r"GLIBC_2\.99 not found"):
        python.unpack_interpreter(str(base), wanted, "")
    assert python.complete(store.interpreter_path(str(base), wanted["interpreter"]["sha256"])) is None


def test_an_unfinished_environment_is_removed_and_a_finished_one_left_alone(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Path(store.shared_path(str(base), PYTHON["digest"]))
    (target / "half").mkdir(parents=True)

    def fake_uv(argv: list[str], _what: str, **_options: Any) -> str:
        if "venv" in argv:
            assert not (target / "half").exists()
            Path(argv[-1]).mkdir(parents=True)
        return ""

    monkeypatch.setattr(python, "uv_program", lambda *_args: "uv")
    monkeypatch.setattr(python, "call", fake_uv)
    killed = base / "store" / "tmp" / "uv.of-a-killed-build"
    killed.mkdir(parents=True)
    monkeypatch.setattr(python, "unpack_interpreter", lambda base, *_: _made(store.interpreter_path(base, "1" * 64)))
    assert python.provide(str(base), PYTHON, "")
    assert not killed.exists()
    assert python.complete(str(target)) == PYTHON["digest"] + "\n"
    assert not python.build_shared(str(base), PYTHON, "")
    (target / "by hand").touch()
    assert python.build_shared(str(base), PYTHON, "")
    assert not (target / "by hand").exists()


def test_a_failed_installation_leaves_no_marker(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(argv: list[str], what: str, **_options: Any) -> str:
        if "install" in argv:
            raise node.Refused(what)
        Path(argv[-1]).mkdir(parents=True)
        return ""

    monkeypatch.setattr(python, "uv_program", lambda *_args: "uv")
    monkeypatch.setattr(python, "call", fails)
    with pytest.raises(node.Refused, match="installing the wheels"):
        python.build_shared(str(base), PYTHON, "")
    assert python.complete(store.shared_path(str(base), PYTHON["digest"])) is None
    assert list((base / "store" / "tmp").iterdir()) == []


def test_a_thin_environment_has_its_own_copy_and_a_path_to_the_shared_one(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = Path("lib/python3.10/site-packages")
    shared = Path(store.shared_path(str(base), PYTHON["digest"])) / inner
    (shared / "own").mkdir(parents=True)
    (shared / "own" / "settings.py").write_text("upstream's")
    (shared / "own" / "code.py").write_text("code")
    (shared / "own" / "damaged.py").write_text("def (")
    (base / "store" / "tmp").mkdir()
    home = base / "home"
    program = Path(store.interpreter_path(str(base), PYTHON["interpreter"]["sha256"]), "bin", "python3")
    program.parent.mkdir(parents=True)
    program.symlink_to(sys.executable)
    monkeypatch.setattr(python, "uv_program", lambda *_args: "uv")
    monkeypatch.setattr(python, "call", lambda argv, _what: "venv" in argv and _made(f"{argv[-1]}/{inner}"))
    settings = home / "venv" / inner / "own" / "settings.py"
    asking = {
        "base": str(base),
        "python": PYTHON,
        "home": str(home),
        "own": ["own"],
        "replaced": [str(settings)],
        "user": "root",
        "group": "root",
    }
    assert python.build_thin(asking)
    assert not settings.exists()
    # The service cannot write here, so its bytecode is there already.
    assert [path.name.split(".")[0] for path in (settings.parent / "__pycache__").iterdir()] == ["code"]
    assert (settings.parent / "code.py").stat().st_ino != (shared / "own" / "code.py").stat().st_ino
    assert (home / "venv" / inner / "fatecloud-shared.pth").read_text() == f"{shared}\n"
    assert (home / "venv" / ".complete").read_text() == PYTHON["digest"] + "\n"
    settings.write_text("rendered")
    assert not python.build_thin(asking)
    removed_later(settings.parent / "code.py")
    assert python.build_thin(asking)
    assert (settings.parent / "code.py").exists()
    assert python.build_thin({**asking, "python": PYTHON | {"digest": "e" * 64, "own": []}, "own": []})


WANTS = [
    {"packages": {"debian": ["nginx"]}, "units": {"debian": ["nginx.service"]}},
    {"packages": {"debian": ["mariadb-server"], "redhat": ["mariadb"]}, "units": {"debian": ["mariadb.service"]}},
]


def test_only_the_units_of_packages_that_we_bring_are_masked(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "family_here", lambda: "debian")
    monkeypatch.setattr(system, "installed", lambda _family, _names: {"nginx"})
    accounts = [{"user": name, "group": name, "comment": "", "shared": True} for name in ("root", "no-such-user")]
    result = system.query({"base": str(base), "wants": WANTS, "accounts": accounts})
    assert result["packages"] == ["mariadb-server"]
    assert result["units"] == ["mariadb.service"]
    assert result["accounts"] == accounts[1:]


def test_units_are_masked_where_systemd_does_not_run(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    units = base / "units"
    monkeypatch.setattr(system, "UNITS", str(units))
    monkeypatch.setattr(system.os.path, "isdir", lambda path: path != "/run/systemd/system" and Path(path).is_dir())
    claimed = {"base": str(base), "run": "r1", "packages": ["nginx"], "units": ["nginx.service"], "accounts": []}
    assert system.claim(claimed)["changed"]
    assert (units / "nginx.service").readlink() == Path("/dev/null")
    assert not system.claim(claimed)["changed"]


class Store:
    """A node's store with what two releases need, a and b: an interpreter, an environment on it, and a tree each."""

    def __init__(self, base: Path) -> None:
        self.base = base
        for letter in "ab":
            interpreter = self.path("python", letter) / "bin" / "python3"
            interpreter.parent.mkdir(parents=True)
            interpreter.touch()
            self.environment(self.path("venv", letter), letter)
            self.complete(self.path("tree", letter), letter)
            (base / "store" / "artifacts" / (letter * 64)).mkdir(parents=True)
        (base / "store" / "incoming" / "r0").mkdir(parents=True)
        kinds = ("python", "venv", "tree", "tool")
        self.release = [{"kind": kind, "id": "b" * 16, "artifacts": ["b" * 64]} for kind in kinds]
        with node.working(str(base), "r1") as manifest:
            manifest.data["made"] = [f"{kind}/{letter * 16}" for kind in ("tree", "venv") for letter in "ab"]
            manifest.data["artifacts"] = [letter * 64 for letter in "ab"]

    def path(self, kind: str, letter: str) -> Path:
        return self.base / "store" / kind / (letter * 16)

    def complete(self, path: Path, letter: str, more: str = "") -> None:
        path.mkdir(parents=True, exist_ok=True)
        (path / ".complete").write_text(letter * 64 + "\n" + more)

    def environment(self, path: Path, letter: str) -> None:
        (path / "bin").mkdir(parents=True)
        (path / "bin" / "python").symlink_to(self.path("python", letter) / "bin" / "python3")
        self.complete(path, letter)

    def prune(self, *, check: bool = False, **changes: Any) -> dict[str, Any]:
        asked = {"base": str(self.base), "run": "r1", "parts": self.release} | changes
        return dict(prune.apply(asked, check=check))

    def left(self) -> list[str]:
        found = {f"{path.parent.name}/{path.name[0]}" for path in (self.base / "store").glob("*/*")}
        assert "incoming/r" in found, "what arrives is not pruned"
        return sorted(found - {"incoming/r"})


KINDS = ("artifacts", "python", "tree", "venv")
BOTH = [f"{kind}/{letter}" for kind in KINDS for letter in "ab"]
ONLY_B = [f"{kind}/b" for kind in KINDS]


def test_what_only_an_older_release_needed_is_removed(base: Path) -> None:
    store = Store(base)
    assert store.prune(check=True)["changed"]
    assert store.left() == BOTH
    result = store.prune()
    assert sorted(path[: path.index("a" * 16) + 1] for path in result["removed"]) == [f"{kind}/a" for kind in KINDS]
    assert store.left() == ONLY_B
    manifest = json.loads((base / ".fatecloud" / "manifest.json").read_text())
    assert manifest["made"] == [f"{kind}/{'b' * 16}" for kind in ("tree", "venv")]
    assert manifest["artifacts"] == ["b" * 64]
    assert not store.prune()["changed"]


def test_an_environment_that_a_service_was_made_from_stays_with_its_interpreter(base: Path) -> None:
    store = Store(base)
    store.environment(base / "home" / "venv", "a")
    with node.working(str(base), "r1") as manifest:
        manifest.data["services"]["9999/flow@a1"] = {"home": str(base / "home")}
    store.prune()
    assert store.left() == [entry for entry in BOTH if entry not in ("artifacts/a", "tree/a")]


def test_a_tree_that_a_service_sees_stays(base: Path) -> None:
    store = Store(base)
    store.complete(base / "home" / "trees" / "app", "a", "how it is shown\n")
    with node.working(str(base), "r1") as manifest:
        manifest.data["services"]["9999/flow@a1"] = {"home": str(base / "home")}
    store.prune()
    assert store.left() == sorted([*ONLY_B, "tree/a"])


def test_a_tree_that_a_process_has_in_its_environment_stays(base: Path) -> None:
    """Supervisor's code is named nowhere else: Python maps no source files."""
    store = Store(base)
    argv = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
    variables = {"PYTHONPATH": str(store.path("tree", "a"))}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=variables) as process:
        assert process.stdout
        process.stdout.readline()
        result = store.prune()
        process.kill()
    assert result["spared"] == ["tree/" + "a" * 16]


def test_an_environment_that_a_process_runs_from_stays(base: Path) -> None:
    store = Store(base)
    command = "import time; print(flush=True); time.sleep(60)"
    argv = [sys.executable, "-c", command, f"{store.path('venv', 'a')}/bin/supervisord"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        result = store.prune()
        process.kill()
    assert result["spared"] == ["venv/" + "a" * 16]
    assert store.left() == sorted([*ONLY_B, "venv/a"])


def test_a_node_whose_services_need_nothing_of_a_store_keeps_nothing(base: Path) -> None:
    store = Store(base)
    store.prune(parts=[])
    assert store.left() == []


def test_a_removal_that_is_cut_off_leaves_nothing_that_counts(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(base)

    def cut(path: str) -> None:
        if "/venv/" in path:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(prune, "remove_tree", cut)
    with pytest.raises(node.Refused, match="Input/output error"):
        store.prune()
    assert python.complete(str(store.path("venv", "a"))) is None


def environment(tmp_path: Path, modules: dict[str, str]) -> str:
    """An interpreter that finds these modules, and where they are."""
    (tmp_path / "lib").mkdir()
    for name, text in modules.items():
        (tmp_path / "lib" / f"{name}.py").write_text(text)
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path}/lib exec {sys.executable} "$@"\n')
    program.chmod(0o755)
    return str(program)


def test_the_imports_get_bytecode_from_a_process_that_executes_nothing_of_them(tmp_path: Path) -> None:
    program = environment(
        tmp_path,
        {"first": "import second, os\nassert __cached__ and os.path.exists(__cached__)\n", "second": "", "unused": ""},
    )
    imports.prove(program, sys.executable, ["first"], [str(tmp_path / "lib")], "")
    cached = sorted(path.name.split(".")[0] for path in (tmp_path / "lib" / "__pycache__").iterdir())
    assert cached == ["first", "second"]


def test_bytecode_is_written_into_the_environment_only(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.py").write_text("")
    asking = "import sys\nsys.modules['__main__'].compiled({!r})\n"
    program = environment(tmp_path, {"first": asking.format(f"{tmp_path}/lib/../elsewhere.py")})
    imports.prove(program, sys.executable, ["first"], [str(tmp_path / "lib")], "")
    assert not (tmp_path / "__pycache__").exists()


def test_a_module_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    program = environment(tmp_path, {"first": "import nothing_of_this_name\n", "damaged": "def ("})
    for name, message in (("first", "No module named 'nothing_of_this_name'"), ("damaged", "SyntaxError")):
        with pytest.raises(node.Refused, match=message):
            imports.prove(program, sys.executable, [name], [str(tmp_path / "lib")], "")


def test_an_artifact_that_will_be_used_is_hashed_and_brought_again_when_it_is_damaged(base: Path) -> None:
    one = artifact(b"one", "one.whl")
    stored = base / "store" / "artifacts" / one["sha256"] / "one.whl"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"two")
    assert artifacts.missing(asked(base, [one])) == [one]
    folder = Path(store.part_path(str(base), "venv", "e" * 64))
    _made(str(folder))
    (folder / ".complete").write_text("e" * 64)
    assert artifacts.missing(asked(base, [one])) == []
    tool = {"kind": "tool", "id": one["sha256"][:16], "artifacts": [one["sha256"]]}
    assert artifacts.missing(asked(base, [one], parts=[tool])) == [one]
