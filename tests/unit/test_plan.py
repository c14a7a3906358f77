"""A plan shows what differs, and invents nothing where it does not know."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_cluster import KEY, PASSWORD, TREE, desired, node

from fatecloud.errors import SecretsError
from fatecloud.model.desired import Desired
from fatecloud.model.layout import thin_marker_of
from fatecloud.model.migration import Migration
from fatecloud.model.observed import Fact, NodeFacts, Observed
from fatecloud.model.plan import LeftObjects, Plan
from fatecloud.model.runtime import PythonRuntime
from fatecloud.model.service import Objects, PortUse
from fatecloud.plan.make import make_plan
from fatecloud.plan.proofs import owners_digest
from fatecloud.plan.real import applied_hash, real_hashes
from fatecloud.render.node_variables import prepared_digest
from fatecloud.report.plan import plan_text
from fatecloud.workflow.refusals import owners_hit

SECRETS = {PASSWORD: "hunter2"}


def deployed(wanted: Desired) -> dict[str, Any]:
    """The facts of a node where everything is deployed, runs and passed its smoke test."""
    files = wanted.files["a1"]
    real = real_hashes(files, SECRETS)
    return {
        "manifest": {
            "files": {f.path: {"sha256": real[f.path], "digest": f.digest, "service": KEY} for f in files},
            "proofs": {"9999": {"digest": owners_digest(wanted, "9999")}},
            "prepared": prepared_digest(wanted, wanted.node("a1")),
        },
        "files": {f.path: {"sha256": real[f.path], "mode": f"{f.mode:04o}"} for f in files},
        "services": {KEY: {"state": "running", "started": dict(real)}},
        "packages": {},
        "users": {wanted.node("a1").service_user: {"uid": 990}},
        "os": {"family": "debian"},
    }


def planned(wanted: Desired, facts: dict[str, Any], old_texts: dict[str, str] | None = None) -> Plan:
    readings = {name: Fact(value) for name, value in facts.items()}
    return make_plan(wanted, Observed({"a1": NodeFacts("a1", readings, {}, 0.0)}, 0.0), SECRETS, old_texts)


@pytest.fixture
def wanted(tmp_path: Path) -> Desired:
    return desired(node(tmp_path))


def test_what_is_as_it_should_be_needs_nothing(wanted: Desired) -> None:
    plan = planned(wanted, deployed(wanted))
    assert (plan.empty, plan.proof, plan.files, plan.unprepared) == (True, (), (), ())


def test_a_unit_that_systemd_has_not_read_since_is_read(wanted: Desired) -> None:
    facts = deployed(wanted)
    facts["services"][KEY]["needs_reload"] = True
    (stage,) = planned(wanted, facts).stages
    assert [(action.verb, action.reason) for action in stage.actions] == [
        ("configure", "let systemd read its unit again")
    ]


def test_a_node_of_which_only_a_service_changes_is_not_prepared_again(wanted: Desired) -> None:
    facts = deployed(wanted)
    facts["services"][KEY]["started"] = {}
    plan = planned(wanted, facts)
    assert ([stage.name for stage in plan.stages], plan.unprepared) == (["stage 1"], ())
    facts["manifest"]["prepared"] = ""
    assert planned(wanted, facts).unprepared == ("a1",)


def test_a_service_that_waits_for_its_next_attempt_is_restarted(wanted: Desired) -> None:
    facts = deployed(wanted)
    facts["services"][KEY]["state"] = "retrying"
    ((action,),) = [stage.actions for stage in planned(wanted, facts).stages]
    assert (action.verb, action.service) == ("restart", KEY)


def test_a_service_that_hangs_in_its_start_is_waited_for_and_then_restarted(wanted: Desired) -> None:
    service = replace(wanted.services[KEY], ports=(PortUse("api", 9380, "127.0.0.1"),), readiness_deadline=180)
    wanted = replace(wanted, services={KEY: service})
    facts = deployed(wanted) | {"listeners": [], "clock": {"epoch": 1000.0}}
    facts["services"][KEY]["since"] = 900.0
    ((action,),) = [stage.actions for stage in planned(wanted, facts).stages]
    assert (action.verb, action.reason) == ("start", "it does not listen on port 9380 yet")
    facts["clock"] = {"epoch": 1100.0}
    ((action,),) = [stage.actions for stage in planned(wanted, facts).stages]
    assert (action.verb, action.reason) == ("restart", "it runs, but does not listen on port 9380")
    facts["listeners"] = [{"port": 9380, "address": "127.0.0.1"}]
    assert planned(wanted, facts).empty


def test_what_a_package_brought_into_an_unfinished_environment_is_not_an_edit(wanted: Desired) -> None:
    service = replace(wanted.services[KEY], runtime=PythonRuntime("fate"))
    (first, *others) = wanted.files["a1"]
    inside = replace(first, path=f"{service.home}/venv/lib/settings.yaml")
    wanted = replace(wanted, services={KEY: service}, files={"a1": (inside, *others)})
    facts = deployed(wanted)
    del facts["manifest"]["files"][inside.path]
    facts["files"][inside.path]["sha256"] = "c" * 64
    assert planned(wanted, facts).drifted == ()
    facts["files"][thin_marker_of(service.home)] = {"sha256": "d" * 64, "mode": "0644"}
    assert [change.path for change in planned(wanted, facts).drifted] == [inside.path]


def test_a_user_or_a_file_of_the_node_is_work_on_the_node(wanted: Desired) -> None:
    facts = deployed(wanted)
    (user,) = facts["users"]
    facts["users"] = {user: None}
    facts["manifest"]["files"]["/etc/old"] = {"sha256": "e" * 64, "digest": "old", "service": "node"}
    facts["files"]["/etc/old"] = {"sha256": "e" * 64, "mode": "0640"}
    plan = planned(wanted, facts)
    steps = [(action.verb, action.service, action.reason) for stage in plan.stages for action in stage.actions]
    assert steps == [
        ("install", "node", f"user {user}"),
        ("configure", "node", "remove /etc/old"),
    ]
    assert plan.unprepared == ("a1",)


@pytest.mark.parametrize("change", [{"service_user": "other"}, {"packages": "preinstalled"}])
def test_a_node_that_is_to_be_another_is_prepared_with_the_next_change(wanted: Desired, change: dict[str, Any]) -> None:
    place = replace(wanted.node("a1"), **change)
    other = replace(wanted, cluster=replace(wanted.cluster, nodes={"a1": place}))
    facts = deployed(wanted) | {"users": {"fate": {"uid": 990}, "other": {"uid": 991}}}
    assert planned(other, facts).unprepared == ("a1",)


def test_a_controller_that_lost_its_store_plans_no_restart(wanted: Desired) -> None:
    service = replace(wanted.services[KEY], runtime=PythonRuntime("fate"))
    lost = replace(wanted, services={KEY: service})
    facts = deployed(lost)
    facts["services"][KEY]["started"][thin_marker_of(service.home)] = "a" * 64
    facts["manifest"]["proofs"]["9999"]["digest"] = "of what is known only with the store"
    plan = planned(lost, facts)
    assert (plan.stages, plan.proof) == ((), ())
    facts["services"][KEY]["started"]["/an/input/of/before"] = "b" * 64
    assert [action.verb for stage in planned(lost, facts).stages for action in stage.actions] == ["restart"]


def test_a_file_that_others_changed_is_reported_as_drift(wanted: Desired) -> None:
    path = wanted.files["a1"][0].path
    facts = deployed(wanted)
    facts["files"][path]["sha256"] = "c" * 64
    assert [change.path for change in planned(wanted, facts).drifted] == [path]
    facts["manifest"]["files"].pop(path)
    assert [change.path for change in planned(wanted, facts).drifted] == [path]
    facts["manifest"]["pending"] = {path: "c" * 64}
    assert planned(wanted, facts).drifted == ()


def test_a_service_that_would_not_start_at_boot_is_enabled(wanted: Desired) -> None:
    facts = deployed(wanted)
    facts["services"][KEY]["enabled"] = False
    (action,) = planned(wanted, facts).stages[0].actions
    assert (action.verb, action.reason) == ("configure", "let it start at boot")


def test_a_process_that_a_removed_unit_has_left_is_taken_over(wanted: Desired) -> None:
    facts = deployed(wanted)
    facts["services"][KEY] |= {"state": "absent", "pid": 40}
    plan = planned(wanted, facts)
    (action,) = plan.stages[0].actions
    assert (action.verb, action.service) == ("start", KEY)
    assert "process 40" in action.reason
    assert owners_hit(plan, wanted) == set()
    facts["services"][KEY]["started"] = {}
    assert owners_hit(planned(wanted, facts), wanted) == {"9999"}


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        ({"mode": "0777"}, "mode"),
        ({"owner": "bob", "group": "apps"}, "owner"),
        ({"owner": "app", "group": "bob"}, "owner"),
        ({"owner": "", "group": ""}, None),
    ],
)
def test_a_file_with_other_rights_is_put_right(wanted: Desired, seen: dict[str, str], kind: str | None) -> None:
    file = wanted.files["a1"][0]
    service = replace(wanted.services[KEY], user="app", group="apps")
    wanted = replace(wanted, services={KEY: service}, files={"a1": (replace(file, owner="service", mode=0o640),)})
    wanted = replace(wanted, cluster=replace(wanted.cluster, nodes={"a1": replace(wanted.node("a1"), become="root")}))
    facts = deployed(wanted)
    facts["files"][file.path] |= {"owner": "app", "group": "apps"}
    assert planned(wanted, facts).files == ()
    facts["files"][file.path] |= seen
    plan = planned(wanted, facts)
    assert [change.kind for change in plan.files] == ([kind] if kind else [])
    assert not plan.drifted
    actions = [action for stage in plan.stages for action in stage.actions if action.service == KEY]
    assert [action.verb for action in actions] == (["configure"] if kind else [])


def test_an_edited_file_of_a_service_that_stays_is_not_removed_silently(wanted: Desired) -> None:
    facts = deployed(wanted)
    facts["manifest"]["files"]["/old"] = {"sha256": "e" * 64, "digest": "old", "service": KEY}
    facts["manifest"]["files"]["/gone"] = {"sha256": "e" * 64, "digest": "old", "service": "9999/web@a1"}
    facts["files"] |= {path: {"sha256": "f" * 64, "mode": "0640"} for path in ("/old", "/gone")}
    plan = planned(wanted, facts)
    assert [(change.path, change.kind) for change in plan.files] == [("/old", "remove"), ("/gone", "remove")]
    assert [change.path for change in plan.drifted] == ["/old"]


def test_a_diff_compares_with_the_old_text_or_says_that_it_is_unknown(wanted: Desired) -> None:
    file = wanted.files["a1"][0]
    facts = deployed(wanted)
    facts["manifest"]["files"][file.path].update(digest="old", sha256="d" * 64)
    facts["files"][file.path]["sha256"] = "d" * 64
    (change,) = planned(wanted, facts, {"old": file.text.replace("braces", "brackets")}).files
    assert [line[:20] for line in change.diff.splitlines() if line[0] in "+-"][2:] == [
        line[:20] for line in ("-" + file.text.replace("braces", "brackets"), "+" + file.text)
    ]
    assert planned(wanted, facts).files[0].diff == "no difference to show: the text that was deployed is not on record"


def test_a_secret_that_is_not_there_is_named(wanted: Desired) -> None:
    with pytest.raises(SecretsError, match=PASSWORD):
        real_hashes(wanted.files["a1"], {})


def test_a_node_without_systemd_gets_supervisor_although_nothing_needs_python(wanted: Desired) -> None:
    supervised = replace(wanted.cluster.nodes["a1"], supervision="supervisor")
    cluster = replace(wanted.cluster, nodes={"a1": supervised})
    lacking = replace(wanted, cluster=cluster, supervisor=TREE)
    facts = deployed(lacking) | {"store": {"made": {}, "changed": []}}
    actions = [action for stage in planned(lacking, facts).stages for action in stage.actions]
    assert [(action.verb, action.service) for action in actions] == [("install", "node")]


def test_a_service_that_moves_away_is_removed_and_its_data_are_named(wanted: Desired) -> None:
    facts = deployed(wanted)
    facts["manifest"]["services"] = {KEY: {}, "9999/mysql@a1": {"data": "/data/x"}}
    plan = planned(wanted, facts)
    assert [(a.verb, a.service) for stage in plan.stages for a in stage.actions] == [("remove", "9999/mysql@a1")]
    assert "DATA NOT MOVED: 9999/mysql@a1" in plan_text(plan)


def test_a_service_whose_user_was_lost_gets_its_files_again(tmp_path: Path) -> None:
    wanted = desired(node(tmp_path, become="root", service_user=None, service_group=None))
    facts = deployed(wanted) | {"users": {}}
    facts["manifest"]["services"] = {KEY: {}}
    stages = planned(wanted, facts).stages
    assert [action.reason for stage in stages for action in stage.actions] == [
        "user fc-c3f9a2-9999-flow",
        "its user fc-c3f9a2-9999-flow is lost, and made again",
    ]


def test_what_services_have_for_others_that_need_it_no_longer_is_named_and_stays(wanted: Desired) -> None:
    facts = deployed(wanted)
    facts["manifest"]["services"] = {KEY: {"objects": ["account old", "database old", "database rules"]}}
    kept = Objects("/x/objects", (), "/x/applied", ("database rules",))
    service = replace(wanted.services[KEY], objects=kept)
    facts["files"]["/x/applied"] = {"sha256": applied_hash(service, {}), "mode": "0640"}
    plan = planned(replace(wanted, services={KEY: service}), facts)
    assert plan.unneeded == (LeftObjects(KEY, ("account old", "database old")),)
    assert plan.empty
    line = f"NOT NEEDED: account old, database old in {KEY}: no service needs them any more; they stay there"
    assert line in plan_text(plan)
    assert planned(wanted, deployed(wanted)).unneeded == ()


def test_what_is_beside_the_data_of_a_service_that_was_put_back_is_put_on_record(wanted: Desired) -> None:
    """A deploy that was killed after the start of the service and before its objects."""
    facts = deployed(wanted)
    facts["manifest"]["services"] = {KEY: {}}
    service = replace(wanted.services[KEY], objects=Objects("/x/objects", (), "/x/applied", ()))
    facts["files"]["/x/applied"] = {"sha256": applied_hash(service, {}), "mode": "0640"}
    again = replace(wanted, services={KEY: service})
    assert [action.verb for stage in planned(again, facts).stages for action in stage.actions] == ["object"]
    facts["manifest"]["services"] = {KEY: {"objects": []}}
    assert planned(again, facts).empty


def with_migration(wanted: Desired, facts: dict[str, Any], version: str | None) -> Plan:
    """The plan where the service was deployed in a version, and the desired one needs a change."""
    step = Migration("2.0", "a column", ("dump",), ("migrate",), ("verify",), "load {dump}")
    service = replace(wanted.services[KEY], version="2.1", migrations=(step,))
    if version is not None:
        facts["manifest"]["services"] = {KEY: {"version": version}}
    return planned(replace(wanted, services={KEY: service}), facts)


@pytest.mark.parametrize(("version", "migrated"), [("1.0", True), ("2.0", False), ("2.1", False), (None, False)])
def test_a_migration_between_two_versions_is_a_stage_before_the_services_own(
    wanted: Desired, version: str | None, *, migrated: bool
) -> None:
    facts = deployed(wanted)
    facts["services"][KEY]["started"] = {}
    plan = with_migration(wanted, facts, version)
    names = [stage.name for stage in plan.stages]
    assert names == (["migrations before stage 1"] if migrated else []) + ["stage 1"]
    if migrated:
        (action,) = plan.stages[0].actions
        assert (action.verb, action.service) == ("migrate", KEY)
        assert action.reason.startswith(
            "from 1.0 to 2.0: a column; it is stopped, and the state before is dumped below "
        )
        assert f"  migrate: {KEY}" in plan_text(plan)


def test_a_migration_alone_makes_a_plan_and_interrupts_jobs(wanted: Desired) -> None:
    plan = with_migration(wanted, deployed(wanted), "1.0")
    assert not plan.empty
    assert owners_hit(plan, wanted) == {KEY.partition("/")[0]}
