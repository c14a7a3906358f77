"""A service is restarted when the files differ from what it read, and for no other reason."""

import errno
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from modules import NOTHING, module, take, utility

service = module("fatecloud_service")
departed = module("fatecloud_departed")
cleanup = module("fatecloud_cleanup")
wait = module("fatecloud_wait")
objects = module("fatecloud_objects")
node = utility("fatecloud_node")
supervision = utility("fatecloud_supervision")


def record(started: Path, paths: list[Path]) -> None:
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}\n" for path in paths]
    started.write_text("".join(lines))


@pytest.mark.parametrize(
    ("wanted", "now", "old", "verb"),
    [
        ("started", "running", [], ""),
        ("started", "starting", [], ""),
        ("started", "running", ["/conf"], "restart"),
        ("started", "stopped", ["/conf"], "start"),
        ("started", "failed", [], "start"),
        ("started", "absent", [], "start"),
        ("restarted", "running", [], "restart"),
        ("restarted", "stopped", [], "start"),
        ("stopped", "running", ["/conf"], "stop"),
        ("stopped", "failed", [], "stop"),
        ("stopped", "stopped", ["/conf"], ""),
        ("absent", "absent", [], ""),
        ("absent", "starting", [], "stop"),
        ("stopped", "unsupervised", [], "stop"),
        ("absent", "unsupervised", [], "stop"),
        ("started", "unsupervised", [], "restart"),
        ("started", "retrying", [], "restart"),
        ("restarted", "retrying", [], "restart"),
        ("stopped", "retrying", [], "stop"),
    ],
)
def test_what_is_done_follows_from_state_and_inputs(wanted: str, now: str, old: list[str], verb: str) -> None:
    assert service.decide(wanted, now, old) == verb


def test_inputs_are_stale_when_they_differ_from_the_record_in_any_way(tmp_path: Path) -> None:
    one, two, started = tmp_path / "one", tmp_path / "two with space", tmp_path / "started"
    one.write_text("1")
    two.write_text("2")
    inputs = [str(one), str(two)]
    assert service.stale(inputs, str(started)) == sorted(inputs)
    record(started, [one, two])
    assert service.stale(inputs, str(started)) == []
    two.write_text("changed")
    assert service.stale(inputs, str(started)) == [str(two)]
    record(started, [one, two])
    one.unlink()
    assert service.stale(inputs, str(started)) == [str(one)]
    assert service.stale([str(two)], str(started)) == [str(one)]


class Fake:
    """A supervision that remembers its calls."""

    def __init__(self, state: str) -> None:
        self.now = state
        self.calls: list[str] = []

    def adopt(self) -> list[str]:
        self.calls.append("adopt")
        return []

    def reread(self) -> list[str]:
        self.calls.append("reread")
        return []

    def endangered(self) -> list[str]:
        return []

    def state(self) -> str:
        return self.now

    def act(self, verb: str) -> None:
        self.calls.append(verb)
        self.now = "stopped" if verb == "stop" else "running"

    def forget(self) -> None:
        self.calls.append("forget")

    def forgotten(self) -> None:
        self.calls.append("forgotten")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    take(tmp_path)
    unit_of(tmp_path).touch()
    return tmp_path


def unit_of(base: Path) -> Path:
    """The unit's file, which is not below the base directory."""
    return base.with_name(f"{base.name}.unit")


def asked(base: Path, state: str, **changes: Any) -> dict[str, Any]:
    plain = {
        "state": state,
        "base": str(base),
        "run": "r1",
        "service": "9999/flow@a1",
        "slug": "demo-9999-flow",
        "unit": "fatecloud-demo-9999-flow.service",
        "unit_path": str(unit_of(base)),
        "version": "2.2.0",
        "supervision": "systemd",
        "supervisor": "",
        "inputs": [],
        "started": str(base / "started"),
        "home": str(base / "home"),
        "user": "",
        "kept": {"data": "/data/x"},
        "data_directory": "",
        "runners": [],
        "node_runners": [],
        "interrupt_jobs": False,
        "questions": {},
        "wait_jobs": 0,
        "data": {},
        "leave": {},
    }
    return plain | changes


