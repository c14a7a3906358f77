"""What root believes could be written by root alone; what a service owns cannot make root work, or wait, elsewhere."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from modules import module, take, utility

inside = utility("fatecloud_inside")
lease = module("fatecloud_lease")
marks = utility("fatecloud_marks")
node = utility("fatecloud_node")
prune = module("fatecloud_prune")
register = utility("fatecloud_register")
running = utility("fatecloud_running")
service = module("fatecloud_service")
store = utility("fatecloud_store")
strays = utility("fatecloud_strays")
trust = utility("fatecloud_trust")
wait = module("fatecloud_wait")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="files of another user take root")
HOSTILE = 65534


@pytest.fixture
def base(tmp_path: Path) -> Path:
    take(tmp_path / "fate")
    return tmp_path / "fate"


def give(path: Path) -> Path:
    """Makes something the service user's."""
    os.chown(path, HOSTILE, HOSTILE, follow_symlinks=False)
    return path


def owned_by_all(path: Path) -> None:
    path.chmod(0o777)


def in_a_shared_group(path: Path) -> None:
    os.chown(path, -1, HOSTILE)
    path.chmod(0o775)


def swapped_for_a_link(path: Path) -> None:
    moved = path.rename(path.with_name("moved"))
    path.symlink_to(moved)
    give(path)


@needs_root
@pytest.mark.parametrize("spoil", [give, owned_by_all, in_a_shared_group, swapped_for_a_link])
@pytest.mark.parametrize("place", ["", ".fatecloud"])
def test_records_below_what_others_can_change_are_refused_with_the_way_on(base: Path, place: str, spoil: Any) -> None:
    spoil(base / place)
    for reading in (
        lambda: node.Manifest(str(base)),
        lambda: node.read_lease(str(base)),
        lambda: node.locked(str(base), "r1", 0).__enter__(),
        lambda: take(base, "r2"),
    ):
        with pytest.raises(node.Refused, match="destroy the cluster with that version") as refusal:
            reading()
        assert refusal.value.details["untrusted"] in (str(base), str(base / ".fatecloud"))


@needs_root
@pytest.mark.parametrize("name", ["manifest.json", "lease.json", "run.lock"])
def test_a_record_that_is_not_roots_own_is_not_believed(base: Path, name: str) -> None:
    (base / ".fatecloud" / name).touch()
    give(base / ".fatecloud" / name)
    with pytest.raises(node.Refused, match="belongs to user"):
        take(base, "r1")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("plant", [pipe, link, folder])
@pytest.mark.parametrize("name", ["manifest.json", "lease.json", "run.lock"])
def test_a_record_is_a_regular_file_and_nothing_waits_for_another_one(base: Path, name: str, plant: Any) -> None:
    path = base / ".fatecloud" / name
    path.unlink(missing_ok=True)
    plant(path)
    with pytest.raises((node.Refused, OSError)):
        take(base, "r2")


def test_a_record_is_not_read_without_end(base: Path) -> None:
    path = base / ".fatecloud" / "manifest.json"
    os.truncate(path, 1 << 40)
    with pytest.raises(node.Refused, match="has more than"):
        node.Manifest(str(base))


def test_links_are_followed_where_only_root_can_make_them(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "fate").symlink_to("disk")
    take(tmp_path / "fate")
    assert node.read_lease(str(tmp_path / "fate"))["run"] == "r1"
    assert (tmp_path / "disk" / ".fatecloud" / "lease.json").exists()


