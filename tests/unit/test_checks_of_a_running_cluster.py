"""Each check has a case that raises exactly its code at the right subject, and a healthy cluster raises none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from posixpath import dirname
from typing import Any, Literal

import pytest
from check_world import (
    CONF,
    ENGINE,
    FRONT,
    NODE_CONF,
    PYTHON,
    RUN,
    STORE,
    VENV,
    Documents,
    a_confinement,
    a_folder,
    a_jvm,
    a_listener,
    a_main,
    a_process,
    a_record,
    healthy_documents,
    held,
    report_of,
    the_desired,
)
from preflight_world import CLUSTER_ID, GIB, NOW, ROOT_DISK, a_load, a_mark, an_empty_place

from fatecloud.checks.codes import ENGINE_CODES
from fatecloud.checks.ports import not_too_open
from fatecloud.checks.registry import running_checks
from fatecloud.model.check import ServiceView
from fatecloud.model.finding import Severity
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer
from fatecloud.model.remedy import DEPLOY, Run, look
from fatecloud.model.service import PortUse

Change = Callable[[Documents], object]


def engine(**values: Any) -> Change:
    return lambda documents: documents["a1"]["services"][ENGINE].update(values)


def in_jvm(**values: Any) -> Change:
    return lambda documents: documents["a1"]["services"][FRONT]["jvm"].update(values)


REFUSES = [
    "Unrecognized VM option 'UseBiasedLocking'",
    "Error: Could not create the Java Virtual Machine.",
    "Error: A fatal exception has occurred. Program will exit.",
]


def down(**values: Any) -> Change:
    """The engine has no process, and so no port."""

    def change(documents: Documents) -> None:
        engine(pid=None, pids=[], main=None, **values)(documents)
        listeners(FRONT_PORT)(documents)

    return change


def fact(name: str, **values: Any) -> Change:
    return lambda documents: documents["a1"][name].update(values)


def disk(**values: Any) -> Change:
    def change(documents: Documents) -> None:
        disks = documents["a1"]["disk"]
        disks["/data/fate/logs"] = disks["/data/fate/logs"] | {"mount": "/data/fate/logs"} | values

    return change


BASE = "/data/fate"
HOME_VENV = dirname(CONF).replace("/conf", "/venv")


def put(*path: str, value: Any) -> Change:
    def change(documents: Documents) -> None:
        place: Any = documents
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return change


def probe(data: Any, error: str | None) -> Change:
    return put("a1", "probes", f"{ENGINE}:engine.api", value=ProbeAnswer(None, data, error, 10.0))


def listeners(*rows: dict[str, Any]) -> Change:
    return put("a1", "listeners", value=list(rows))


def started(at: float) -> Change:
    """A run of fatecloud started the engine."""
    return lambda documents: documents["a1"]["manifest"]["services"][ENGINE].update(at=at)


def not_come_to_the_services(documents: Documents) -> None:
    """As after a first deploy that failed when it built the environment."""
    documents["a1"]["manifest"].update(services={}, files={NODE_CONF: a_record("node", "0600")})
    documents["a1"]["files"][CONF] = None
    documents["a1"]["listeners"] = []
    for key in (ENGINE, FRONT):
        documents["a1"]["services"][key].update(state="absent", result="not-found", enabled=False, pid=None, pids=[])


def forged(documents: Documents) -> None:
    """As where others could have written our records: then none of them is read."""
    documents["a1"]["records"] = {"untrusted": ["/data/fate/.fatecloud belongs to user app"]}
    for name in ("manifest", "lease"):
        documents["a1"][name] = Fact(error="/data/fate/.fatecloud belongs to user app")


FRONT_PORT = a_listener(9300, 102)
FROZEN = a_process(107, state="T", frozen=True, command="egg_pair --session-id s")
STRANGER = a_listener(9380, 4711, process="java", user="bob", cmdline="java -jar x")
_WEAKER: tuple[dict[str, Any], ...] = (
    {"NoNewPrivs": 0},
    {"Seccomp": 0},
    {"CapBnd": 1 << 13},
    {"own": ["/", "/dev", "/proc"]},
    {"read_only": ["/sys", "/sys/fs/cgroup"]},
    {"hidden": []},
)
_DIRECTIVES = ("a1", "services", ENGINE, "directives")
BUSY = a_load(cores=2, load1=30.2, busy={"stress": 30}, pressure={"cpu": 99.0, "memory": 0.0, "io": 1.0})
ONE_END = {"count": 1, "at": NOW - 12, "how": "killed by signal 9 (SIGKILL)"}
TWO_ENDS = ONE_END | {"count": 2}
CASES: list[tuple[str, str, Change]] = [
    ("MANIFEST_ABSENT", "a1", put("a1", "manifest", value=None)),
    ("NODE_RECORDS_UNTRUSTED", "a1", forged),
    ("NODE_MISTAKEN", "a1", lambda d: d["a1"]["manifest"].update(cluster="demo", id="d" * 16)),
    ("NODE_MISTAKEN", "a1", lambda d: d["a1"]["manifest"].update(cluster="bank", id=CLUSTER_ID)),
    ("NODE_MISTAKEN", "a1", lambda d: d["a1"]["manifest"].update(cluster="demo", id=CLUSTER_ID, node="a2")),
    ("NODE_MISTAKEN", "a1", lambda d: d["a1"]["manifest"].update(cluster="demo", id=CLUSTER_ID, node="z9")),
    ("MANIFEST_ABSENT", "a1", put("a1", "manifest", value={"layout": 2, "directories": ["/data/fate/data"]})),
    ("DEPLOY_INCOMPLETE", "a1", not_come_to_the_services),
    ("LEASE_STALE", "a1", put("a1", "lease", value={"run": "r9", "owner": "ann", "expires": NOW - 60})),
    ("NODE_DISK_FULL", "a1", disk(available=GIB)),
    ("NODE_DISK_FULL", "a1", disk(total=400 << 20, available=12 << 20)),
    ("NODE_DISK_LOW", "a1", disk(available=30 * GIB)),
    ("NODE_DISK_READONLY", "a1", disk(options="ro,relatime")),
    ("NODE_INODES_LOW", "a1", disk(inodes_free=10)),
    ("NODE_MEMORY_LOW", "a1", fact("memory", available=GIB)),
    ("NODE_REBOOTED", "a1", lambda d: (fact("clock", boot_epoch=NOW - 40)(d), down(state="stopped")(d))),
    ("NODE_LOADED", "a1", lambda d: (put("a1", "load", value=BUSY)(d), probe(None, "timeout after 10 s")(d))),
    ("NODE_CLOCK_SKEW", "a1", fact("skew", seconds=3.0)),
    ("DATA_NOT_THERE", ENGINE, put("a1", "data", ENGINE, value=an_empty_place())),
    ("DATA_NOT_THERE", ENGINE, lambda d: d["a1"]["data"][ENGINE].update(mark=a_mark(id="i2"))),
    ("DATA_NOT_THERE", ENGINE, lambda d: d["a1"]["data"][ENGINE].update(hollow=True)),
    ("DATA_NOT_THERE", ENGINE, lambda d: d["a1"]["data"][ENGINE].update(mark=a_mark(id="i2", adopting=True))),
    (
        "DATA_NOT_THERE",
        ENGINE,
        lambda d: (
            d["a1"]["manifest"].pop("data"),
            d["a1"]["data"][ENGINE].update(mark=a_mark(stamp="fatecloud of another"), copy=None),
        ),
    ),
    ("DATA_MOVED", ENGINE, lambda d: d["a1"]["data"][ENGINE].update(mount=ROOT_DISK)),
    ("FILE_MISSING", ENGINE, put("a1", "files", CONF, value=None)),
    ("FILE_MISSING", "a1", put("a1", "files", NODE_CONF, value=None)),
    ("FILE_DRIFTED", ENGINE, lambda d: d["a1"]["files"][CONF].update(sha256="6" * 64)),
    ("FILE_DRIFTED", "a1", lambda d: d["a1"]["files"][NODE_CONF].update(sha256="6" * 64)),
    ("FILE_MODE", ENGINE, lambda d: d["a1"]["files"][CONF].update(mode="0660")),
    ("FILE_MODE", ENGINE, lambda d: d["a1"]["files"][CONF].update(owner="bob")),
    ("FILE_MODE", ENGINE, lambda d: d["a1"]["files"][CONF].update(group="bob")),
    ("FILE_MODE", "a1", lambda d: d["a1"]["files"][NODE_CONF].update(mode="0644")),
    ("FILE_MODE", "a1", lambda d: d["a1"]["files"][NODE_CONF].update(owner="bob")),
    ("FILE_MISSING", ENGINE, put("a1", "folders", RUN, value=None)),
    ("FILE_MODE", ENGINE, lambda d: d["a1"]["folders"][RUN].update(mode="0777")),
    ("FILE_MODE", ENGINE, lambda d: d["a1"]["folders"][RUN].update(owner="root")),
    ("FILE_MODE", ENGINE, lambda d: d["a1"]["folders"][dirname(CONF)].update(group="bob")),
    ("FILE_MODE", "a1", put("a1", "folders", BASE, value=a_folder("root", "root"))),
    ("SECRET_READABLE", ENGINE, lambda d: d["a1"]["files"][CONF].update(mode="0644")),
    ("DEPLOY_PENDING", ENGINE, lambda d: d["a1"]["manifest"]["files"][CONF].update(digest="0" * 64)),
    ("DEPLOY_PENDING", ENGINE, lambda d: d["a1"]["manifest"]["services"][ENGINE].update(version="2.1.0")),
    ("STORE_DAMAGED", "a1", put("a1", "store", "changed", value=[VENV])),
    ("STORE_DAMAGED", "a1", put("a1", "store", "changed", value=[PYTHON])),
    ("STORE_DAMAGED", "a1", put("a1", "store", "made", "venv", value=[])),
    ("STORE_DAMAGED", "a1", put("a1", "store", "made", value={})),
    ("ENVIRONMENT_DAMAGED", ENGINE, put("a1", "store", "homes", value={HOME_VENV: "not as it was made: bin"})),
    ("ENVIRONMENT_DAMAGED", ENGINE, put("a1", "store", "homes", value={HOME_VENV: "it is gone"})),
    ("SERVICE_ABSENT", ENGINE, down(state="absent", result="not-found", enabled=False)),
    ("JAVA_GONE", FRONT, put("a1", "services", FRONT, "jvm", value=a_jvm(there=False))),
    ("JAVA_REPLACED", FRONT, put("a1", "services", FRONT, "jvm", value=a_jvm(replaced=True))),
    (
        "JAVA_OUT_OF_MEMORY",
        FRONT,
        in_jvm(exhausted={"at": NOW - 9, "line": "java.lang.OutOfMemoryError: Java heap space"}),
    ),
    (
        "JAVA_WORK_REFUSED",
        FRONT,
        in_jvm(refused={"at": NOW - 9, "line": "TaskRejectedException: Executor [x[Running, pool size = 600"}),
    ),
    ("JAVA_HEAP_FULL", FRONT, in_jvm(heap={"live": 95.0, "at": NOW - 60, "full": True, "capacity": 100.0})),
    ("SERVICE_DESCRIPTORS", FRONT, put("a1", "services", FRONT, "main", value=a_main(102, fds=65000))),
    ("SERVICE_THREADS", FRONT, put("a1", "services", FRONT, "main", value=a_main(102, threads=65000))),
    ("SERVICE_TWICE", ENGINE, engine(twins=[{"pid": 4711, "user": "bob", "command": "java engine.Main -p 9380"}])),
    ("SERVICE_STOPPED", ENGINE, down(state="stopped")),
    ("SERVICE_FAILED", ENGINE, down(state="failed", result="exit-code", exit=1)),
    ("SERVICE_RESTARTING", ENGINE, down(state="starting", sub="auto-restart", restarts=7)),
    ("SERVICE_RESTARTING", ENGINE, down(state="retrying", sub="backoff", restarts=None)),
    ("SERVICE_RESTARTING", ENGINE, lambda d: (engine(restarts=2, since=NOW - 20)(d), probe({"ok": False}, None)(d))),
    ("SERVICE_CRASHED", ENGINE, lambda d: (engine(restarts=1, since=NOW - 20)(d), probe({"ok": False}, None)(d))),
    ("SERVICE_CRASHED", ENGINE, down(state="starting", sub="auto-restart", restarts=0)),
    ("SERVICE_CRASHED", ENGINE, down(state="retrying", sub="backoff", restarts=1)),
    ("SERVICE_CRASHED", ENGINE, down(state="starting", sub="auto-restart", restarts=7, ended=ONE_END)),
    (
        "SERVICE_RESTARTING",
        ENGINE,
        down(state="starting", sub="auto-restart", restarts=0, ended={**ONE_END, "count": 2}),
    ),
    ("SERVICE_RESTARTING", ENGINE, lambda d: (engine(restarts=2, since=NOW - 20)(d), listeners(FRONT_PORT)(d))),
    ("SERVICE_RESTARTING", ENGINE, lambda d: (engine(restarts=2, since=NOW - 20)(d), started(NOW - 90)(d))),
    ("SERVICE_UNSUPERVISED", ENGINE, engine(state="unsupervised", result="supervisord does not run")),
    ("SERVICE_HUNG", ENGINE, engine(main=a_main(101, state="T", frozen=True))),
    ("SERVICE_HUNG", ENGINE, engine(main=a_main(101, state="t", frozen=True), children=[FROZEN])),
    ("SERVICE_HUNG", ENGINE, probe(None, "timeout after 10 s")),
    ("SERVICE_HUNG", ENGINE, probe({"ok": False, "kind": "timeout", "error": "read timed out"}, None)),
    ("SERVICE_HUNG", ENGINE, probe({"ok": False, "kind": "unanswered", "error": "it speaks HTTP/2"}, None)),
    ("SERVICE_HUNG", ENGINE, probe({"ok": False, "kind": "silent", "error": "connected, then no answer"}, None)),
    ("SERVICE_HUNG", ENGINE, lambda d: (engine(children=[FROZEN])(d), probe(None, "timeout after 10 s")(d))),
    ("SERVICE_CHILD_FROZEN", ENGINE, engine(children=[FROZEN, a_process(108)], processes=3)),
    ("SERVICE_CHILD_FROZEN", ENGINE, engine(children=[FROZEN | {"state": "t"}], processes=2)),
    ("SERVICE_DISABLED", ENGINE, engine(enabled=False)),
    ("RESTART_PENDING", ENGINE, engine(started={CONF: "4" * 64})),
    ("UNIT_PROTECTION_MISSING", ENGINE, put(*_DIRECTIVES, "ProtectHome", value="no")),
    ("UNIT_PROTECTION_MISSING", ENGINE, put(*_DIRECTIVES, "CapabilityBoundingSet", value="cap_net_raw")),
    ("UNIT_PROTECTION_MISSING", ENGINE, put(*_DIRECTIVES, "SystemCallFilter", value="")),
    ("UNIT_PROTECTION_MISSING", ENGINE, put(*_DIRECTIVES, "RestrictAddressFamilies", value="AF_INET AF_PACKET")),
    *(("UNIT_PROTECTION_MISSING", ENGINE, engine(confinement=a_confinement(**changes))) for changes in _WEAKER),
    *(
        ("PACKET_FILTER_NOT_IN_FORCE", ENGINE, put("a1", "filters", ENGINE, value=value))
        for value in (
            {"rules": [], "error": "nftables has no such table"},
            {"rules": [], "error": "nft is not installed"},
            {"rules": held("10.0.0.2", "10.0.0.3"), "error": ""},
            {"rules": held("10.0.0.0-10.0.0.255"), "error": ""},
            {"rules": held()[:2], "error": ""},
            {"rules": held()[::-1], "error": ""},
            {"rules": [{"port": None, "from": [], "does": "other"}, *held()], "error": ""},
            {"rules": [], "error": "no chain of it sees what comes in"},
        )
    ),
    ("EXPOSURE_SYSTEMD_OLD", "a1", lambda d: d["a1"]["services"][ENGINE]["directives"].pop("PrivateIPC")),
    ("PORT_STOLEN", ENGINE, listeners(FRONT_PORT, STRANGER)),
    ("PORT_STOLEN", ENGINE, listeners(FRONT_PORT, a_listener(9380, 101), STRANGER)),
    ("PORT_STOLEN", ENGINE, listeners(FRONT_PORT, a_listener(9380, None, user="bob", address="::"))),
    ("PORT_NOT_LISTENING", ENGINE, listeners(FRONT_PORT)),
    ("PORT_NOT_LISTENING", ENGINE, listeners(FRONT_PORT, a_listener(9380, 101, address="127.0.0.1"))),
    ("PORT_TOO_OPEN", STORE, put("a2", "listeners", value=[a_listener(3306, 201)])),
]


def test_a_packet_filter_that_nft_writes_otherwise_is_the_same() -> None:
    same = {"rules": held("10.0.0.8-10.0.0.11", "10.0.0.12/30", "10.0.0.2-10.0.0.2"), "error": ""}
    assert report_of(put("a1", "filters", ENGINE, value=same)).findings == report_of().findings


def test_an_account_that_was_lost_is_named_and_explains_whose_the_files_seem_to_be() -> None:
    def lose(documents: Documents) -> None:
        documents["a1"]["users"]["app"] = None
        documents["a1"]["files"][CONF]["owner"] = "991"
        documents["a1"]["probes"] = {f"{ENGINE}:engine.api": ProbeAnswer(None, None, "there is no user app", 0.0)}

    report = report_of(lose)
    assert {f.id: f.caused_by for f in report.findings} == {
        f"SERVICE_USER_MISSING@{ENGINE}": (),
        f"SERVICE_USER_MISSING@{FRONT}": (),
        f"FILE_MODE@{ENGINE}": (f"SERVICE_USER_MISSING@{ENGINE}",),
    }
    root = report.findings[0]
    assert (root.symptom, root.expected, root.remedy) == ("there is no user app", "user app", (DEPLOY,))


def test_a_healthy_cluster_has_no_finding_and_skips_nothing() -> None:
    report = report_of()
    assert (report.findings, report.skipped, report.exit_status) == ((), (), 0)
    assert report.passed > 20


@pytest.mark.parametrize(("code", "subject", "change"), CASES, ids=[f"{c}-{n}" for n, (c, _, _) in enumerate(CASES)])
def test_each_fault_raises_exactly_its_code(code: str, subject: str, change: Change) -> None:
    report = report_of(change)
    findings = (*report.findings, *report.exposures)
    assert [f.id for f in findings] == [f"{code}@{subject}"]
    assert findings[0].remedy
    assert findings[0].expected != findings[0].got


@pytest.mark.parametrize(
    ("said", "change"),
    [
        (REFUSES, "fatecloud deploy --overwrite-drift"),
        (["Could not reserve enough space for 8388608KB object heap"], "lower jvm.heap"),
    ],
)
def test_a_jvm_that_refuses_to_start_is_the_root_of_its_restarts(said: list[str], change: str) -> None:
    def restarts(documents: Documents) -> None:
        state = {"state": "starting", "sub": "auto-restart", "restarts": 9, "since": None, "pid": None, "main": None}
        documents["a1"]["services"][FRONT].update(state, pids=[], said=["a line before it", *said], exit=1)
        listeners(a_listener(9380, 101))(documents)

    report = report_of(restarts)
    (root,) = [f for f in report.findings if not f.caused_by]
    assert (root.id, root.symptom) == (f"JAVA_START_REFUSED@{FRONT}", said[0])
    assert any(change in str(one) for one in root.remedy)
    assert f"printed: {said[-1]}" in root.evidence


def test_what_a_jvm_said_at_an_earlier_start_is_over_once_it_runs() -> None:
    words = put("a1", "services", FRONT, "said", value=REFUSES)
    assert report_of(words).findings == ()
    # Another program that ends without a log shows what it printed.
    ends = engine(state="failed", pid=None, main=None, pids=[], said=["Illegal instruction"])
    report = report_of(lambda d: (ends(d), listeners(a_listener(9300, 102))(d), d["a1"]["logs"].clear()))
    assert [f.evidence for f in report.findings if f.code == "SERVICE_FAILED"] == [("printed: Illegal instruction",)]


def test_a_failed_first_deploy_is_the_one_finding_with_what_it_failed_of() -> None:
    failed = {"run": "r7", "who": "ann", "at": NOW, "error": "a1: Build: libtorch_cpu.so: cannot enable\n    more"}
    (finding,) = report_of(not_come_to_the_services, notes={"last_deploy": failed}).findings
    assert finding.code == "DEPLOY_INCOMPLETE"
    assert "of ann at " in finding.cause
    assert "run r7" in finding.cause
    assert finding.evidence == ("a1: Build: libtorch_cpu.so: cannot enable", "    more")


def test_a_service_that_lacks_beside_others_is_named_itself() -> None:
    codes = {f.code for f in report_of(down(state="absent", result="not-found", enabled=False)).findings}
    assert codes == {"SERVICE_ABSENT"}


def test_every_code_of_a_general_check_has_a_fault() -> None:
    declared = {code.name for spec in running_checks() if not (spec.component or spec.probe) for code in spec.codes}
    # What needs earlier checks, and what several services share, have tests of their own.
    assert declared - {
        "JAVA_HEAP_GROWING",
        "JAVA_START_REFUSED",
        "NODE_DISK_FILLING",
        "NODE_NAME_UNRESOLVED",
        "SERVICE_MISDIRECTED",
        "SERVICE_PACKETS_LOST",
        "SERVICE_USER_CHANGED",
        "SERVICE_USER_MISSING",
    } == {code for code, _, _ in CASES}
    assert not declared & {code.name for code in ENGINE_CODES}


@pytest.mark.parametrize(
    "rows",
    [
        (a_listener(9380, 101, address="::"),),
        (a_listener(9380, None, user="app"),),
        (a_listener(9380, 101, address="127.0.0.1"), a_listener(9380, 101)),
    ],
    ids=["mapped", "holder hidden without root", "two addresses"],
)
def test_a_port_that_is_held_as_it_should_be_raises_nothing(rows: tuple[dict[str, Any], ...]) -> None:
    assert report_of(listeners(FRONT_PORT, *rows)).findings == ()


def test_a_stranger_on_another_address_of_the_same_port_is_left_alone() -> None:
    desired = the_desired()
    service = desired.services[ENGINE]
    own = replace(service, ports=(replace(service.ports[0], bind="10.0.0.1"),))
    desired = replace(desired, services={**desired.services, ENGINE: own})
    rows = (FRONT_PORT, a_listener(9380, 101, address="10.0.0.1"), a_listener(9380, 9, address="127.0.0.1", user="bob"))
    assert report_of(listeners(*rows), desired=desired).findings == ()


@pytest.mark.parametrize(("restarts", "since"), [(5, NOW - 20), (9, NOW - 90)], ids=["just now", "long ago"])
def test_a_service_that_came_back_and_serves_is_healthy(restarts: int, since: float) -> None:
    assert report_of(engine(restarts=restarts, since=since)).findings == ()


@pytest.mark.parametrize(("at", "since"), [(NOW - 90, NOW - 70), (NOW - 400, NOW - 20)], ids=["it lasts", "long ago"])
def test_a_service_that_ended_once_and_then_stays_is_healthy(at: float, since: float) -> None:
    assert report_of(lambda d: (engine(restarts=2, since=since)(d), started(at)(d))).findings == ()


@pytest.mark.parametrize(
    ("total", "available"), [(400 << 20, 396 << 20), (60 << 20, 30 << 20), (4 * GIB, 1 * GIB)], ids=str
)
def test_a_small_file_system_that_has_room_is_neither_full_nor_low(total: int, available: int) -> None:
    assert report_of(disk(total=total, available=available)).findings == ()


def test_a_large_file_system_with_little_share_and_many_bytes_is_low_and_not_full() -> None:
    assert [f.code for f in report_of(disk(total=100 * GIB, available=4 * GIB)).findings] == ["NODE_DISK_LOW"]


def test_a_small_machine_is_judged_by_the_share_of_its_memory() -> None:
    assert report_of(fact("memory", total=2 * GIB, available=400 << 20)).findings == ()
    assert [f.code for f in report_of(fact("memory", total=2 * GIB, available=150 << 20)).findings] == [
        "NODE_MEMORY_LOW"
    ]


def test_a_child_that_is_only_traced_raises_nothing() -> None:
    traced = a_process(107, state="t", command="python egg_pair.py --session-id s")
    assert report_of(engine(children=[traced, a_process(108, command="strace -p 107")], processes=3)).findings == ()


def test_stopped_children_are_shown_where_the_service_does_not_answer() -> None:
    many = [FROZEN | {"pid": 200 + n, "state": "t" if n == 8 else "T"} for n in range(9)]
    (finding,) = report_of(
        lambda d: (engine(children=many, processes=10)(d), probe(None, "timeout after 10 s")(d))
    ).findings
    assert finding.cause == "9 of its 10 processes are stopped, and it may wait for what they do"
    assert finding.remedy[1:3] == (
        Run("kill -CONT 200 201 202 203 204 205 206 207", "a1", root=True),
        look("grep TracerPid /proc/208/status", "a1"),
    )
    assert finding.evidence[:6] == (
        *(f"{200 + n} T, 86400 s old: egg_pair --session-id s" for n in range(5)),
        "and 4 more",
    )


def test_a_frozen_service_goes_on_and_one_that_only_does_not_answer_is_restarted() -> None:
    restart = Run(f"fatecloud restart {ENGINE}")
    (frozen,) = report_of(engine(main=a_main(101, state="T", frozen=True))).findings
    assert frozen.remedy == (Run("kill -CONT 101", "a1", root=True), replace(restart, instead=True))
    (silent,) = report_of(probe(None, "timeout after 10 s")).findings
    assert silent.remedy[-1] == restart


def test_a_port_held_by_a_neighbour_of_ours_names_it() -> None:
    finding = report_of(listeners(FRONT_PORT, a_listener(9380, 102))).findings[0]
    assert FRONT in finding.symptom


def test_a_stolen_port_explains_why_its_service_failed() -> None:
    def change(documents: Documents) -> None:
        down(state="failed", result="exit-code", exit=1)(documents)
        listeners(FRONT_PORT, STRANGER)(documents)

    root, dependant = report_of(change).findings
    assert (root.code, dependant.code) == ("PORT_STOLEN", "SERVICE_FAILED")
    assert dependant.caused_by == (root.id,)
    assert "4711" in root.symptom
    assert "bob" in root.symptom


@pytest.mark.parametrize(
    ("seconds", "severity"), [(3.0, "warning"), (-3.0, "warning"), (90.0, "critical"), (-90.0, "critical")]
)
def test_a_clock_is_judged_against_the_median(seconds: float, severity: Severity) -> None:
    assert [f.severity for f in report_of(fact("skew", seconds=seconds)).findings] == [severity]


def test_a_clock_reading_within_its_uncertainty_raises_no_finding() -> None:
    assert report_of(fact("skew", seconds=3.0, uncertainty=2.5)).findings == ()


def test_a_lease_that_is_held_now_raises_no_finding() -> None:
    lease = {"run": "r9", "owner": "ann", "expires": NOW + 60}
    assert report_of(put("a1", "lease", value=lease)).findings == ()


def test_a_failed_service_brings_its_own_last_error_lines() -> None:
    def change(documents: Documents) -> None:
        down(state="failed", result="exit-code", exit=1)(documents)
        logs = documents["a1"]["logs"]
        log = next(iter(logs.values()))
        logs["/data/fate/logs/demo-c3f9a2-9999-engine/console.log"] = log | {"errors": ["[ERROR] first", "one", "two"]}
        logs["/data/fate/logs/demo-c3f9a2-9999-front/fate.log"] = log | {"errors": ["of another program"]}
        logs["/data/fate/logs/demo-c3f9a2-9999-engine/none.log"] = None

    finding = report_of(change).findings[0]
    assert finding.evidence == ("console.log: one", "console.log: two", "fate.log: [ERROR] no")


@pytest.mark.parametrize(
    ("state", "how"),
    [
        ({"result": "signal", "exit": 9}, "killed by signal 9 (SIGKILL)"),
        ({"result": "core-dump", "exit": 11}, "killed by signal 11 (SIGSEGV)"),
        ({"result": "oom-kill", "exit": 9}, "killed by the kernel, which had no memory left for it"),
        ({"result": "exit-code", "exit": 1}, "exit status 1"),
        ({"result": "exit-code", "exit": 1, "ended": ONE_END}, "killed by signal 9 (SIGKILL)"),
        ({"result": "start-limit-hit", "exit": None}, "start-limit-hit"),
    ],
)
def test_an_end_has_the_name_of_its_signal(state: dict[str, Any], how: str) -> None:
    (finding,) = report_of(down(state="failed", **state)).findings
    assert finding.symptom == f"it failed ({how})"


def test_one_crash_is_called_one_with_its_age() -> None:
    (finding,) = report_of(down(state="starting", sub="auto-restart", restarts=0, ended=ONE_END)).findings
    assert finding.symptom == "it ended once (killed by signal 9 (SIGKILL), 12 s ago): it is not back yet"


def test_a_crash_soon_after_a_start_of_ours_is_not_called_away() -> None:
    def change(documents: Documents) -> None:
        engine(restarts=1, since=NOW - 20, ended=ONE_END)(documents)
        documents["a1"]["manifest"]["services"][ENGINE]["at"] = NOW - 60

    (finding,) = report_of(change).findings
    assert finding.code == "SERVICE_CRASHED"
    assert finding.symptom.endswith("12 s ago): it has only just been started again")


def test_what_ends_soon_after_a_start_of_ours_is_named_without_an_answer_of_its_probe() -> None:
    def change(documents: Documents) -> None:
        engine(restarts=2, since=NOW - 20)(documents)
        started(NOW - 90)(documents)
        del documents["a1"]["probes"][f"{ENGINE}:engine.api"]

    assert "SERVICE_RESTARTING" in {finding.code for finding in report_of(change).findings}


def evidence_of(errors: list[str], stamps: list[float | None], mtime: float = NOW, **state: Any) -> tuple[str, ...]:
    """What is shown of a log of the engine when it has failed."""

    def change(documents: Documents) -> None:
        down(state="failed", result="exit-code", exit=1, **state)(documents)
        (log,) = documents["a1"]["logs"].values()
        log.update(errors=errors, stamps=stamps, mtime=mtime)

    (finding,) = report_of(change).findings
    return finding.evidence


def test_a_line_of_an_earlier_run_is_left_out_beside_one_of_the_last_run() -> None:
    run: dict[str, Any] = {"since": None, "last_start": NOW - 40}
    assert evidence_of(["[ERROR] long repaired", "[ERROR] now"], [NOW - 1200, NOW - 30], **run) == (
        "fate.log: [ERROR] now",
    )


def test_a_line_of_an_earlier_run_that_is_all_there_is_says_so_with_its_age() -> None:
    run: dict[str, Any] = {"since": None, "last_start": NOW - 40}
    shown = "fate.log, 13 min old, of an earlier run: [ERROR] long repaired"
    assert evidence_of(["[ERROR] long repaired"], [NOW - 780], **run) == (shown,)
    assert evidence_of(["[ERROR] long repaired"], [None], mtime=NOW - 780, **run) == (shown,)


def test_an_old_line_of_a_run_that_lasted_says_its_age() -> None:
    run: dict[str, Any] = {"since": None, "last_start": NOW - 86400}
    assert evidence_of(["[ERROR] of then", "[ERROR] of now"], [NOW - 1200, NOW - 5], **run) == (
        "fate.log, 20 min old: [ERROR] of then",
        "fate.log: [ERROR] of now",
    )


def test_the_lines_of_the_run_that_ended_are_evidence_when_the_next_one_has_begun() -> None:
    ended = {"count": 1, "at": NOW - 20, "how": "exit status 1"}
    run: dict[str, Any] = {"since": NOW - 14, "ended": ended}
    assert evidence_of(["[ERROR] why"], [NOW - 21], **run) == ("fate.log: [ERROR] why",)


def test_a_file_that_could_not_be_read_is_unknown_not_healthy() -> None:
    unread = {"sha256": None, "error": "Permission denied"}
    report = report_of(lambda d: d["a1"]["files"][CONF].update(unread))
    assert [(f.code, str(f.subject)) for f in report.findings] == [("FACT_ABSENT", ENGINE)]
    assert report.exit_status == 3


def test_a_process_that_no_one_may_look_at_is_unknown_not_confined() -> None:
    report = report_of(engine(confinement=None))
    assert [(f.code, str(f.subject)) for f in report.findings] == [("FACT_ABSENT", ENGINE)]


def test_a_process_that_ended_while_it_was_read_is_left_to_other_checks() -> None:
    assert report_of(engine(confinement={})).findings == ()


def test_an_overridden_unit_and_a_kernel_that_cannot_have_different_causes() -> None:
    (overridden,) = report_of(put(*_DIRECTIVES, "ProtectHome", value="no")).findings
    (refused,) = report_of(engine(confinement=a_confinement(hidden=[]))).findings
    assert overridden.cause == "its unit is overridden: ProtectHome=no"
    assert "kernel" in refused.cause
    assert overridden.symptom == refused.symptom == "it runs without ProtectHome"


def test_the_order_of_a_list_and_the_names_of_systemd_make_no_difference() -> None:
    def change(documents: Documents) -> None:
        known = documents["a1"]["services"][ENGINE]["directives"]
        known.update(RestrictAddressFamilies="AF_UNIX AF_INET6 AF_INET", SystemCallErrorNumber="1")
        known.update(SystemCallFilter="_llseek accept")

    assert report_of(change).findings == ()


def test_the_store_is_judged_on_its_own_node() -> None:
    change = put("a2", "services", STORE, "enabled", value=False)
    assert [f.id for f in report_of(change).findings] == [f"SERVICE_DISABLED@{STORE}"]
    assert healthy_documents()["a2"]["services"][STORE]["enabled"]


def test_what_only_an_older_release_had_in_the_store_may_go() -> None:
    change = put("a1", "store", "changed", value=["old"])
    assert report_of(change).findings == ()

    def not_deployed(documents: Documents) -> None:
        change(documents)
        documents["a1"]["manifest"]["made"] = ["tree/old"]

    assert [f.id for f in report_of(not_deployed).findings] == ["STORE_DAMAGED@a1"]


STOP = {"run": "20261128-120000-abc", "at": NOW - 600, "by": "ann@ops"}
LONG_AGO = NOW - 5000
Supervision = Literal["systemd", "supervisor"]


def stopped_under(supervision: Supervision, stop: dict[str, Any] | None, booted: float, **state: Any) -> str:
    """The cause that a stopped engine has."""

    def change(documents: Documents) -> None:
        down(**{"state": "stopped", "last_start": LONG_AGO} | state)(documents)
        documents["a1"]["manifest"]["services"][ENGINE]["stopped"] = stop
        documents["a1"]["clock"]["boot_epoch"] = booted

    desired = the_desired()
    nodes = dict(desired.cluster.nodes) | {"a1": replace(desired.node("a1"), supervision=supervision)}
    desired = replace(desired, cluster=replace(desired.cluster, nodes=nodes))
    return next(f for f in report_of(change, desired=desired).findings if f.code == "SERVICE_STOPPED").cause


@pytest.mark.parametrize("supervision", ["systemd", "supervisor"])
def test_our_own_stop_is_named_with_run_time_and_operator(supervision: Supervision) -> None:
    cause = stopped_under(supervision, STOP, NOW - 9e5)
    assert cause == "stopped by fatecloud stop, run 20261128-120000-abc, at 2027-01-15T07:50:00Z by ann@ops"


def test_a_service_that_waits_for_its_migration_is_deployed_again_and_not_started() -> None:
    def change(documents: Documents) -> None:
        down(state="stopped", last_start=LONG_AGO)(documents)
        documents["a1"]["manifest"]["services"][ENGINE]["stopped"] = {**STOP, "migrates": True}

    (found,) = [finding for finding in report_of(change).findings if finding.code == "SERVICE_STOPPED"]
    assert found.cause.startswith("stopped for its migration by run 20261128-120000-abc at 2027-01-15T07:50:00Z")
    assert found.remedy == (DEPLOY,)


def test_a_stop_before_the_last_start_is_not_the_cause() -> None:
    assert "it was stopped by hand" in stopped_under("systemd", STOP | {"at": LONG_AGO - 1}, NOW - 9e5)


def test_a_reboot_without_a_start_at_boot_is_named_as_such() -> None:
    cause = stopped_under("supervisor", None, NOW - 60, result="supervisord does not run")
    assert cause.startswith("the node was rebooted at 2027-01-15T07:59:00Z, and nothing starts supervisord at boot")
    assert stopped_under("systemd", None, NOW - 60, enabled=False).endswith("and its unit is disabled")


def test_a_service_that_systemd_started_at_boot_was_stopped_by_hand_since() -> None:
    assert "it was stopped by hand" in stopped_under("systemd", STOP, NOW - 400, last_start=NOW - 390)


def test_a_service_that_the_boot_was_to_start_was_stopped_by_no_one() -> None:
    cause = stopped_under("systemd", STOP, NOW - 400)
    assert cause == "the node was rebooted at 2027-01-15T07:53:20Z, and the boot has not got to start it"


def test_a_supervisord_that_ended_without_a_reboot_is_named() -> None:
    cause = stopped_under("supervisor", None, NOW - 9e5, result="supervisord does not run")
    assert cause == "supervisord has ended: it was killed or shut down"


@pytest.mark.parametrize(
    ("binds", "strict", "addresses", "found"),
    [
        (("127.0.0.1",), True, ("127.0.0.1",), False),
        (("127.0.0.1",), True, ("127.0.0.1", "0.0.0.0"), True),  # noqa: S104
        (("127.0.0.1",), True, ("::",), True),
        (("127.0.0.1",), False, ("::",), False),
        (("127.0.0.1", "10.0.0.1"), True, ("10.0.0.1", "127.0.0.1"), False),
        (("127.0.0.1", "10.0.0.1"), True, ("10.0.0.2",), True),
        (("0.0.0.0",), True, ("10.0.0.2", "::"), False),  # noqa: S104
    ],
)
def test_a_port_that_is_reached_at_more_addresses_than_wanted_is_named(
    binds: tuple[str, ...], *, strict: bool, addresses: tuple[str, ...], found: bool
) -> None:
    desired = the_desired()
    ports = tuple(PortUse("http", 9380, bind, strict=strict) for bind in binds)
    engine = replace(desired.services[ENGINE], ports=ports)
    rows = [a_listener(9380, 101, address=address) for address in addresses]
    facts = NodeFacts("a1", {"listeners": Fact(rows), "services": Fact({ENGINE: {"pids": [101]}})}, {}, 0.1)
    view = ServiceView(desired, Observed({"a1": facts}, 0.0, 0.1, {}), facts, engine)
    assert [finding.code for finding in not_too_open.function(view)] == ["PORT_TOO_OPEN"] * found