@pytest.mark.parametrize("state", ["started", "stopped", "restarted"])
def test_what_is_not_deployed_is_not_touched_and_leaves_no_record(
    base: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    fake = Fake("absent")
    monkeypatch.setattr(service, "supervised", lambda _params: fake)
    unit_of(base).unlink()
    with pytest.raises(node.Refused, match="it is not deployed on this node"):
        service.apply(asked(base, state), check=False)
    assert fake.calls == []
    assert node.Manifest(str(base)).data["services"] == {}


@pytest.mark.parametrize("state", ["started", "restarted"])
def test_what_a_removed_unit_has_left_is_not_started_before_a_deploy(
    base: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    fake = Fake("running")
    monkeypatch.setattr(service, "supervised", lambda _params: fake)
    unit_of(base).unlink()
    with pytest.raises(node.Refused, match="fatecloud deploy brings it back"):
        service.apply(asked(base, state), check=False)
    service.apply(asked(base, "stopped"), check=False)
    assert fake.calls == ["stop"]


@pytest.mark.parametrize(
    ("state", "now", "calls"),
    [
        ("restarted", "running", ["leave", "adopt", "restart"]),
        ("stopped", "running", ["leave", "stop"]),
        ("started", "running", ["adopt"]),
        ("restarted", "stopped", ["adopt", "start"]),
        ("restarted", "unsupervised", ["adopt", "restart"]),
    ],
)
def test_one_of_several_leaves_its_work_before_it_is_ended(
    base: Path, monkeypatch: pytest.MonkeyPatch, state: str, now: str, calls: list[str]
) -> None:
    fake = Fake(now)
    leave = {"argv": ["python3", "-"], "stdin": "", "timeout": 5, "user": "fc"}

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        assert params == leave
        fake.calls.append("leave")
        return {"ok": False, "error": "no answer"}

    monkeypatch.setattr(service, "supervised", lambda _params: fake)
    monkeypatch.setattr(service, "ask", answer)
    done = service.apply(asked(base, state, leave=leave), check=False)
    assert fake.calls == calls
    said = ["9999/flow@a1 could not leave its work to others: no answer"]
    assert done["silent"] == (said if "leave" in calls else [])


class Manager:
    """A systemd whose unit goes from one state to the next with each reload."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.calls: list[str] = []

    def __call__(self, argv: list[str], **_more: Any) -> str:
        self.calls.append(argv[1])
        if argv[1] == "daemon-reload":
            self.states.pop(0)
        load, _, active = self.states[0].partition(" ")
        return f"LoadState={load}\nActiveState={active}\nUnitFileState=enabled\nNeedDaemonReload=no"


@pytest.mark.parametrize(
    ("states", "reloads", "state"),
    [
        (("loaded active",), 0, "running"),
        (("not-found inactive", "loaded inactive"), 1, "stopped"),
        (("not-found active", "loaded active"), 1, "running"),
        (("not-found active", "error active", "loaded active"), 2, "running"),
        (("error active", "loaded active"), 1, "running"),
    ],
)
def test_a_unit_that_is_there_again_is_read_until_it_is_loaded(
    monkeypatch: pytest.MonkeyPatch, states: tuple[str, ...], reloads: int, state: str
) -> None:
    manager = Manager(*states)
    monkeypatch.setattr(supervision, "call", manager)
    systemd: Any = supervision.Systemd({"unit": "x.service", "unit_path": "/x"})
    assert systemd.adopt() == (["reload"] if reloads else [])
    assert manager.calls.count("daemon-reload") == reloads
    assert systemd.state() == state


@pytest.mark.parametrize(
    ("shown", "state"),
    [("not-found inactive", "absent"), ("not-found failed", "absent"), ("not-found active", "running")],
)
def test_a_process_that_a_removed_unit_has_left_can_be_stopped(
    monkeypatch: pytest.MonkeyPatch, shown: str, state: str
) -> None:
    monkeypatch.setattr(supervision, "call", Manager(shown))
    assert supervision.Systemd({"unit": "x.service", "unit_path": "/x"}).state() == state


def test_a_start_is_recorded_and_a_second_does_nothing(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake("absent")
    monkeypatch.setattr(service, "supervised", lambda _params: fake)
    assert service.apply(asked(base, "started"), check=True) == {"changed": True, "done": ["start"]}
    assert fake.calls == []
    assert service.apply(asked(base, "started"), check=False)["done"] == ["start"]
    assert not service.apply(asked(base, "started"), check=False)["changed"]
    entry = json.loads((base / ".fatecloud" / "manifest.json").read_text())["services"]["9999/flow@a1"]
    assert (entry["unit"], entry["version"], entry["run"]) == ("fatecloud-demo-9999-flow.service", "2.2.0", "r1")
    assert entry["data"] == "/data/x"


def test_a_stop_is_kept_with_its_run_and_operator_until_the_next_start(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake("running")
    monkeypatch.setattr(service, "supervised", lambda _params: fake)

    def stopped(state: str) -> Any:
        service.apply(asked(base, state), check=False)
        manifest = json.loads((base / ".fatecloud" / "manifest.json").read_text())
        return manifest["services"]["9999/flow@a1"].get("stopped")

    assert stopped("started") is None
    first = stopped("stopped")
    assert (first["run"], first["by"]) == ("r1", "me@here")
    assert stopped("stopped") == first
    assert stopped("started") is None


def entry_of(base: Path) -> dict[str, Any]:
    found: dict[str, Any] = node.Manifest(str(base)).data["services"]["9999/flow@a1"]
    return found


def test_only_a_deploy_changes_what_is_on_record_of_its_files(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "supervised", lambda _params: Fake("running"))
    service.apply(asked(base, "started", version="1.0"), check=False)
    edited = {"data": "/data/y", "judged": {}}
    for state in ("stopped", "started", "restarted"):
        service.apply(asked(base, state, version="", kept=edited), check=False)
        assert (entry_of(base)["version"], entry_of(base)["deployed"]) == ("1.0", "r1")
        assert (entry_of(base)["data"], "judged" in entry_of(base)) == ("/data/x", False)
    take(base, "r1")
    service.apply(asked(base, "started", version="2.0", kept=edited), check=False)
    assert (entry_of(base)["version"], entry_of(base)["data"]) == ("2.0", "/data/y")


def test_nothing_starts_a_service_whose_migration_is_not_finished(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake("running")
    monkeypatch.setattr(service, "supervised", lambda _params: fake)
    flag = base / "data" / ".fatecloud-migrating"
    flag.parent.mkdir()
    flag.touch()
    service.apply(asked(base, "stopped", data_directory=str(flag.parent)), check=False)
    assert entry_of(base)["stopped"]["migrates"] is True
    for state in ("started", "restarted"):
        with pytest.raises(node.Refused, match="fatecloud deploy goes on with it"):
            service.apply(asked(base, state, data_directory=str(flag.parent)), check=False)
    assert fake.calls == ["reread", "stop"]
    flag.unlink()
    assert service.apply(asked(base, "started", data_directory=str(flag.parent)), check=False)["done"] == ["start"]


def test_a_service_that_left_the_inventory_is_stopped_and_removed(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake("running")
    monkeypatch.setattr(service, "supervised", lambda _params: fake)
    monkeypatch.setattr(departed, "supervised", lambda _params: fake)
    service.apply(asked(base, "started"), check=False)
    home, unit, other = base / "home", base / "unit", base / "other"
    home.mkdir()
    for path in (home / "conf", unit, other):
        path.write_text("x")
    with node.working(str(base), "r1") as manifest:
        for path, owner in ((home / "conf", "9999/flow@a1"), (unit, "9999/flow@a1"), (other, "9999/mysql@a1")):
            manifest.data["files"][str(path)] = {"service": owner, "sha256": "?"}
    asking = {"base": str(base), "run": "r1", "user": "", "users": [], "supervisor": "", "interrupt_jobs": False}
    asking["questions"] = {}
    assert departed.apply({**asking, "keep": ["9999/flow@a1"]}, check=False) == {"changed": False, "gone": []}
    assert departed.apply({**asking, "keep": []}, check=False)["gone"] == ["9999/flow@a1"]
    assert fake.calls[-3:] == ["stop", "forget", "forgotten"]
    assert not home.exists()
    assert not unit.exists()
    assert other.exists()


def test_supervisor_is_found_on_the_node_where_the_controller_does_not_know_it(base: Path) -> None:
    old, new, half, other = (base / "store" / "tree" / name for name in ("old", "new", "half", "other"))
    assert supervision.supervisor_of(str(base), "") == ""
    for age, tree in enumerate((other, half, new, old)):
        (tree / "supervisor").mkdir(parents=True)
        if tree != other:
            (tree / "supervisor" / "supervisord.py").touch()
        marker = tree / ".complete"
        marker.touch()
        os.utime(marker, (1000 - age, 1000 - age))
    (half / ".complete").unlink()
    assert supervision.supervisor_of(str(base), "") == str(new)
    assert supervision.supervisor_of(str(base), str(base / "not" / "yet")) == str(new)
    assert supervision.supervisor_of(str(base), str(old)) == str(old)


def test_cleaning_ends_supervisor_without_the_paths_of_its_programs(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = base / ".fatecloud" / "supervisor" / "supervisord.conf"
    conf.parent.mkdir(parents=True)
    conf.touch()
    ended: list[str] = []
    monkeypatch.setattr(cleanup.Supervisor, "end", lambda self: ended.append(self.conf))
    cleanup.apply({"base": str(base), "run": "r1", "purge": True, **NOTHING})
    assert ended == [str(conf)]


@pytest.mark.parametrize("purge", [False, True])
def test_cleaning_keeps_data_by_default_and_never_removes_what_is_not_ours(base: Path, *, purge: bool) -> None:
    data, logs, strange = base / "data" / "x", base / "logs" / "x", base / "data" / "strange"
    for path in (data, logs, strange, base / "store"):
        path.mkdir(parents=True)
    (data / "table").write_text("rows")
    with node.working(str(base), "r1") as manifest:
        manifest.note("directories", [str(data), str(logs)])
        manifest.note("shared", [str(base), str(base / "data"), str(base / "logs")])
    result = cleanup.apply({"base": str(base), "run": "r1", "purge": purge, **NOTHING})
    assert result["kept"] == ([] if purge else [str(data)])
    assert (data / "table").exists() is not purge
    assert strange.exists()
    for gone in (base / "logs", base / "store"):
        assert not gone.exists()
    private = base / ".fatecloud"
    assert [path.name for path in private.glob("*")] == ([] if purge else ["manifest.json"])
    assert private.exists() is not purge


def test_data_that_was_kept_can_be_cleared_later(base: Path, tmp_path: Path) -> None:
    data = base / "data" / "x"
    data.mkdir(parents=True)
    (data / "table").write_text("rows")
    with node.working(str(base), "r1") as manifest:
        manifest.note("directories", [str(data)])
        manifest.note("shared", [str(base), str(base / "data")])
        manifest.note("packages", ["front-server"])
    asking = {"base": str(base), "run": "r1", **NOTHING}
    cleanup.apply({**asking, "purge": False})
    take(base, "r1")
    result = cleanup.apply({**asking, "purge": True})
    assert (result["kept"], result["left"]["packages"]) == ([], ["front-server"])
    assert not base.exists()


@pytest.mark.parametrize("purge", [False, True])
def test_what_services_printed_under_roots_supervisor_goes_with_the_logs(base: Path, *, purge: bool) -> None:
    consoles, label = base / "logs" / "consoles", NOTHING["label"]
    consoles.mkdir(parents=True)
    ours, theirs = consoles / f"{label}-9999-flow.log", consoles / f"{label}x-9999-flow.log.1"
    ours.touch()
    theirs.touch()
    with node.working(str(base), "r1") as manifest:
        manifest.note("shared", [str(base), str(base / "logs"), str(consoles)])
    cleanup.apply({"base": str(base), "run": "r1", "purge": purge, **NOTHING})
    assert (ours.exists(), theirs.exists()) == (not purge, True)


def test_a_node_with_nothing_of_others_is_as_it_was_before(base: Path) -> None:
    with node.working(str(base), "r1") as manifest:
        manifest.note("shared", [str(base)])
    cleanup.apply({"base": str(base), "run": "r1", "purge": True, **NOTHING})
    assert not base.exists()


def test_cleaning_is_refused_while_services_are_there(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "supervised", lambda _params: Fake("absent"))
    service.apply(asked(base, "started"), check=False)
    with pytest.raises(node.Refused, match="9999/flow@a1"):
        cleanup.apply({"base": str(base), "run": "r1", "purge": True, **NOTHING})


def question(program: str, **changes: Any) -> dict[str, Any]:
    plain = {
        "service": "s",
        "argv": [sys.executable, "-"],
        "stdin": program,
        "timeout": 5,
        "deadline": 0.2,
        "user": "",
        "unit": "",
        "slug": "s",
        "base": "/nonexistent",
        "owner": "",
        "ports": [],
        "logs": [],
    }
    return plain | changes


def test_waiting_ends_with_the_first_good_answer(tmp_path: Path) -> None:
    flag = tmp_path / "second"
    program = (
        f"import json, pathlib; p = pathlib.Path({str(flag)!r}); print(json.dumps({{'ok': p.exists()}})); p.touch()"
    )
    result = wait.wait(question(program, deadline=20))
    assert result["failed"] is False
    assert result["answer"] == {"ok": True}


GOOD = "print('{\"ok\": true}')"


def test_an_answer_does_not_count_while_a_stranger_holds_a_port_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "LEAVING", 0)
    monkeypatch.setattr(wait, "strangers", lambda params: [f"port {params['ports'][0]['number']} is held by process 7"])
    result = wait.wait(question(GOOD, deadline=60, ports=[{"number": 9380, "bind": "::"}]))
    assert (result["failed"], result["answer"]) == (True, {"ok": True})
    assert result["msg"].endswith("port 9380 is held by process 7")


def test_a_process_of_before_has_a_moment_to_leave_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([["port 9380 is held by process 7"], []])
    monkeypatch.setattr(wait, "strangers", lambda _params: next(answers))
    assert wait.wait(question(GOOD, deadline=60))["failed"] is False


@pytest.mark.parametrize("program", ["print('{}')", "import time; time.sleep(600)"], ids=["between", "while it asks"])
def test_waiting_ends_when_no_one_hears_it_any_more(program: str) -> None:
    code = f"import modules\nmodules.module('fatecloud_wait').wait({question(program, timeout=600, deadline=600)!r})"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as waiting:
        assert waiting.stdout
        waiting.stdout.close()
        assert waiting.wait(60) == 0


def test_jobs_are_not_waited_for_when_no_one_hears_it_any_more(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = utility("fatecloud_asking")
    monkeypatch.setattr(asking, "deserted", lambda: True)
    with pytest.raises(node.Refused, match="interrupted") as refused:
        asking.let_jobs_end({"base": str(base), "run": "r1", "wait_jobs": 600}, [{"key": "9999/flow@a1"}])
    assert "jobs" not in refused.value.details


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ('print(\'{"ok": false, "kind": "auth", "error": "access denied"}\')', "access denied"),
        ("import sys; sys.exit('no such module')", "status 1: no such module"),
        ("print('hello')", "status 0: it printed nothing"),
        ("print('[1]')", "it answered [1]"),
        ("import time; time.sleep(5)", "no answer in 0.3 s"),
    ],
)
def test_a_bad_answer_is_reported_in_words(program: str, said: str) -> None:
    timeout = 0.3 if "sleep" in program else 5
    result = wait.wait(question(program, timeout=timeout))
    assert result["failed"] is True
    assert said in result["msg"]


def test_a_failure_brings_the_telling_lines_of_the_newest_log(tmp_path: Path) -> None:
    log = tmp_path / "stat.log"
    log.write_text("\n".join(["all is well"] * 50 + ["[ERROR] cannot connect to 10.0.0.1"] + ["all is well"] * 5))
    result = wait.wait(question("print('{\"ok\": false}')", logs=[str(tmp_path / "*.log"), "/nonexistent"]))
    assert result["lines"] == ["[ERROR] cannot connect to 10.0.0.1"]


def test_objects_are_applied_once_for_the_same_files(base: Path) -> None:
    count, script, source, applied = base / "count", base / "script", base / "users.sql", base / "applied"
    script.write_text(f"#!/bin/sh\necho x >> {count}\n")
    script.chmod(0o700)
    source.write_text("create user")
    asking = {
        "base": str(base),
        "run": "r1",
        "service": "s",
        "script": str(script),
        "digest_of": [str(source), str(script)],
        "applied": str(applied),
        "names": ["database rules"],
        "user": "root",
        "group": "root",
        "timeout": 10,
    }
    with node.working(str(base), "r1") as manifest:
        manifest.data["services"]["s"] = {"version": "1"}
    assert objects.apply(asking, check=True)["changed"]
    assert not count.exists()
    assert objects.apply(asking, check=False)["changed"]
    assert not objects.apply(asking, check=False)["changed"]
    digest = hashlib.sha256(b"create user").hexdigest()
    assert applied.read_text().startswith(f"{digest}  {source}\n")
    source.write_text("create two users")
    assert objects.apply(asking, check=False)["changed"]
    assert count.read_text() == "x\nx\n"
    made = {"version": "1", "objects": ["database rules"], "objects_made": ["database rules"]}
    assert node.Manifest(str(base)).data["services"]["s"] == made
    assert not objects.apply(dict(asking, names=["database other"]), check=False)["changed"]
    # What is not needed any more stays on record: nothing drops it, so someone may ask for it later.
    made |= {"objects": ["database other"], "objects_made": ["database other", "database rules"]}
    assert node.Manifest(str(base)).data["services"]["s"] == made


def test_objects_that_fail_are_not_recorded_as_applied(base: Path) -> None:
    script, applied = base / "script", base / "applied"
    script.write_text("#!/bin/sh\necho 'access denied for fate'\nexit 3\n")
    script.chmod(0o700)
    asking = {
        "base": str(base),
        "run": "r1",
        "service": "s",
        "script": str(script),
        "digest_of": [str(script)],
        "applied": str(applied),
        "names": ["database rules"],
        "user": "root",
        "group": "root",
        "timeout": 10,
    }
    with pytest.raises(node.Refused, match="status 3") as refusal:
        objects.apply(asking, check=False)
    assert refusal.value.details["lines"] == ["access denied for fate"]
    assert not applied.exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_what_the_disk_refuses_is_reported_in_one_line(base: Path, number: int) -> None:
    with pytest.raises(node.Refused) as refusal, node.working(str(base), "r1"):
        raise OSError(number, os.strerror(number), "/data/fate/x")
    assert str(refusal.value) == f"/data/fate/x: {os.strerror(number)}"
    with pytest.raises(node.Refused, match="/data/fate/gone: No such file"), node.working(str(base), "r1"):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/data/fate/gone")
