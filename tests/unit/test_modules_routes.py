"""Earlier tables of routes are kept on the node, a few of them, and come back without a restart."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from modules import module, take, utility
from test_modules_files import asked, manifest

files = module("fatecloud_files")
routes = module("fatecloud_routes")
supervision = utility("fatecloud_supervision")
node = utility("fatecloud_node")
earlier = utility("fatecloud_earlier")
placing = utility("fatecloud_placing")
SERVICE = "9999/osx@a1"
TABLES = ("table", "networks.conf")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "base"


def deploy(base: Path, run: str, **texts: str) -> None:
    """A deploy of a service whose file `table` is a table of routes, and `networks` the list of networks with it."""
    named = {f"{base}/home/{name.replace('networks', 'x.service.d/networks.conf')}": texts[name] for name in texts}
    params = asked(base, named, run=run, service=SERVICE)
    for entry in params["files"]:
        entry["digest"] = hashlib.sha256(named[entry["path"]].encode()).hexdigest()
        if entry["path"].endswith(TABLES):
            entry.update(kept=True, restarts=False)
    with_lease(base, run, lambda: files.place(params, check=False))


def undo(base: Path, run: str, before: str) -> list[str]:
    wish = {"service": SERVICE, "run": before, "user": "root", "group": "root"}
    params = {"base": str(base), "run": run, "undo": [wish]}
    done: dict[str, Any] = with_lease(base, run, lambda: routes.apply(params, check=False))
    return [Path(path).name for path in done["paths"]]


def with_lease(base: Path, run: str, work: Any) -> Any:
    base.mkdir(exist_ok=True)
    take(base, run)
    try:
        return work()
    finally:
        (base / ".fatecloud" / "lease.json").unlink()


def there(base: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (base / "home").rglob("*") if path.is_file()}


def entries(base: Path) -> dict[str, str]:
    """What the manifest says of the files: as `there`."""
    found: Mapping[str, Any] = manifest(base)["files"]
    return {Path(path).name: entry["sha256"] for path, entry in found.items()}


def test_an_undone_change_is_as_if_the_table_before_had_been_deployed(base: Path) -> None:
    deploy(base, "r1", conf="a", table="one")
    deploy(base, "r2", conf="b", table="two", networks="10.0.0.2")
    assert undo(base, "r3", "r2") == ["table", "networks.conf"]
    # Another file of that run stays, and the directory that it made for a part of the unit goes.
    assert there(base) == {"conf": "b", "table": "one"}
    assert not (base / "home" / "x.service.d").exists()
    assert entries(base) == {name: hashlib.sha256(text.encode()).hexdigest() for name, text in there(base).items()}
    assert manifest(base)["pending"] == {}


def test_an_undo_is_undone_like_any_other_change(base: Path) -> None:
    deploy(base, "r1", table="one")
    deploy(base, "r2", table="two", networks="10.0.0.2")
    before = manifest(base)["files"]
    undo(base, "r3", "r2")
    assert [version["undo"] for version in manifest(base)["earlier"][SERVICE]] == [False, True]
    undo(base, "r4", "r3")
    assert there(base) == {"table": "two", "networks.conf": "10.0.0.2"}
    assert manifest(base)["files"] == before


def test_what_comes_back_belongs_to_whom_it_did(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(base, "r1", table="one")
    deploy(base, "r2", table="two", networks="10.0.0.2")
    record = base / ".fatecloud" / "manifest.json"
    written: list[tuple[str, int, int]] = []

    def replace(path: str, data: bytes, mode: int, uid: int, gid: int) -> None:
        node.replace(path, data, mode)
        written.append((Path(path).name, uid, gid))

    monkeypatch.setattr(routes, "owner_ids", lambda *_: (7, 8))
    monkeypatch.setattr(placing, "replace", replace)
    undo(base, "r3", "r2")
    assert written == [("table", 7, 8)]
    record.write_text(record.read_text().replace('"owner": "service"', '"owner": "root"'))
    undo(base, "r4", "r3")
    assert written[1:] == [("table", 0, 8), ("networks.conf", 0, 8)]


def test_a_file_by_hand_that_says_what_is_put_back_is_taken_over(base: Path) -> None:
    deploy(base, "r1", table="one")
    deploy(base, "r2", table="two")
    (base / "home" / "table").write_text("one")
    undo(base, "r3", "r2")
    assert (there(base), entries(base)) == ({"table": "one"}, {"table": hashlib.sha256(b"one").hexdigest()})


def test_a_run_that_leaves_the_tables_alone_keeps_nothing(base: Path) -> None:
    deploy(base, "r1", conf="a", table="one")
    deploy(base, "r2", conf="b", table="one")
    assert SERVICE not in manifest(base).get("earlier", {})


def test_a_few_versions_are_kept_with_their_texts(base: Path) -> None:
    for number in range(earlier.MOST + 4):
        deploy(base, f"r{number}", table=f"text {number}")
    versions = manifest(base)["earlier"][SERVICE]
    assert [version["run"] for version in versions] == ["r4", "r5", "r6", "r7", "r8"]
    texts = {path.read_text() for path in (base / ".fatecloud" / "rendered").iterdir()}
    assert texts == {f"text {number}" for number in range(3, 9)}
    assert undo(base, "r9", "r4") == ["table"]
    assert there(base)["table"] == "text 3"
    with pytest.raises(node.Refused, match="before run r1 is not kept"):
        undo(base, "r10", "r1")


def test_a_run_that_was_killed_before_it_wrote_is_noted_once(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(base, "r1", table="one")
    with monkeypatch.context() as patched:
        patched.setattr(files, "write", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            deploy(base, "r2", table="two")
    deploy(base, "r3", table="two")
    assert [version["run"] for version in manifest(base)["earlier"][SERVICE]] == ["r3"]


def test_a_table_that_was_edited_is_left_alone(base: Path) -> None:
    deploy(base, "r1", table="one")
    deploy(base, "r2", table="two")
    (base / "home" / "table").write_text("by hand")
    with pytest.raises(node.Refused, match="changed by hand") as caught:
        undo(base, "r3", "r2")
    assert caught.value.details == {"edited": f"{base}/home/table"}
    assert there(base) == {"table": "by hand"}


@pytest.mark.parametrize("damage", ["remove", "change"])
def test_a_version_whose_text_is_lost_changes_nothing(base: Path, damage: str) -> None:
    deploy(base, "r1", table="one")
    deploy(base, "r2", table="two")
    kept = base / ".fatecloud" / "rendered" / hashlib.sha256(b"one").hexdigest()
    if damage == "remove":
        kept.unlink()
    else:
        kept.write_text("three")
    with pytest.raises(node.Refused, match="gone or damaged"):
        undo(base, "r3", "r2")
    assert there(base) == {"table": "two"}


def test_systemd_reads_the_list_of_networks_again(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(base, "r1", table="one", networks="10.0.0.1")
    deploy(base, "r2", table="one", networks="10.0.0.2")
    record = base / ".fatecloud" / "manifest.json"
    known = f'"services": {{"{SERVICE}": {{"supervision": "systemd", "unit": "x.service", "unit_path": "/x"}}}}'
    record.write_text(record.read_text().replace('"services": {}', known))
    calls: list[str] = []

    def call(argv: list[str], **_more: Any) -> str:
        calls.append(argv[1])
        return "LoadState=loaded\nActiveState=active\nNeedDaemonReload=yes"

    monkeypatch.setattr(supervision, "call", call)
    assert undo(base, "r3", "r2") == ["networks.conf"]
    assert "daemon-reload" in calls
    assert "restart" not in calls


def test_what_is_kept_goes_with_its_service(base: Path) -> None:
    deploy(base, "r1", table="one")
    deploy(base, "r2", table="two")

    class Gone:
        def forget(self) -> None: ...

        def forgotten(self) -> None: ...

    with_lease(base, "r3", lambda: _removed(base, Gone()))
    assert manifest(base)["earlier"] == {}


def _removed(base: Path, service: Any) -> None:
    with node.working(str(base), "r3") as record:
        supervision.remove(service, SERVICE, f"{base}/home", record)
