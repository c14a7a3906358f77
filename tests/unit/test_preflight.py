"""What preflight says beyond raising its codes: who is left alone, what is asked for, what it does with fixes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from preflight_world import ANY, GIB, a_desired, healthy, no_text, observed

from fatecloud.checks.preflight import blocking, judge_preflight
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding, Fix
from fatecloud.model.java import FoundJava, Java
from fatecloud.model.judged import judged_of
from fatecloud.model.observed import Observed, Unreachable
from fatecloud.model.parts import parts_of
from fatecloud.model.remedy import Run
from fatecloud.model.service import PortUse
from fatecloud.report.document import preflight_document
from fatecloud.report.look import Look
from fatecloud.report.preflight import change_text, preflight_text
from fatecloud.workflow.preflight import fix_variables, preflight, reading

LISTENER = {"port": 9380, "address": ANY, "pid": 50, "process": "python", "user": "app", "cmdline": "python flow"}
RUNNING = {"9999/engine@a1": {"state": "running", "pid": 40, "pids": [40, 50], "enabled": True}}


def findings(facts: Mapping[str, Any], **rest: Any) -> tuple[Finding, ...]:
    return judge_preflight(a_desired(), observed({"a1": facts}, **rest)).findings


def test_our_own_service_may_hold_its_port_even_before_there_is_a_manifest() -> None:
    assert findings({"listeners": [LISTENER], "services": RUNNING}) == ()


def test_our_own_service_may_hold_its_port_as_a_user_that_is_gone() -> None:
    unnamed = LISTENER | {"pid": None, "process": None, "user": "997"}
    running = {"9999/engine@a1": RUNNING["9999/engine@a1"] | {"user": "997"}}
    assert findings({"listeners": [unnamed], "services": running}) == ()
    (finding,) = findings({"listeners": [unnamed], "services": RUNNING})
    assert finding.code == "PREFLIGHT_PORT_TAKEN"


def test_a_service_that_stops_may_hold_its_port_by_a_process_that_cannot_be_named() -> None:
    unnamed = LISTENER | {"pid": None, "process": None}
    stopping = {"9999/engine@a1": RUNNING["9999/engine@a1"] | {"state": "stopping"}}
    stopped = {"9999/engine@a1": RUNNING["9999/engine@a1"] | {"state": "stopped"}}
    assert findings({"listeners": [unnamed], "services": stopping}) == ()
    assert [finding.code for finding in findings({"listeners": [unnamed], "services": stopped})] == [
        "PREFLIGHT_PORT_TAKEN"
    ]


@pytest.mark.parametrize("pid", [50, None])
def test_what_a_removed_unit_has_left_may_hold_its_port(pid: int | None) -> None:
    held = LISTENER | {"pid": pid, "process": None}
    left = {"9999/engine@a1": RUNNING["9999/engine@a1"] | {"state": "absent", "pid": 50}}
    gone = {"9999/engine@a1": RUNNING["9999/engine@a1"] | {"state": "absent", "pid": None, "pids": []}}
    assert findings({"listeners": [held], "services": left}) == ()
    assert [one.code for one in findings({"listeners": [held], "services": gone})] == ["PREFLIGHT_PORT_TAKEN"]


def deployed() -> dict[str, Any]:
    """A record of the engine as it is in `a_desired`: with port 9380, and a file that an edit changes."""
    service = a_desired().services["9999/engine@a1"]
    file = {"service": "9999/engine@a1", "digest": "digest-x", "sha256": "5" * 64, "owner": "service", "mode": "0640"}
    entry = {"version": service.version, "judged": judged_of(service)}
    return {"services": {"9999/engine@a1": entry}, "files": {"/data/fate/x.conf": file}}


def edited(port: int) -> Desired:
    desired = a_desired()
    engine = replace(desired.services["9999/engine@a1"], ports=(PortUse("http", port, ANY),))
    conf = replace(desired.files["a1"][0], digest="digest-y")
    return replace(desired, services={**desired.services, engine.id.key: engine}, files={"a1": (conf,), "a2": ()})


def test_the_port_to_come_has_to_be_free_and_not_the_one_that_was_deployed() -> None:
    strangers = [LISTENER | {"pid": 98, "user": "bob"}, LISTENER | {"pid": 99, "port": 9381, "user": "bob"}]
    report = judge_preflight(edited(9381), observed({"a1": {"manifest": deployed(), "listeners": strangers}}))
    (finding,) = report.findings
    assert (finding.code, finding.expected) == ("PREFLIGHT_PORT_TAKEN", "free: 9381")


def test_a_service_that_was_added_is_judged_before_it_is_there() -> None:
    record = deployed()
    added = {"9999/engine@a1": RUNNING["9999/engine@a1"] | {"state": "absent", "pid": None, "pids": []}}
    manifest = {"services": {"9999/front@a1": {"version": "distribution"}}, "files": {}, "made": record.get("made", [])}
    facts = {"manifest": manifest, "services": added, "data": {}}
    report = judge_preflight(a_desired(), observed({"a1": facts}))
    assert "DEPLOY_PENDING" not in {entry.reason for entry in report.skipped}


def test_a_stranger_on_the_port_is_named_with_process_pid_and_user() -> None:
    (finding,) = findings({"listeners": [LISTENER | {"pid": 99, "user": "bob"}], "services": RUNNING})
    assert finding.code == "PREFLIGHT_PORT_TAKEN"
    assert "python (pid 99, user bob)" in finding.symptom
    assert "9380" in finding.symptom


@pytest.mark.parametrize("pid", [50, None])
def test_a_service_that_the_deploy_removes_may_still_hold_the_port(pid: int | None) -> None:
    going = {"9998/engine@a1": RUNNING["9999/engine@a1"]}
    assert findings({"listeners": [LISTENER | {"pid": pid}], "services": going}) == ()
    assert findings({"listeners": [LISTENER | {"pid": pid, "user": "bob"}], "services": {}}) != ()


def test_a_listener_on_another_address_does_not_collide() -> None:
    desired = a_desired()
    engine = replace(desired.services["9999/engine@a1"], ports=(PortUse("http", 9380, "127.0.0.1"),))
    desired = replace(desired, services=dict(desired.services) | {engine.id.key: engine})
    elsewhere = observed({"a1": {"listeners": [LISTENER | {"address": "10.0.0.1"}]}})
    mapped = observed({"a1": {"listeners": [LISTENER | {"address": "::ffff:127.0.0.1"}]}})
    assert judge_preflight(desired, elsewhere).findings == ()
    assert [f.code for f in judge_preflight(desired, mapped).findings] == ["PREFLIGHT_PORT_TAKEN"]


def test_a_node_that_holds_the_release_needs_no_room_for_it() -> None:
    disk = {path: {**d, "available": 2 * GIB} for path, d in healthy("a1")["disk"].items()}
    known = {"cluster": "demo", "services": {"9999/engine@a1": {}, "9999/front@a1": {}}}
    store = {"artifacts": {}, "made": {part.kind: [part.id] for part in parts_of(a_desired(), "a1")}, "changed": []}
    assert [f.code for f in findings({"disk": disk})] == ["PREFLIGHT_DISK_SPACE"]
    assert findings({"disk": disk, "store": store, "manifest": known}) == ()


def test_room_is_added_up_per_file_system_with_its_parts() -> None:
    disk = healthy("a1")["disk"]
    disk["/data/fate/logs"] = {**disk["/data/fate/logs"], "mount": "/logs", "available": GIB // 2}
    (finding,) = findings({"disk": disk})
    assert finding.symptom == "/logs has 512 MiB free, 1 GiB are needed"
    assert finding.evidence == ("1 GiB logs of 2 services",)


def test_a_firewall_finding_names_exactly_the_ports_that_others_use() -> None:
    active = {"firewall": {"name": "ufw", "active": True}}
    found = judge_preflight(a_desired(), observed({"a1": active, "a2": active})).findings
    when = "if a connection to them fails"
    assert {(f.subject.node, f.remedy) for f in found} == {
        ("a1", (Run("ufw allow 9300/tcp", "a1", root=True, when=when),)),
        ("a2", (Run("ufw allow 3306/tcp", "a2", root=True, when=when),)),
    }


@pytest.mark.parametrize(("addresses", "callers"), [((), "peers"), (("203.0.113.0/24",), "peers at 203.0.113.0/24")])
def test_a_firewall_finding_names_the_partners_addresses_where_they_are_known(
    addresses: tuple[str, ...], callers: str
) -> None:
    desired = a_desired()
    cluster = replace(desired.cluster, peers={"10000": replace(desired.cluster.peers["10000"], addresses=addresses)})
    active = {"firewall": {"name": "ufw", "active": True}}
    (found,) = judge_preflight(replace(desired, cluster=cluster), observed({"a1": active})).findings
    assert found.evidence == (f"9300 9999/front@a1 http, for {callers}",)


def test_a_base_that_carries_our_directory_is_ours_although_a_deploy_was_killed_in_it() -> None:
    inside = {"entries": 1, "names": [".fatecloud"], "owner": "root"}
    assert findings({"directories./data/fate": inside, "directories./data/fate/.fatecloud": inside}) == ()


def test_data_of_our_own_interrupted_deploy_are_not_a_left_over() -> None:
    data = {"directories./data/fate/data/demo-c3f9a2-9999-front": {"entries": 2, "names": ["a", "b"], "owner": "app"}}
    manifest = {"cluster": "demo", "services": {}, "directories": ["/data/fate/data/demo-c3f9a2-9999-front"]}
    assert [f.code for f in findings(data)] == ["PREFLIGHT_DATA_PRESENT"]
    assert findings({**data, "manifest": manifest}) == ()


def test_a_node_that_was_not_reached_blocks() -> None:
    seen = observed()
    lost = replace(seen, nodes={**seen.nodes, "a2": Unreachable("a2", "NODE_UNREACHABLE", "no route")})
    report = judge_preflight(a_desired(), lost)
    assert [(f.code, f.subject.node) for f in report.findings] == [("NODE_UNREACHABLE", "a2")]
    assert len(blocking(report)) == 1


def test_a_needed_reading_that_is_missing_is_unknown_and_blocks() -> None:
    report = judge_preflight(a_desired(), observed(absent=("disk",)))
    assert {(f.code, f.severity) for f in report.findings} == {("FACT_ABSENT", "unknown")}
    assert report.exit_status == 3
    assert len(blocking(report)) == 2


def test_an_advisory_fact_that_could_not_be_read_is_reported_and_does_not_block() -> None:
    report = judge_preflight(a_desired(), observed(absent=("environment", "selinux", "firewall")))
    assert report.findings == ()
    assert {skip.subject.node for skip in report.skipped} == {"a1", "a2"}
    assert "environment: not there" in report.skipped[0].reason


def test_the_reading_asks_for_everything_that_preflight_judges() -> None:
    asked = reading(a_desired(), no_text)
    assert asked["a1"]["connects"] == [{"host": "10.0.0.2", "port": 3306}, {"host": "192.0.2.7", "port": 9300}]
    assert "/data/fate/.fatecloud" in asked["a1"]["directories"]
    assert len(asked["a1"]["store"]["artifacts"]) == 4
    assert asked["a2"]["store"]["artifacts"] == []
    assert asked["a2"]["connects"] == []


class Nodes:
    """Fake nodes whose kernel setting a repair raises."""

    def __init__(self) -> None:
        self.value = "128"
        self.repaired: list[Fix] = []

    def observe(self, *, probes: bool, extra: Mapping[str, Mapping[str, Any]]) -> Observed:
        assert not probes
        assert set(extra) == {"a1", "a2"}
        return observed({"a1": {"sysctl.net.core.somaxconn": self.value}})

    def repair(self, fixes: Sequence[Fix]) -> None:
        self.repaired += fixes
        self.value = "1024"


def test_a_fix_is_applied_and_judged_again() -> None:
    nodes = Nodes()
    outcome = preflight(a_desired, nodes.observe, no_text, repair=nodes.repair)
    assert nodes.repaired == [Fix("sysctl", "a1", {"name": "net.core.somaxconn", "value": 1024})]
    assert outcome.before is not None
    assert [f.code for f in outcome.before.findings] == ["PREFLIGHT_SYSCTL_SOMAXCONN"]
    assert outcome.report.findings == ()
    assert change_text(outcome.before, outcome.report) == "cleared: PREFLIGHT_SYSCTL_SOMAXCONN@a1"


def test_nothing_is_repaired_without_being_asked_for_or_agreed_to() -> None:
    nodes = Nodes()
    assert preflight(a_desired, nodes.observe, no_text).before is None
    assert preflight(a_desired, nodes.observe, no_text, repair=nodes.repair, confirm=lambda _: False).before is None
    assert nodes.repaired == []


def test_without_root_no_fix_is_offered() -> None:
    facts = observed({"a1": {"sysctl.net.core.somaxconn": "128"}})
    report = judge_preflight(a_desired(become="none", service_user="root"), facts)
    found = [f for f in report.findings if f.code == "PREFLIGHT_SYSCTL_SOMAXCONN"]
    assert [f.fix for f in found] == [None]


def test_fixes_reach_the_playbook_by_node() -> None:
    fixes = [Fix("package", "a1", {"name": "cron"}), Fix("limits", "a2", {"user": "app", "item": "nofile", "value": 1})]
    assert fix_variables(fixes) == {
        "a1": [{"action": "package", "name": "cron"}],
        "a2": [{"action": "limits", "user": "app", "item": "nofile", "value": 1}],
    }


def test_the_text_groups_by_node_with_the_worst_first_and_says_what_blocks() -> None:
    report = judge_preflight(a_desired(), observed({"a1": {"cpu.flags_avx": False, "os.arch": "aarch64"}}))
    lines = preflight_text(report, blocking(report), Look(200)).splitlines()
    assert lines[0] == "CRITICAL  PREFLIGHT_ARCH  a1"
    assert lines[1].strip().startswith("fate-2.2.0 has artifacts for x86_64 only")
    assert "  expected    x86_64; got aarch64" in lines
    assert lines[-1].startswith("demo: 1 critical, 1 warning,")
    assert lines[-1].endswith("1 must be solved before a deployment")


def test_the_document_names_what_blocks() -> None:
    report = judge_preflight(a_desired(), observed({"a1": {"os.arch": "aarch64"}}))
    document = preflight_document(report, blocking(report))
    assert document["exit_status"] == 2
    assert document["blocking"] == ["PREFLIGHT_ARCH@a1"]
    assert document["findings"][0]["id"] == "PREFLIGHT_ARCH@a1"


def test_rights_of_a_users_own_are_refused_unless_they_are_meant() -> None:
    rights = observed({"a1": {"privileges": {"app": {"uid": 0, "groups": ["adm"], "sudo": ["(ALL) NOPASSWD: ALL"]}}}})
    (finding,) = judge_preflight(a_desired(), rights).findings
    assert finding.got == "member of adm; sudo: (ALL) NOPASSWD: ALL; it has uid 0"
    assert finding.remedy[0] == Run("gpasswd -d app adm", "a1", root=True)
    assert "service_user_trusted" in str(finding.remedy[-1])
    assert judge_preflight(a_desired(service_user_trusted=True), rights).findings == ()
    (own,) = judge_preflight(a_desired(service_user=None, service_group=None), rights).findings
    assert not any("service_user" in str(line) for line in own.remedy)


PACKAGED = Java("/usr/lib/jvm/java-17-openjdk-amd64", 17, "package", "openjdk-17-jre-headless")
THERE = FoundJava((PACKAGED.home,), 17, "17.0.12", "OpenJDK")


@pytest.mark.parametrize(
    ("found", "installed", "refused"),
    [((), "17.0.12", True), ((), None, False), ((THERE,), "17.0.12", False), (None, "17.0.12", False)],
    ids=["its files are gone", "it is installed by the deploy", "it is there", "the node was not asked"],
)
def test_a_package_that_lost_its_jvm_is_named_with_the_command_that_brings_it_back(
    found: tuple[FoundJava, ...] | None, installed: str | None, *, refused: bool
) -> None:
    desired = a_desired()
    node = desired.node("a1")
    node = replace(node, read=replace(node.read, javas=found))
    front = replace(desired.services["9999/front@a1"], java=PACKAGED)
    cluster = replace(desired.cluster, nodes={**desired.cluster.nodes, "a1": node})
    desired = replace(desired, cluster=cluster, services={**desired.services, front.id.key: front})
    facts = observed({"a1": {"packages": {"front-server": None, PACKAGED.package: installed}}})
    none = [one for one in judge_preflight(desired, facts).findings if one.code == "PREFLIGHT_JAVA_NONE"]
    assert [one.remedy for one in none] == refused * [
        (Run("apt-get install -y --reinstall --no-install-recommends openjdk-17-jre-headless", "a1", root=True),)
    ]
