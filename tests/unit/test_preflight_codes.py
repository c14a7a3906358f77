"""Each preflight code has a case that raises exactly it, and a fresh healthy cluster raises none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from preflight_world import ANY, GIB, a_desired, a_mark, an_empty_place, healthy, observed

from fatecloud.checks.preflight import blocking, judge_preflight, preflight_checks, preflight_codes
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding, Report
from fatecloud.model.observed import Fact
from fatecloud.model.remedy import Run, immediate

Case = tuple[dict[str, Any], dict[str, Any], str]
"""Changes of every node in the inventory, changed facts of a1, and the subject of the finding."""

DISK = healthy("a1")["disk"]
SUPERVISOR = {"supervision": "supervisor", "become": "none", "packages": "preinstalled", "service_user": "root"}
SUPERVISED = {
    "users": {"root": {"uid": 0, "gid": 0, "group": "root", "home": "/root", "shell": "/bin/sh"}},
    "limits": {"root": healthy("a1")["limits"]["app"]},
    "packages": {"front-server": "11", "store-server": "11"},
}
STRANGER = {"port": 9380, "address": ANY, "pid": 4711, "process": "java", "user": "bob", "cmdline": "java -jar x"}

NO_RECORD = Fact(error="/data/fate belongs to user app")
OF_OTHERS = {"entries": 3, "names": ["conf"], "others": 2, "other_names": ["conf", "python"], "owner": "app"}

CASES: dict[str, Case] = {
    "DATA_NOT_THERE": ({}, {"data": {"9999/engine@a1": an_empty_place(copy=a_mark())}}, "9999/engine@a1"),
    "DATA_MOVED": (
        {},
        {"data": {"9999/engine@a1": an_empty_place(entries=1, mark=a_mark(), copy=a_mark())}},
        "9999/engine@a1",
    ),
    "PREFLIGHT_OS_UNTESTED": ({}, {"os.id": "ubuntu", "os.version_id": "24.04"}, "a1"),
    "PREFLIGHT_OS_FAMILY": ({}, {"os.id": "arch", "os.family": "arch"}, "a1"),
    "PREFLIGHT_ARCH": ({}, {"os.arch": "aarch64"}, "a1"),
    "PREFLIGHT_GLIBC_OLD": ({}, {"os.glibc": "2.12"}, "a1"),
    "PREFLIGHT_GLIBC_NEW": ({}, {"os.glibc": "2.42"}, "a1"),
    "PREFLIGHT_CPU_AVX": ({}, {"cpu.flags_avx": False}, "a1"),
    "PREFLIGHT_NO_SYSTEMD": ({}, {"os.init": "runit"}, "a1"),
    "PREFLIGHT_INTERPRETER": ({}, {"interpreter": None}, "a1"),
    "PREFLIGHT_TOOLS": ({}, {"tools.tar": None}, "a1"),
    "PREFLIGHT_PROXY_ENV": ({}, {"environment.proxy": {"http_proxy": "http://p:3128"}}, "a1"),
    "PREFLIGHT_LOCALE": ({}, {"environment.locale_utf8": False}, "a1"),
    "PREFLIGHT_SYSCTL_SOMAXCONN": ({}, {"sysctl.net.core.somaxconn": "128"}, "a1"),
    "PREFLIGHT_PACKAGE_OLD": ({}, {"packages.front-server": "1.14.2-2+deb10u4"}, "9999/front@a1"),
    "PREFLIGHT_PACKAGES_MISSING": ({"packages": "preinstalled"}, {"packages": {"front-server": None}}, "a1"),
    "PREFLIGHT_SUDO": ({}, {"identity.root": False, "identity.user": "ops", "identity.uid": 1000}, "a1"),
    "PREFLIGHT_USER_CONFLICT": (
        {},
        {"users": {"app": {"uid": 1001, "gid": 1001, "group": "users", "home": "/home/app", "shell": "/bin/sh"}}},
        "a1",
    ),
    "PREFLIGHT_USER_PRIVILEGED": (
        {},
        {"privileges": {"app": {"uid": 990, "groups": ["apps", "docker"], "sudo": []}}},
        "a1",
    ),
    "PREFLIGHT_NOFILE": (SUPERVISOR, {**SUPERVISED, "limits": {"root": {"nofile_hard": 4096, "nproc_hard": -1}}}, "a1"),
    "PREFLIGHT_NPROC": (
        SUPERVISOR,
        {**SUPERVISED, "limits": {"root": {"nofile_hard": 10**6, "nproc_hard": 512}}},
        "a1",
    ),
    "PREFLIGHT_BOOT_START": (SUPERVISOR, {**SUPERVISED, "cron_lingering.crontab": None}, "a1"),
    "PREFLIGHT_SELINUX": ({}, {"selinux": "enforcing"}, "a1"),
    "PREFLIGHT_DISK_SPACE": ({}, {"disk": {p: {**d, "available": GIB} for p, d in DISK.items()}}, "a1"),
    "PREFLIGHT_INODES": ({}, {"disk": {p: {**d, "inodes_free": 1000} for p, d in DISK.items()}}, "a1"),
    "PREFLIGHT_DISK_NOT_WRITABLE": ({}, {"disk": {p: {**d, "writable": False} for p, d in DISK.items()}}, "a1"),
    "PREFLIGHT_NOEXEC": ({}, {"disk": {p: {**d, "options": "rw,noexec"} for p, d in DISK.items()}}, "a1"),
    "PREFLIGHT_MEMORY": ({}, {"memory.available": GIB}, "a1"),
    "PREFLIGHT_HEAP": ({}, {"memory.total": GIB // 4, "memory.available": GIB // 4}, "a1"),
    "PREFLIGHT_OPEN_FILES": ({}, {"sysctl.fs.file-max": "100000"}, "a1"),
    "PREFLIGHT_JAVA_FLAGS": (
        {},
        {"java_starts": {"9999/front@a1": {"exit": 1, "said": "Unrecognized VM option 'X'"}}},
        "9999/front@a1",
    ),
    "PREFLIGHT_SWAP": ({}, {"memory.total": 8 * GIB, "memory.available": 7 * GIB}, "a1"),
    "PREFLIGHT_DIRECTORY_OPEN": (
        {},
        {
            "manifest": {"services": {"9999/engine@a1": {}}},
            "folders": {"/data/fate": {"mode": "0777", "owner": "root", "group": "root"}},
        },
        "a1",
    ),
    "PREFLIGHT_PORT_TAKEN": ({}, {"listeners": [STRANGER]}, "9999/engine@a1"),
    "PREFLIGHT_PORT_PRIVILEGED": (
        SUPERVISOR,
        {**SUPERVISED, "sysctl.net.ipv4.ip_unprivileged_port_start": "9301"},
        "9999/front@a1",
    ),
    "PREFLIGHT_FOREIGN_INSTANCE": (
        {},
        {"foreign": [{"kind": "unit", "name": "nginx.service", "pid": 5, "detail": "running, enabled"}]},
        "a1",
    ),
    "PREFLIGHT_FIREWALL": ({}, {"firewall": {"name": "firewalld", "active": True}}, "a1"),
    "PREFLIGHT_CLOCK_SKEW": ({}, {"skew": {"seconds": -60.0, "uncertainty": 0.1}}, "a1"),
    "PREFLIGHT_CLOCK_DRIFT": ({}, {"skew": {"seconds": 5.0, "uncertainty": 0.1}}, "a1"),
    "PREFLIGHT_CLOCK_UNSYNC": ({}, {"clock.synchronized": False}, "a1"),
    "PREFLIGHT_BIND": ({"bind": "10.0.0.9", "advertise": "10.0.0.9"}, {}, "a1"),
    "PREFLIGHT_ADVERTISE": ({"advertise": "203.0.113.1"}, {}, "a1"),
    "PREFLIGHT_HOSTNAME": ({}, {"own_name.addresses": []}, "a1"),
    "PREFLIGHT_PEER_ROUTE": (
        {},
        {"connects.192.0.2.7:9300": {"ok": False, "kind": "timeout", "error": "no answer within 3 s"}},
        "a1",
    ),
    "PREFLIGHT_ROUTE_BLOCKED": (
        {},
        {"connects.10.0.0.2:3306": {"ok": False, "kind": "timeout", "error": "no answer within 3 s"}},
        "a1",
    ),
    "NODE_MISTAKEN": ({}, {"manifest": {"cluster": "demo", "id": "d" * 16, "services": {}}}, "a1"),
    "PREFLIGHT_NEIGHBOUR": (
        {},
        {"register": [{"cluster": "x", "id": "d" * 16, "node": "n", "base": "/data", "there": True}]},
        "a1",
    ),
    "PREFLIGHT_DIRECTORY_FOREIGN": (
        {},
        {"directories./data/fate": OF_OTHERS},
        "a1",
    ),
    "PREFLIGHT_DIRECTORY_HIDDEN": (
        {},
        {"real_paths": {"/data/fate/logs": "/home/data/logs"}},
        "a1",
    ),
    "NODE_RECORDS_UNTRUSTED": (
        {},
        {"records": {"untrusted": ["/data/fate belongs to user app"]}, "manifest": NO_RECORD, "lease": NO_RECORD},
        "a1",
    ),
    "PREFLIGHT_DATA_PRESENT": (
        {},
        {"directories./data/fate/data/demo-c3f9a2-9999-front": {"entries": 2, "names": ["a", "b"], "owner": "app"}},
        "9999/front@a1",
    ),
}


def judged(desired: Desired, facts: dict[str, Any], **rest: Any) -> tuple[Finding, ...]:
    return judge_preflight(desired, observed({"a1": facts}), **rest).findings


def test_a_fresh_healthy_cluster_raises_nothing() -> None:
    report = judge_preflight(a_desired(), observed())
    assert report.findings == ()
    assert report.skipped == ()
    assert report.exit_status == 0
    assert blocking(report) == ()


def test_a_healthy_node_without_root_raises_nothing() -> None:
    both = {name: dict(SUPERVISED) for name in ("a1", "a2")}
    desired = a_desired(**SUPERVISOR)
    assert judge_preflight(desired, observed(both)).findings == ()


def judged_case(code: str) -> tuple[Desired, Report]:
    """The cluster with the fault of a code, and what preflight reports of it."""
    inventory, facts, _ = CASES[code]
    both = {name: {k: v for k, v in SUPERVISED.items() if inventory.get("become") == "none"} for name in ("a1", "a2")}
    desired = a_desired()
    nodes = dict(desired.cluster.nodes) | {"a1": replace(desired.node("a1"), **inventory)}
    desired = replace(desired, cluster=replace(desired.cluster, nodes=nodes))
    return desired, judge_preflight(desired, observed(both | {"a1": facts}))


@pytest.mark.parametrize("code", sorted(CASES))
def test_each_fault_raises_exactly_its_code(code: str) -> None:
    _, report = judged_case(code)
    assert [(f.code, str(f.subject)) for f in report.findings] == [(code, CASES[code][2])]
    severity = next(known.severity for known in preflight_codes() if known.name == code)
    finding = report.findings[0]
    assert finding.severity == severity
    assert finding.remedy
    assert finding.expected
    assert finding.got
    assert bool(blocking(report)) == (severity == "critical")


@pytest.mark.parametrize(("has", "found"), [("2.31", ["PREFLIGHT_GLIBC_OLD"]), ("2.36", [])])
def test_an_interpreter_from_a_newer_system_than_the_node_is_refused(has: str, found: list[str]) -> None:
    desired = a_desired()
    desired = replace(desired, pythons={key: replace(held, glibc="2.36") for key, held in desired.pythons.items()})
    findings = judged(desired, {"os.glibc": has})
    assert [finding.code for finding in findings] == found
    for finding in findings:
        assert (finding.expected, finding.got) == ("glibc 2.36 or newer", "2.31")
        assert finding.remedy == (Run("fatecloud release fetch fate-2.2.0 --interpreter maven"),)


def commands(code: str, facts: dict[str, Any], inventory: dict[str, Any] | None = None) -> list[str]:
    """What may be run at once about a code."""
    desired = a_desired()
    nodes = dict(desired.cluster.nodes) | {"a1": replace(desired.node("a1"), **inventory or {})}
    desired = replace(desired, cluster=replace(desired.cluster, nodes=nodes))
    (found,) = (one for one in judged(desired, facts) if one.code == code)
    return [run.command for run in immediate(found.remedy)]


def test_what_an_administrator_installs_starts_no_daemon_that_takes_our_ports() -> None:
    inventory, facts, _ = CASES["PREFLIGHT_PACKAGES_MISSING"]
    mask, install = commands("PREFLIGHT_PACKAGES_MISSING", facts, inventory)
    assert (mask, install.split()[-1]) == ("systemctl mask front-server.service", "front-server")
    assert "--no-install-recommends" in install
    assert len(commands("PREFLIGHT_PACKAGES_MISSING", facts | {"os.init": "runit"}, inventory)) == 1


def test_a_distributions_python_that_is_too_old_is_not_installed_again() -> None:
    assert commands("PREFLIGHT_INTERPRETER", {"interpreter.version": "3.6.8"}) == []
    assert commands("PREFLIGHT_INTERPRETER", {"interpreter": None}, {"python": "/opt/python3.13"}) == []
    assert commands("PREFLIGHT_INTERPRETER", {"interpreter": None})[0].endswith(" python3")


def test_only_the_package_of_a_missing_tool_is_installed() -> None:
    assert [one.split()[-1] for one in commands("PREFLIGHT_TOOLS", {"tools.sha256sum": None})] == ["coreutils"]


def test_a_file_system_that_is_read_only_gets_no_directory() -> None:
    code = "PREFLIGHT_DISK_NOT_WRITABLE"
    disk = {path: entry | {"writable": False} for path, entry in DISK.items()}
    assert commands(code, {"disk": disk})[0].startswith("install -d ")
    read_only = {path: entry | {"options": "ro,relatime"} for path, entry in disk.items()}
    assert commands(code, {"disk": read_only}) == []


def test_the_rule_for_a_login_is_in_a_file_that_sudo_reads() -> None:
    (command,) = commands("PREFLIGHT_SUDO", {"identity.root": False, "identity.user": "j.doe", "identity.uid": 1000})
    assert command.endswith("chmod 0440 /etc/sudoers.d/j_doe")


def test_nodes_in_two_time_zones_are_reported() -> None:
    desired = a_desired()
    report = judge_preflight(desired, observed({"a2": {"clock.timezone": "Asia/Shanghai"}}))
    assert [(f.code, f.subject.node, f.expected) for f in report.findings] == [("PREFLIGHT_TIMEZONE", "a2", "Etc/UTC")]


def test_one_machine_under_two_names_is_reported_for_both() -> None:
    twin = {"identity.boot_id": "same"}
    report = judge_preflight(a_desired(), observed({"a1": twin, "a2": twin}))
    assert {(f.code, f.subject.node) for f in report.findings} == {
        ("PREFLIGHT_DUPLICATE_MACHINE_ID", "a1"),
        ("PREFLIGHT_DUPLICATE_MACHINE_ID", "a2"),
    }


def test_a_cloned_machine_id_alone_raises_nothing() -> None:
    clone = {"identity.machine_id": "same", "identity.hostname": "same"}
    assert judge_preflight(a_desired(), observed({"a1": clone, "a2": clone})).findings == ()
    one_kernel = {**clone, "identity.boot_id": "same"}
    both = {name: {**one_kernel, "identity.root_inode": inode} for name, inode in (("a1", "1:2"), ("a2", "3:4"))}
    assert judge_preflight(a_desired(), observed(both)).findings == ()
    unread = {**clone, "identity.boot_id": None}
    assert len(judge_preflight(a_desired(), observed({"a1": unread, "a2": unread})).findings) == 2


def test_missing_artifacts_are_reported_once_for_the_controller() -> None:
    findings = judged(a_desired(), {}, artifacts_missing={"fate-2.2.0": "the store lacks torch.whl of fate-2.2.0"})
    assert [(f.code, str(f.subject), f.severity) for f in findings] == [
        ("PREFLIGHT_ARTIFACT_MISSING", "cluster", "critical")
    ]


def test_every_code_that_no_component_owns_has_a_case_here() -> None:
    others = {
        "PREFLIGHT_TIMEZONE",
        "PREFLIGHT_DUPLICATE_MACHINE_ID",
        "PREFLIGHT_ARTIFACT_MISSING",
        "PREFLIGHT_JAVA_NONE",
    }
    of_components = {code.name for spec in preflight_checks() if spec.component or spec.early for code in spec.codes}
    assert {code.name for code in preflight_codes()} == set(CASES) | others | of_components


def test_all_problems_are_reported_at_once() -> None:
    facts = {"os.arch": "aarch64", "tools.tar": None, "cpu.flags_avx": False, "listeners": [STRANGER]}
    assert {f.code for f in judged(a_desired(), facts)} == {
        "PREFLIGHT_ARCH",
        "PREFLIGHT_TOOLS",
        "PREFLIGHT_CPU_AVX",
        "PREFLIGHT_PORT_TAKEN",
    }


def test_time_is_judged_against_the_median_so_a_wrong_controller_is_not_blamed_on_nodes() -> None:
    late = {"skew": {"seconds": 50.0, "uncertainty": 0.1}}
    assert judge_preflight(a_desired(), observed({"a1": late, "a2": late})).findings == ()


@pytest.mark.parametrize(
    ("paths", "facts", "symptom"),
    [
        ({"logs": "/home/ops/x"}, {"directories": {"/home/ops/x": OF_OTHERS}}, "/home/ops/x exists, is not empty"),
        ({"data": "/srv/x"}, {"directories": {"/srv/x": OF_OTHERS}}, "/srv/x exists, is not empty"),
        ({"logs": "/srv/x"}, {"real_paths": {"/srv/x": "/home/ops"}}, "/srv/x leads to /home/ops, which is the system"),
        ({"logs": "/srv/x"}, {"real_paths": {"/srv/x": "/var/lib/dpkg"}}, "/srv/x leads to /var/lib/dpkg"),
        ({}, {"real_paths": {"/data/fate": "/etc/x"}}, "/data/fate leads to /etc/x"),
        ({}, {"real_paths": {"/data/fate/logs": "/root/.ssh"}}, "/data/fate/logs leads to /root/.ssh"),
    ],
)
def test_no_directory_of_others_is_taken(paths: dict[str, str], facts: dict[str, Any], symptom: str) -> None:
    code, found = "PREFLIGHT_DIRECTORY_FOREIGN", directories_judged(paths, facts)
    assert [(finding.code, finding.subject.node) for finding in found] == [(code, "a1")]
    assert found[0].symptom.startswith(symptom)
    # What a link leads to is the system's: no one is asked to move that.
    assert ("mv " in "\n".join(map(str, found[0].remedy))) == ("real_paths" not in facts)


@pytest.mark.parametrize(
    "more",
    [
        {"directories": {"/srv/x": OF_OTHERS | {"others": 0, "other_names": []}}},
        {"directories": {"/srv/x": OF_OTHERS}, "manifest": {"directories": ["/srv/x/demo-c3f9a2-9999-engine"]}},
        {"directories": {"/srv/x": OF_OTHERS}, "manifest": {"shared": ["/srv/x"]}},
        {"directories": {"/srv/x": None}},
    ],
)
def test_own_and_empty_directories_are_taken(more: dict[str, Any]) -> None:
    assert directories_judged({"logs": "/srv/x"}, more) == []


def directories_judged(paths: dict[str, str], facts: dict[str, Any]) -> list[Finding]:
    desired = a_desired()
    node = desired.node("a1")
    node = replace(node, paths=replace(node.paths, **paths))
    desired = replace(desired, cluster=replace(desired.cluster, nodes={**desired.cluster.nodes, "a1": node}))
    usual = healthy("a1")
    seen = {name: {**(usual[name] or {}), **value} for name, value in facts.items()}
    seen.setdefault("directories", usual["directories"])
    seen["directories"] = dict.fromkeys(paths.values()) | seen["directories"]
    seen["disk"] = usual["disk"] | dict.fromkeys(paths.values(), next(iter(usual["disk"].values())))
    found = judge_preflight(desired, observed({"a1": seen})).findings
    return [finding for finding in found if finding.code == "PREFLIGHT_DIRECTORY_FOREIGN"]


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"offered.front-server": "1.14.2-2+deb10u4"}, "is what the node's repositories have"),
        ({"offered.front-server": "1.14", "packages.front-server": "1:1.18.0~beta-6"}, ""),
        ({"offered.front-server": "1.17.9"}, "is what the node's repositories have"),
        ({"packages.front-server": "2:1.9"}, "is installed"),
        ({"packages.front-server": "1.18"}, ""),
        ({"packages.front-server": "2"}, ""),
        ({"offered.front-server": None}, ""),
        ({"os.family": "redhat", "packages": {"front": "1.14-1.el8"}, "offered": {"front": None}}, "is installed"),
    ],
)
def test_a_package_is_compared_with_the_catalogue_as_far_as_its_version_is_known(
    facts: dict[str, Any], found: str
) -> None:
    findings = [finding for finding in judged(a_desired(), facts) if finding.code == "PREFLIGHT_PACKAGE_OLD"]
    assert [found in finding.symptom for finding in findings] == ([True] if found else [])
    assert [finding.expected for finding in findings] == (["front 1.18 or newer"] if found else [])


def test_a_family_for_which_a_component_has_no_package_names_is_a_finding() -> None:
    """`store` has none for the Red Hat family, although `front` on another node has."""
    report = judge_preflight(a_desired(), observed({"a2": {"os.family": "redhat", "os.id": "rhel"}}))
    found = [finding for finding in report.findings if finding.code == "PREFLIGHT_OS_FAMILY"]
    assert [(finding.severity, finding.subject.node) for finding in found] == [("critical", "a2")]
    assert "no package names are known for 9999/store@a2" in found[0].symptom
