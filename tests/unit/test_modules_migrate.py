"""A migration dumps, changes and verifies once; a kill at any point of it is made good by the next run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modules import module, take, utility

from fatecloud.model.steps import needed

migrate = module("fatecloud_migrate")
node = utility("fatecloud_node")

KEY = "shop/greeter@a1"
Run = Callable[..., dict[str, Any]]


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    take(tmp_path / "base")
    deployed(tmp_path / "base", version="1.0", deployed="r0")
    return tmp_path / "base"


def deployed(base: Path, **entry: Any) -> None:
    """What the manifest says of the service."""
    manifest = node.Manifest(str(base))
    known = manifest.data["services"].get(KEY, {})
    manifest.data["services"][KEY] = {**known, **entry}
    manifest.save()


def step(place: Path, to: str, *, verify: str = "true") -> dict[str, Any]:
    """A migration that appends its version to a file, unless it is there."""
    table = place / "table"
    return {
        "to": to,
        "what": "the table gets a column",
        "dump": ["sh", "-c", f"echo dump >> {place}/log; cat {table}"],
        "migrate": ["sh", "-c", f"echo migrate >> {place}/log; grep -qx {to} {table} || echo {to} >> {table}"],
        "verify": ["sh", "-c", f"echo verify >> {place}/log; {verify}"],
        "back": "load {dump}",
        "timeout": 20,
    }


@pytest.fixture
def run(base: Path, tmp_path: Path) -> Run:
    (tmp_path / "data" / "shop-greeter").mkdir(parents=True)
    (tmp_path / "table").write_text("old\n")
    plain = {
        "base": str(base),
        "run": "r1",
        "service": KEY,
        "version": "2.0",
        "migrations": [step(tmp_path, "2.0")],
        "data": str(tmp_path / "data" / "shop-greeter"),
        "backup": str(tmp_path / "backup"),
        "dump_days": 14,
        "user": "root",
    }

    def apply(state: str = "done", **changes: Any) -> dict[str, Any]:
        found: dict[str, Any] = migrate.apply(plain | changes | {"state": state}, check=False)
        return found

    return apply


def log(place: Path) -> list[str]:
    file = place / "log"
    return file.read_text().split() if file.exists() else []


def dumps(place: Path) -> list[Path]:
    return sorted((place / "backup" / "shop-greeter").iterdir())


def test_the_state_before_is_dumped_and_the_change_is_made_once(tmp_path: Path, run: Run) -> None:
    assert run("begun") == {"changed": True, "left": ["2.0"]}
    done = run()
    assert log(tmp_path) == ["dump", "migrate", "verify"]
    assert (tmp_path / "table").read_text() == "old\n2.0\n"
    (dump,) = dumps(tmp_path)
    assert (dump.name, dump.read_text(), dump.stat().st_mode & 0o7777) == ("1.0-to-2.0.r1.dump", "old\n", 0o600)
    assert dump.parent.stat().st_mode & 0o7777 == 0o700
    assert str(dump) in done["note"]
    assert run("begun")["left"] == []
    assert run() == {"changed": False, "left": [], "note": ""}
    assert len(log(tmp_path)) == 3


def test_every_version_in_between_is_passed_through_in_order(tmp_path: Path, run: Run) -> None:
    steps = [step(tmp_path, to) for to in ("2.10", "2.9", "1.0", "3.0")]
    done = run(version="2.10", migrations=steps)
    assert done["left"] == ["2.9", "2.10"]
    assert (tmp_path / "table").read_text() == "old\n2.9\n2.10\n"


def test_a_new_service_and_one_of_the_same_version_have_nothing_to_change(base: Path, tmp_path: Path, run: Run) -> None:
    assert run("begun", service="shop/other@a1")["left"] == []
    deployed(base, version="2.0")
    assert run("begun")["left"] == []
    assert log(tmp_path) == []


@pytest.mark.parametrize("at", ["dump", "migrated", "verified"])
def test_a_run_that_was_killed_goes_on_where_it_ended(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    real = migrate.Migrating.note

    def note(self: Any, to: str, **what: Any) -> None:
        real(self, to, **what)
        if at in what:
            raise Killed

    monkeypatch.setattr(migrate.Migrating, "note", note)
    with pytest.raises(Killed):
        run()
    monkeypatch.setattr(migrate.Migrating, "note", real)
    done = run(run="r1")
    assert log(tmp_path) == ["dump", "migrate", "verify"]
    assert (tmp_path / "table").read_text() == "old\n2.0\n"
    assert len(dumps(tmp_path)) == 1
    assert done["changed"] == (at != "verified")


def test_a_kill_between_a_step_and_its_record_repeats_that_step_only(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = migrate.Migrating.note

    def note(self: Any, to: str, **what: Any) -> None:
        if "migrated" in what:
            raise Killed
        real(self, to, **what)

    monkeypatch.setattr(migrate.Migrating, "note", note)
    with pytest.raises(Killed):
        run()
    monkeypatch.setattr(migrate.Migrating, "note", real)
    run()
    assert log(tmp_path) == ["dump", "migrate", "migrate", "verify"]
    assert (tmp_path / "table").read_text() == "old\n2.0\n"


def test_a_service_that_was_deployed_again_meanwhile_is_dumped_again(base: Path, tmp_path: Path, run: Run) -> None:
    with pytest.raises(node.Refused):
        run(migrations=[step(tmp_path, "2.0", verify="false")])
    deployed(base, deployed="r7")  # its operator went back to the version before
    run()
    assert log(tmp_path)[3:] == ["dump", "migrate", "verify"]


def test_nothing_starts_the_service_until_its_migration_is_finished(tmp_path: Path, run: Run) -> None:
    flag = tmp_path / "data" / "shop-greeter" / ".fatecloud-migrating"
    run("begun")
    assert "fatecloud deploy" in flag.read_text()
    with pytest.raises(node.Refused):
        run(migrations=[step(tmp_path, "2.0", verify="false")])
    assert flag.exists()
    run()
    assert not flag.exists()
    run("begun")
    assert not flag.exists()


def test_going_back_and_forth_migrates_again(base: Path, tmp_path: Path, run: Run) -> None:
    run()
    deployed(base, version="2.0", deployed="r1")
    deployed(base, version="1.0", deployed="r2")
    (tmp_path / "table").write_text("restored\n")
    assert run("begun")["left"] == ["2.0"]
    run()
    assert (tmp_path / "table").read_text() == "restored\n2.0\n"


def test_a_failed_verification_says_how_to_go_back_and_is_tried_again(tmp_path: Path, run: Run) -> None:
    bad = step(tmp_path, "2.0", verify="echo 3 rows are lost; exit 4")
    with pytest.raises(node.Refused) as caught:
        run(migrations=[bad])
    (dump,) = dumps(tmp_path)
    text = str(caught.value)
    assert "from 1.0 to 2.0 (the table gets a column) failed with status 4 at its step verify" in text
    data = tmp_path / "data" / "shop-greeter"
    flag, record = data / ".fatecloud-migrating", data / ".fatecloud-migration.json"
    assert f"To go back, as root on a1: load {dump} && rm {flag} {record}; then deploy the version before" in text
    assert caught.value.details["lines"] == ["3 rows are lost"]
    run()
    assert log(tmp_path) == ["dump", "migrate", "verify", "migrate", "verify"]
    assert len(dumps(tmp_path)) == 1


@pytest.mark.parametrize("how", ["echo no disk >&2; exit 1", "sleep 60"])
def test_without_a_whole_dump_nothing_is_changed(tmp_path: Path, run: Run, how: str) -> None:
    with pytest.raises(node.Refused, match="at its dump; nothing was changed"):
        run(migrations=[step(tmp_path, "2.0") | {"dump": ["sh", "-c", how], "timeout": 0.5}])
    assert log(tmp_path) == []
    assert dumps(tmp_path) == []


def test_half_a_dump_of_a_killed_run_is_removed(tmp_path: Path, run: Run) -> None:
    half = tmp_path / "backup" / "shop-greeter" / "1.0-to-2.0.r0.dump.part"
    half.parent.mkdir(parents=True)
    half.write_text("half")
    run()
    assert [path.name for path in dumps(tmp_path)] == ["1.0-to-2.0.r1.dump"]


def test_a_large_dump_does_not_pass_through_memory(tmp_path: Path, run: Run) -> None:
    size = utility("fatecloud_running").PRINTED + 1
    run(migrations=[step(tmp_path, "2.0") | {"dump": ["head", "-c", str(size), "/dev/zero"]}])
    (dump,) = dumps(tmp_path)
    assert dump.stat().st_size == size


def test_a_record_that_the_service_wrote_does_not_count(tmp_path: Path, run: Run) -> None:
    record = tmp_path / "data" / "shop-greeter" / ".fatecloud-migration.json"
    forged = {"of": ["1.0", "r0"], "steps": {"2.0": {"dump": "/x", "migrated": True, "verified": True}}}
    record.write_text(json.dumps(forged))
    record.chmod(0o666)
    run()
    assert log(tmp_path) == ["dump", "migrate", "verify"]


def test_a_long_step_keeps_the_lease(base: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = []
    monkeypatch.setattr(migrate, "RENEWED", 0.1)
    monkeypatch.setattr(migrate, "assert_lease", lambda *of: renewed.append(of))
    run(migrations=[step(tmp_path, "2.0") | {"migrate": ["sleep", "1"]}])
    assert (str(base), "r1") in renewed


def test_only_the_holder_of_the_lease_migrates(tmp_path: Path, run: Run) -> None:
    with pytest.raises(node.Refused, match="does not hold this node"):
        run(run="r9")
    assert log(tmp_path) == []


@pytest.mark.parametrize(
    ("now", "wanted", "found"),
    [
        ("1.0", "2.0", ["2.0"]),
        ("1.9", "2.10", ["2.0", "2.10"]),
        ("2.0", "2.0", []),
        ("2.0", "1.0", []),
        ("2.0.1", "2.1", []),
        ("distribution", "distribution", []),
    ],
)
def test_the_versions_in_between_are_compared_by_their_numbers(now: str, wanted: str, found: list[str]) -> None:
    assert needed(now, wanted, ["2.10", "2.0", "0.9"]) == found


def aged(file: Path, days: float) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("a dump")
    then = time.time() - days * 86400
    os.utime(file, (then, then))
    return file


def test_old_dumps_go_and_the_newest_stays_however_old_it_is(tmp_path: Path, base: Path, run: Run) -> None:
    folder = tmp_path / "backup" / "shop-greeter"
    aged(folder / "0.8-to-0.9.r0.dump", 90)
    recent, other = aged(folder / "0.9-to-1.0.r0.dump", 5), aged(folder / "mine.txt", 90)
    theirs = aged(tmp_path / "backup" / "shop-other" / "0.8-to-0.9.r0.dump", 90)
    run()
    made = folder / "1.0-to-2.0.r1.dump"
    assert dumps(tmp_path) == [recent, made, other]
    assert theirs.exists()
    deployed(base, version="2.0")
    for dump in (recent, made):
        aged(dump, 40 if dump == recent else 30)
    run("begun", dump_days=35)
    assert dumps(tmp_path) == [made, other]
    run("begun", dump_days=1)
    assert dumps(tmp_path) == [made, other]


def test_no_dump_goes_while_a_migration_is_not_finished(tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "backup" / "shop-greeter"
    old = [aged(folder / f"0.{number}-to-1.0.r0.dump", 90 - number) for number in (1, 2)]
    run("begun")
    assert dumps(tmp_path) == old
