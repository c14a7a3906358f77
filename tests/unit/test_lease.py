"""One run at a time may change a node."""

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from modules import CLUSTER_ID, module, take, utility

from fatecloud.collect.node import own_records
from fatecloud.model.layout import LAYOUT, for_collector

lease = module("fatecloud_lease")
node = utility("fatecloud_node")


def asked(base: Path, run: str, **changes: Any) -> dict[str, Any]:
    plain = {
        "base": str(base),
        "run": run,
        "cluster": "demo",
        "id": CLUSTER_ID,
        "layout": LAYOUT,
        "node": "n1",
        "owner": f"{run}@here",
        "controller": "c1",
        "process": {"pid": 1},
        "deploys": [],
        "takeover": "",
        "shown": {},
        "wait": 0,
        "scratch": "",
    }
    return plain | changes


def lying(base: Path) -> dict[str, Any]:
    return dict(json.loads((base / ".fatecloud" / "lease.json").read_text()))


def test_the_first_run_gets_a_fresh_node_and_may_ask_again(tmp_path: Path) -> None:
    base = tmp_path / "fate"
    assert lease.acquire(asked(base, "r1"))["changed"]
    assert not lease.acquire(asked(base, "r1"))["changed"]
    assert lying(base)["run"] == "r1"
    assert (base / ".fatecloud" / "lease.json").stat().st_mode & 0o777 == 0o600
    assert lying(base)["expires"] > time.time() + 300


def test_a_strangers_directory_is_not_made_to_look_like_ours(tmp_path: Path) -> None:
    (tmp_path / "theirs").touch()
    with pytest.raises(node.Refused, match="was not made by fatecloud"):
        lease.acquire(asked(tmp_path, "r1"))
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]


def test_a_second_run_is_refused_and_learns_who_holds_the_lease(tmp_path: Path) -> None:
    lease.acquire(asked(tmp_path, "r1"))
    with pytest.raises(node.Refused, match="run r1 of r1@here holds this node") as refusal:
        lease.acquire(asked(tmp_path, "r2"))
    assert refusal.value.details["held"]["controller"] == "c1"
    assert lying(tmp_path)["run"] == "r1"


@pytest.mark.parametrize(
    ("other", "message", "detail"),
    [
        ({"id": "d" * 16}, r"belongs to cluster demo \(id c3f9a2b1d4e5f607\), not to demo \(id dddd", "foreign"),
        ({"cluster": "bank"}, "under the name demo, not bank", "renamed"),
        ({"node": "n2"}, "is node n1's, so the inventory cannot use it as node n2", "twice"),
        ({"layout": LAYOUT + 1}, r"another version of fatecloud .* \(layout 2, not 3\)", "layout"),
    ],
    ids=["another cluster of that name", "another name", "another node", "another layout"],
)
def test_a_base_directory_of_others_is_refused_untouched(
    tmp_path: Path, other: dict[str, Any], message: str, detail: str
) -> None:
    take(tmp_path)
    with node.working(str(tmp_path), "r1"):
        pass
    lease.release({"base": str(tmp_path), "run": "r1", "wait": 0, "scratch": ""})
    with pytest.raises(node.Refused, match=message) as refusal:
        lease.acquire(asked(tmp_path, "r2", takeover="*", **other))
    assert list(refusal.value.details) == [detail]
    assert not (tmp_path / ".fatecloud" / "lease.json").exists()


def test_a_run_takes_one_machine_by_one_name_only(tmp_path: Path) -> None:
    base = tmp_path / "fate"
    lease.acquire(asked(base, "r1"))
    with pytest.raises(node.Refused, match="is node n1's") as refusal:
        lease.acquire(asked(base, "r1", node="n2"))
    assert refusal.value.details == {"twice": "n1"}
    assert lying(base)["node"] == "n1"


def test_an_expired_lease_may_be_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lease.acquire(asked(tmp_path, "r1"))
    later = time.monotonic() + node.TTL + 1
    monkeypatch.setattr(node.time, "monotonic", lambda: later)
    assert node.left(lying(tmp_path)) < 0
    monkeypatch.setattr(lease, "_gone", lambda *_: True)
    assert lease.acquire(asked(tmp_path, "r2"))["taken_from"]["run"] == "r1"


@pytest.mark.parametrize("takeover", ["r1", "*"])
def test_a_live_lease_is_taken_over_only_on_request(tmp_path: Path, takeover: str) -> None:
    lease.acquire(asked(tmp_path, "r1"))
    assert lease.acquire(asked(tmp_path, "r2", takeover=takeover))["taken_from"]["run"] == "r1"
    with pytest.raises(node.Refused):
        lease.acquire(asked(tmp_path, "r3", takeover="r1"))


def test_only_the_holder_releases_it(tmp_path: Path) -> None:
    lease.acquire(asked(tmp_path, "r1"))
    assert not lease.release(asked(tmp_path, "r2"))["changed"]
    assert lease.release(asked(tmp_path, "r1"))["changed"]
    assert not lease.release(asked(tmp_path, "r1"))["changed"]