@needs_root
def test_the_own_group_of_a_user_is_harmless_and_a_shared_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = os.stat_result((stat.S_IFDIR | 0o775, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    assert trust.fault(mine) == ""
    monkeypatch.setattr(trust.grp, "getgrgid", lambda _: trust.grp.struct_group(("root", "x", 0, ["guest"])))
    assert trust.fault(mine) == "can be written by the group root"


@pytest.mark.parametrize("years", [1, 3000])
def test_a_lease_is_not_honoured_for_longer_than_leases_last(base: Path, years: int) -> None:
    held = node.read_lease(str(base))
    held["expires"] += years * 31_557_600
    node.write_lease(str(base), held)
    assert node.left(held) == 0
    take(base, "r2")
    assert 0 < node.left(node.read_lease(str(base))) <= node.TTL


@pytest.mark.parametrize("change", [{"expires": "never"}, {"run": None}, {"expires": 1e300}, {"process": "x"}])
def test_a_damaged_lease_is_named(base: Path, change: dict[str, Any]) -> None:
    node.write_lease(str(base), node.read_lease(str(base)) | change)
    with pytest.raises(node.Refused, match=r"lease\.json is damaged; if no run works on this node, remove it"):
        take(base, "r2")


def started(argv: list[str], **options: Any) -> subprocess.Popen[bytes]:
    """A process that bears the mark of run r1, after it has begun."""
    code = "import time; print(flush=True); time.sleep(60)"
    process = subprocess.Popen([*argv, "-c", code], env={"FATECLOUD_RUN": "r1"}, stdout=subprocess.PIPE, **options)
    assert process.stdout
    with process.stdout as begun:
        begun.readline()
    return process


@needs_root
def test_a_process_of_a_service_with_the_mark_of_a_run_holds_no_lease(base: Path) -> None:
    hostile = started(["/usr/bin/python3"], user=HOSTILE)
    assert lease.processes_of("r1") == ([], [hostile.pid])
    assert lease.release({"base": str(base), "run": "r1", "wait": 0, "scratch": ""})["changed"]
    take(base, "r1")
    held = node.read_lease(str(base))
    node.write_lease(str(base), held | {"expires": held["expires"] - 3600})
    take(base, "r2")
    assert hostile.wait(10) == -9


def test_a_process_of_ours_with_the_mark_is_waited_for(base: Path) -> None:
    ours = started([sys.executable])
    with pytest.raises(node.Refused, match="are still running"):
        lease.release({"base": str(base), "run": "r1", "wait": 0, "scratch": ""})
    ours.kill()
    ours.wait()


def device(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("making a device takes root")
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))


def endless(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


def second_name(path: Path) -> None:
    (path.parent / "other").write_text("x")
    os.link(path.parent / "other", path)


@pytest.mark.parametrize("plant", [pipe, link, folder, device, endless, second_name])
def test_what_a_service_put_in_place_of_a_record_counts_as_absent(tmp_path: Path, plant: Any) -> None:
    path = tmp_path / "run" / "started"
    path.parent.mkdir()
    plant(path)
    assert inside.text_of(str(path)) is None
    assert service.stale(["/a", "/b"], str(path)) == ["/a", "/b"]
    assert marks.read_mark(str(tmp_path / "run")) is None
    program = strays.Program.__new__(strays.Program)
    program.home, program.user, program.slug = str(tmp_path), "", "x"
    (tmp_path / "run" / "pid").unlink(missing_ok=True)
    path.rename(tmp_path / "run" / "pid")
    assert strays.main_process(program) is None


@pytest.mark.parametrize("plant", [pipe, link, folder])
def test_a_hash_is_taken_of_regular_files_only(tmp_path: Path, plant: Any) -> None:
    plant(tmp_path / "x")
    assert inside.sha256_of(str(tmp_path / "x")) == inside.STRANGE
    endless(tmp_path / "y")
    assert inside.sha256_of(str(tmp_path / "y"), 1 << 20) == inside.STRANGE
    assert inside.sha256_of(str(tmp_path / "z")) is None


@needs_root
def test_a_link_in_place_of_a_services_directory_gives_nothing_away(tmp_path: Path) -> None:
    victim = tmp_path / "etc"
    (victim / "tables").mkdir(parents=True)
    home = tmp_path / "data"
    home.mkdir()
    give(home)
    give(home / "run") if (home / "run").exists() else (home / "run").symlink_to(victim)
    for path in (f"{home}/run", f"{home}/run/tables", f"{home}/run/new"):
        with pytest.raises((node.Refused, OSError)):
            inside.make_directory(path, 0o777, HOSTILE, HOSTILE)
    assert (victim.stat().st_uid, victim.stat().st_mode & 0o777) == (0, 0o755)
    assert [(path.name, path.stat().st_uid) for path in victim.iterdir()] == [("tables", 0)]
    with pytest.raises(node.Refused, match="is a link"):
        node.replace(f"{home}/run/passwd", b"x", 0o644)
    with pytest.raises(node.Refused, match="is a link"):
        inside.remove_tree(f"{home}/run/tables")
    inside.remove_empty(f"{home}/run/tables")
    assert (victim / "tables").is_dir()


@needs_root
def test_a_tree_is_removed_with_its_links_and_at_any_depth_and_nothing_else_is(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").touch()
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(victim)
    os.mkfifo(tree / "pipe")
    deep = os.open(tree, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=deep)
        following = os.open("d", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = following
    os.close(deep)
    give(tree)
    inside.remove_tree(str(tree))
    assert not tree.exists()
    assert (victim / "file").exists()
    inside.remove_tree(str(tree))


def test_a_program_of_a_service_is_bounded_in_what_it_prints_and_in_time() -> None:
    loud = running.run([sys.executable, "-c", "while True: print('x' * 10000)"], "", timeout=60)
    assert loud.status is None
    assert len(loud.out) <= running.PRINTED + (1 << 17)
    began = time.monotonic()
    silent = running.run([sys.executable, "-c", "import time; time.sleep(100)"], "", timeout=0.2)
    assert silent.status is None
    assert time.monotonic() - began < 60


@needs_root
def test_who_stops_what_just_became_its_own_keeps_root_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = running._AS_USER.replace("try:", "os.kill(os.getpid(), 19)\ntry:")
    monkeypatch.setattr(running, "_AS_USER", stopped)
    assert running.run(["/bin/true"], "nobody", timeout=1).status is None
    monkeypatch.setattr(strays, "become", lambda _: lambda: os.kill(os.getpid(), signal.SIGSTOP))
    monkeypatch.setattr(strays, "SENDING", 0.2)
    with subprocess.Popen(["/bin/sleep", "100"]) as other:
        strays.send(other.pid, signal.SIGKILL, "nobody")
        assert other.poll() is None
        other.kill()


ENDLESS = """
import ctypes, struct, sys, time
libc = ctypes.CDLL(None)
libc.mmap.restype = libc.sbrk.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
start, size = libc.mmap(None, 1 << 40, 3, 0x4022, -1, 0), (1 << 40) - 4096  # private, anonymous, without reserve
fields = [0, 0, *open("/proc/self/stat").read().rpartition(")")[2].split()]
at = lambda number: int(fields[number - 1])
words = [at(26), at(27), at(45), at(46), at(47), libc.sbrk(0), at(28), *[start, start + size] * 2, 0]
text = ctypes.create_string_buffer(struct.pack("12QIi", *words, 0, -1))
print(libc.prctl(35, 14, text, len(text) - 1, 0), flush=True)  # PR_SET_MM, PR_SET_MM_MAP
time.sleep(100)
"""


def test_a_process_that_says_of_itself_without_end_takes_no_memory(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, text=True) as hostile:
        try:
            assert hostile.stdout is not None
            if hostile.stdout.readline() != "0\n":
                pytest.skip("this kernel does not let a process do so")
            with Path(f"/proc/{hostile.pid}/cmdline").open("rb") as file:
                assert len(file.read(64 << 20)) == 64 << 20
            assert strays.supervisors("/nowhere") == []
            program = SimpleNamespace(home=str(tmp_path), slug="web")
            assert not strays._works_for(hostile.pid, program)
            assert prune.in_use([("venv/a", "/store/venv/a")]) == set()
        finally:
            hostile.kill()


@needs_root
@pytest.mark.parametrize("user", ["", "root"])
def test_root_asks_nothing_itself(user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "LEAST", "nobody")
    assert running.run(["/usr/bin/id", "-un"], user).out == "nobody\n"


@needs_root
def test_an_entry_of_the_register_that_others_wrote_is_not_believed(base: Path) -> None:
    entry = next(Path(register.folder()).iterdir())
    give(entry)
    with pytest.raises(node.Refused, match="belongs to user"):
        register.entries()


@needs_root
def test_a_marker_that_others_wrote_makes_nothing_complete(tmp_path: Path) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / ".complete").write_text("d\n")
    assert store.complete(str(tmp_path / "venv")) == "d\n"
    give(tmp_path / "venv")
    with pytest.raises(node.Refused, match="belongs to user"):
        store.complete(str(tmp_path / "venv"))


def test_an_artifact_with_other_bytes_is_removed_before_anything_runs_it(tmp_path: Path) -> None:
    artifact = {"sha256": "a" * 64, "filename": "uv.whl"}
    path = Path(store.artifact_path(str(tmp_path), artifact))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"evil")
    with pytest.raises(node.Refused, match="the next deploy ships it again"):
        store.opened(str(tmp_path), artifact)
    assert not path.exists()


@needs_root
def test_the_copy_of_a_mark_that_others_wrote_is_refused(base: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copies" / "a.json"
    copy.parent.mkdir()
    copy.write_text(json.dumps({"path": "/x"}))
    give(copy)
    with pytest.raises(node.Refused, match="belongs to user"):
        marks.expected_mark(node.Manifest(str(base)), "9999/mysql@n1", "/x", str(copy))


def test_what_a_program_leaves_running_is_not_waited_for() -> None:
    began = time.monotonic()
    ended = running.run(["/bin/sh", "-c", "sleep 100 & echo done; echo no >&2; exit 3"], "", timeout=60)
    assert (ended.status, ended.out, ended.err) == (3, "done\n", "no\n")
    assert time.monotonic() - began < 30


@needs_root
def test_no_file_behind_a_link_of_a_service_is_removed(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "file").touch()
    home = tmp_path / "home"
    home.mkdir()
    give(home)
    (home / "run").symlink_to(tmp_path / "etc")
    give(home / "run")
    with pytest.raises(node.Refused, match="is a link"):
        inside.remove_file(str(home / "run" / "file"))
    inside.remove_file(str(home / "none" / "file"))
    inside.remove_file(str(home / "run"))
    assert (tmp_path / "etc" / "file").exists()
    assert not (home / "run").is_symlink()


def test_a_log_with_a_second_name_is_not_shown_when_a_start_fails(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("secret\n")
    assert wait.tail(str(log)) == ["secret"]
    os.link(log, tmp_path / "b.log")
    assert wait.tail(str(log)) == []