def test_a_change_without_the_lease_is_refused(tmp_path: Path) -> None:
    with pytest.raises(node.Refused, match="no run does"), node.working(str(tmp_path), "r1"):
        pytest.fail("it went on")
    take(tmp_path, "r1")
    with pytest.raises(node.Refused, match="run r1 of me@here does"), node.working(str(tmp_path), "r2"):
        pytest.fail("it went on")


def test_a_change_renews_a_lease_that_runs_out(tmp_path: Path) -> None:
    take(tmp_path)
    old = lying(tmp_path)
    node.write_lease(str(tmp_path), {**old, "expires": int(time.time()) + 5})
    with node.working(str(tmp_path), "r1"):
        pass
    assert lying(tmp_path)["expires"] > time.time() + node.TTL - 5


@pytest.mark.parametrize("leap", [node.TTL + 60, -node.TTL - 60])
def test_a_clock_that_is_set_neither_ends_nor_prolongs_a_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leap: int
) -> None:
    take(tmp_path, "r1")
    whole = node.left(lying(tmp_path))
    set_clock = time.time() + leap
    monkeypatch.setattr("time.time", lambda: set_clock)
    assert abs(node.left(lying(tmp_path)) - whole) < 60
    with pytest.raises(node.Refused, match="holds this node"):
        lease.acquire(asked(tmp_path, "r2"))
    seen = own_records.lease({"layout": for_collector(str(tmp_path))})
    assert seen is not None
    assert abs(seen["expires"] - set_clock - whole) < 60


def test_after_a_reboot_the_clock_counts(tmp_path: Path) -> None:
    take(tmp_path, "r1")
    before = {**lying(tmp_path), "boot": "another"}
    assert abs(node.left(before) - node.TTL) < 60
    assert abs(node.left({**before, "expires": time.time() - 5}) + 5) < 60


def test_a_lease_is_renewed_before_what_takes_long(tmp_path: Path) -> None:
    take(tmp_path)
    node.write_lease(str(tmp_path), {**lying(tmp_path), "expires": int(time.time()) + node.TTL // 2 + 60})
    lease.renew({"base": str(tmp_path), "run": "r1", "wait": 0})
    assert lying(tmp_path)["expires"] > time.time() + node.TTL - 5
    with pytest.raises(node.Refused, match="run r2 does not hold this node"):
        lease.renew({"base": str(tmp_path), "run": "r2", "wait": 0})


def test_what_is_noted_of_installations_goes_with_the_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = tmp_path / "run"
    monkeypatch.setattr(lease, "INSTALLATIONS", str(noted))
    for cluster in (CLUSTER_ID, "other"):
        (noted / cluster).mkdir(parents=True)
        (noted / cluster / "j1").touch()
    base = tmp_path / "fate"
    lease.acquire(asked(base, "r1"))
    assert (noted / CLUSTER_ID / "j1").exists()
    lease.acquire(asked(base, "r2", takeover="r1"))
    assert [path.name for path in noted.iterdir()] == ["other"]
    (noted / "other" / "j1").rename(noted / "j1")
    (noted / "other").rename(noted / CLUSTER_ID)
    (noted / "j1").unlink()
    lease.release(asked(base, "r2"))
    assert not noted.exists()


def test_two_tasks_never_work_at_once(tmp_path: Path) -> None:
    take(tmp_path)
    entered, go = threading.Event(), threading.Event()

    def long_task() -> None:
        with node.working(str(tmp_path), "r1"):
            entered.set()
            go.wait(10)

    thread = threading.Thread(target=long_task)
    thread.start()
    entered.wait(10)
    with (
        pytest.raises(node.Refused, match=f"is still running on this node: run r1 pid {os.getpid()}"),
        node.working(str(tmp_path), "r1", wait=0.3),
    ):
        pytest.fail("it went on")
    go.set()
    thread.join()


def test_what_a_dead_run_left_behind_is_ended_before_the_node_changes_hands(tmp_path: Path) -> None:
    old = f"r-{uuid.uuid4().hex}"
    lease.acquire(asked(tmp_path, old))
    left = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], env={**os.environ, "FATECLOUD_RUN": old}
    )
    other = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], env={**os.environ, "FATECLOUD_RUN": old + "x"}
    )
    reaper = threading.Thread(target=left.wait)
    reaper.start()
    try:
        deadline = time.monotonic() + 10
        while left.pid not in lease.processes_of(old)[0] and time.monotonic() < deadline:
            time.sleep(0.05)
        lease.acquire(asked(tmp_path, "r2", takeover=old))
        # Only the reaper can know: while it waits, another thread's poll() returns None even for a dead process.
        reaper.join(10)
        assert left.returncode is not None
        assert other.poll() is None
    finally:
        left.kill()
        other.kill()
        reaper.join()
        other.wait()


def test_a_run_waits_for_its_own_tasks_before_it_releases_the_node(tmp_path: Path) -> None:
    run = f"r-{uuid.uuid4().hex}"
    lease.acquire(asked(tmp_path, run))
    left = subprocess.Popen(["sleep", "60"], env={**os.environ, "FATECLOUD_RUN": run})
    try:
        deadline = time.monotonic() + 10
        while left.pid not in lease.processes_of(run)[0] and time.monotonic() < deadline:
            time.sleep(0.05)
        with pytest.raises(node.Refused, match=f"processes \\[{left.pid}\\] of run {run} are still running"):
            lease.release(asked(tmp_path, run))
        assert lying(tmp_path)["run"] == run
    finally:
        left.kill()
        left.wait()
    assert lease.release(asked(tmp_path, run))["changed"]


def test_directories_that_the_first_run_has_to_make_are_noted_as_ours(tmp_path: Path) -> None:
    base = tmp_path / "srv" / "fate"
    lease.acquire(asked(base, "r1"))
    noted = json.loads((base / ".fatecloud" / "manifest.json").read_text())
    assert (noted["cluster"], noted["shared"]) == ("demo", [str(tmp_path / "srv"), str(base)])


def test_a_run_that_was_killed_before_it_wrote_anything_leaves_directories_that_are_ours(tmp_path: Path) -> None:
    (tmp_path / "base" / ".fatecloud").mkdir(parents=True)
    lease.acquire(asked(tmp_path / "base", "r1"))
    assert node.Manifest(str(tmp_path / "base")).data["shared"] == [str(tmp_path / "base")]


def test_a_base_directory_that_others_made_stays_theirs(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    lease.acquire(asked(tmp_path / "base", "r1"))
    lease.acquire(asked(tmp_path / "base", "r2", takeover="*"))
    assert node.Manifest(str(tmp_path / "base")).data["shared"] == []


def test_temporary_files_of_a_killed_run_are_removed_with_its_lease_and_no_others(tmp_path: Path) -> None:
    scratch, other = tmp_path / "fatecloud-1", tmp_path / "ansible-tmp-9"
    base = tmp_path / "fate"
    lease.acquire(asked(base, "r1", scratch=str(scratch)))
    for folder in (scratch / "ansible-tmp-1", other):
        folder.mkdir(parents=True)
    lease.acquire(asked(base, "r1", scratch=str(scratch)))
    assert (scratch / "ansible-tmp-1").exists()
    lease.acquire(asked(base, "r2", takeover="r1", scratch=str(scratch)))
    assert (scratch.exists(), other.exists()) == (False, True)
    scratch.mkdir()
    lease.release(asked(base, "r2", scratch=str(scratch)))
    assert (scratch.exists(), other.exists()) == (False, True)


@pytest.mark.parametrize(
    ("sudo", "home"),
    [("daemon", "/usr/sbin"), ("", "/somewhere"), (None, "/somewhere"), (r"DOMAIN\ops", r"~DOMAIN\ops")],
)
def test_the_login_keeps_its_home_below_sudo(monkeypatch: pytest.MonkeyPatch, sudo: str | None, home: str) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.delenv("SUDO_USER", raising=False)
    if sudo is not None:
        monkeypatch.setenv("SUDO_USER", sudo)
    assert lease.at_login("~/.ansible/x") == f"{home}/.ansible/x"
    assert lease.at_login("/tmp/~/x") == "/tmp/~/x"


def test_what_the_next_run_notes_while_we_wait_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = tmp_path / "run" / "demo" / "j2"
    base = tmp_path / "fate"
    monkeypatch.setattr(lease, "INSTALLATIONS", str(tmp_path / "run"))
    lease.acquire(asked(base, "r1"))

    def taken_meanwhile(_run: str, _seconds: float) -> bool:
        monkeypatch.undo()
        monkeypatch.setattr(lease, "INSTALLATIONS", str(tmp_path / "run"))
        lease.acquire(asked(base, "r2", takeover="r1"))
        note.parent.mkdir(parents=True)
        note.touch()
        return True

    monkeypatch.setattr(lease, "_gone", taken_meanwhile)
    assert lease.release(asked(base, "r1")) == {"changed": False}
    assert note.exists()


def test_a_lease_that_another_run_took_while_we_waited_is_not_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease.acquire(asked(tmp_path, "r1"))
    locked = lease.locked

    def locked_late(base: str, run: str, wait: float) -> Any:
        if run == "r1":
            lease.acquire(asked(tmp_path, "r2", takeover="r1"))
        return locked(base, run, wait)

    monkeypatch.setattr(lease, "locked", locked_late)
    assert lease.release({"base": str(tmp_path), "run": "r1", "wait": 0, "scratch": ""}) == {"changed": False}
    assert lying(tmp_path)["run"] == "r2"
