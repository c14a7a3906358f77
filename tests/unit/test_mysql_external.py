"""A database server that others run: what services get for it, what asks it, and what is found there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from mysql_server import Server, refusal

from fatecloud import catalogue
from fatecloud.checks.engine import judge
from fatecloud.checks.preflight import blocking, judge_preflight
from fatecloud.collect.spec import spec_for
from fatecloud.components.declared import component_checks
from fatecloud.components.mysql import probe_external
from fatecloud.components.mysql.database import RIGHTS
from fatecloud.errors import InventoryError
from fatecloud.inventory import load
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.finding import Finding
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer
from fatecloud.render.files import render_specs
from fatecloud.render.placeholders import fill
from fatecloud.resolve.desired import resolve
from fatecloud.shipped import folder
from fatecloud.vault.changes import needs
from fatecloud.workflow.objects import statements
from fatecloud.workflow.preflight import reading

EXAMPLE = Path(__file__).parents[1] / "golden" / "external-database.yml"
FLOW, PROBE = "9999/flow@a1", "mysql.external"
GRANTED = f"GRANT {', '.join(RIGHTS)} ON `fate\\_9999`.* TO `app`@`%`"
HEALTHY: Mapping[str, Any] = {
    "ok": True,
    "version": "10.11.19-MariaDB",
    "packet": 16 << 20,
    "databases": {"fate_9999": {"exists": True, "charset": "utf8mb4", "missing": []}},
}


@cache
def desired() -> Desired:
    cluster = load(EXAMPLE)
    return resolve(cluster, catalogue.releases_of(cluster))


def found(answer: Mapping[str, Any]) -> list[Finding]:
    """What the checks say of flow when its question about the server is answered like this."""
    seen = {f"{FLOW}:{PROBE}": ProbeAnswer(0, dict(answer), None, 0.1)}
    facts = NodeFacts("a1", {"services": Fact({})}, seen, 0.1)
    specs = [spec for spec in component_checks() if spec.name == "external_database"]
    return list(judge(desired(), Observed({"a1": facts}, 0.0, 0.1), specs).findings)


def with_database(**values: Any) -> dict[str, Any]:
    return {**HEALTHY, "databases": {"fate_9999": {**HEALTHY["databases"]["fate_9999"], **values}}}


def test_flow_uses_the_account_and_the_database_that_the_inventory_names() -> None:
    service = desired().services[FLOW]
    (conf,) = [
        f for f in render_specs(service.specs, FLOW, folder("templates")) if f.path.endswith("service_conf.yaml")
    ]
    for line in ('name: "fate_9999"', 'user: "app"', "passwd: @@fatecloud:db.bank:json@@", 'host: "db.bank.example"'):
        assert line in conf.text
    assert "port: 3307" in conf.text
    assert [edge.target for edge in service.edges if edge.kind == "database"] == ["external:mysql"]


def test_there_is_no_service_of_it_and_its_password_is_not_made_up() -> None:
    assert not [key for key in desired().services if "mysql" in key]
    needed = needs(desired().cluster)
    assert "db.bank" in needed.supplied
    assert not [name for name in needed.generated if "mysql" in name]


def test_two_parties_cannot_share_one_database_of_others(tmp_path: Path) -> None:
    text = (folder("inventories") / "two-party.yml").read_text()
    external = "mysql: {external: {host: db, port: 3306, user: app, password: {secret: db}}}"
    for node in ("a1", "b1"):
        text = text.replace(f"{{flow: {node}}}", f"{{flow: {node}, {external}}}")
    (tmp_path / "inventory.yml").write_text(text)
    with pytest.raises(InventoryError, match=r"both want the database fate_flow at db:3306"):
        load(tmp_path / "inventory.yml")


def test_an_external_server_has_no_settings_here(tmp_path: Path) -> None:
    text = EXAMPLE.read_text().rstrip() + "\n    config: {mysql: {max_connections: 100}}\n"
    (tmp_path / "inventory.yml").write_text(text)
    with pytest.raises(InventoryError, match=r":13:14: mysql of party 9999 is external, so others set it"):
        load(tmp_path / "inventory.yml")


@pytest.mark.parametrize(
    ("answer", "code", "severity"),
    [
        ({"ok": False, "kind": "timeout", "error": "no answer within 5 s"}, "MYSQL_EXTERNAL_UNREACHABLE", "critical"),
        ({"ok": False, "kind": "foreign", "error": "not MySQL"}, "MYSQL_EXTERNAL_UNREACHABLE", "critical"),
        ({"ok": False, "kind": "full", "error": "1040 Too many"}, "MYSQL_EXTERNAL_UNREACHABLE", "critical"),
        ({"ok": False, "kind": "auth", "error": "1045 Access denied"}, "MYSQL_EXTERNAL_AUTH", "critical"),
        ({"ok": False, "kind": "plugin", "error": "logs in by x"}, "MYSQL_EXTERNAL_AUTH", "critical"),
        (with_database(exists=False, missing=[]), "MYSQL_EXTERNAL_MISSING", "critical"),
        (with_database(missing=["ALTER"]), "MYSQL_EXTERNAL_RIGHTS", "critical"),
        (with_database(exists=None, missing=[*RIGHTS]), "MYSQL_EXTERNAL_RIGHTS", "critical"),
        (with_database(charset="latin1"), "MYSQL_EXTERNAL_SETTINGS", "warning"),
        ({**HEALTHY, "packet": 1 << 20}, "MYSQL_EXTERNAL_SETTINGS", "warning"),
        ({**HEALTHY, "version": "5.5.68-MariaDB"}, "MYSQL_EXTERNAL_SETTINGS", "warning"),
        ({**HEALTHY, "version": "5.7.44"}, "MYSQL_EXTERNAL_SETTINGS", "warning"),
    ],
)
def test_a_fault_raises_exactly_its_code(answer: Mapping[str, Any], code: str, severity: str) -> None:
    (finding,) = found(answer)
    assert (finding.code, finding.severity, str(finding.subject)) == (code, severity, FLOW)
    assert finding.remedy
    assert "db.bank.example:3307" in finding.symptom


def test_a_good_server_raises_nothing() -> None:
    assert found(HEALTHY) == []
    assert found({**HEALTHY, "version": "8.0.36"}) == []


def test_a_service_whose_file_is_gone_is_not_judged_by_it() -> None:
    (finding,) = found({"ok": False, "kind": "config", "error": "FileNotFoundError"})
    assert finding.severity == "unknown"


def test_preflight_asks_with_the_login_that_flow_will_have_and_blocks() -> None:
    secret = 'pass"word'

    def text_of(service: DesiredService, path: str) -> str:
        (spec,) = [spec for spec in service.specs if spec.path == path]
        (file,) = render_specs([spec], FLOW, folder("templates"))
        return fill(file.text, {"db.bank": secret})

    asked = reading(desired(), text_of)["a1"]
    (question,) = [probe for probe in asked["probes"] if probe["id"] == f"{FLOW}:{PROBE}"]
    known = json.loads(question["argv"][-1])
    assert (known["where"], known["user"], known["password"]) == ("db.bank.example:3307", "app", secret)
    assert known["databases"] == {"fate_9999": [*RIGHTS]}
    assert "db.bank.example" not in str(asked["connects"])
    refused = ProbeAnswer(0, {"ok": False, "kind": "auth", "error": "1045"}, None, 0.1)
    facts = NodeFacts("a1", {}, {f"{FLOW}:{PROBE}": refused}, 0.1)
    report = judge_preflight(desired(), Observed({"a1": facts}, 0.0, 0.1))
    assert "MYSQL_EXTERNAL_AUTH" in {finding.code for finding in blocking(report)}


def test_a_check_passes_only_the_path_of_the_login() -> None:
    (question,) = [probe for probe in spec_for(desired(), "a1")["probes"] if probe["id"] == f"{FLOW}:{PROBE}"]
    assert question["argv"][-1].endswith("/conf/external-mysql.json")
    assert question["user"] == desired().services[FLOW].user


def asked(server: Server, **changes: Any) -> dict[str, Any]:
    with server.at() as where:
        known = {"where": where, "user": "app", "password": "s3cret", "databases": {"fate_9999": ["SELECT", "DROP"]}}
        return probe_external.judge(json.dumps({**known, **changes}))


VERSION = "select version(), @@max_allowed_packet"
CHARSET = "select @@character_set_database"
ANSWERS: Mapping[str, Any] = {
    VERSION: [("10.11.19-MariaDB", "16777216")],
    "show grants": [("GRANT USAGE ON *.* TO `app`@`%` IDENTIFIED BY PASSWORD '*AB'",), (GRANTED,)],
    CHARSET: [("utf8mb4",)],
}


def test_the_question_reads_version_limit_rights_and_character_set() -> None:
    server = Server(ANSWERS)
    assert asked(server) == HEALTHY
    assert not [sql for sql in server.asked if not sql.startswith(("select", "show", "use"))]


def test_the_password_can_be_in_a_file(tmp_path: Path) -> None:
    with Server(ANSWERS).at() as where:
        known = {"where": where, "user": "app", "password": "s3cret", "databases": {}}
        (tmp_path / "login.json").write_text(json.dumps(known))
        assert probe_external.judge(str(tmp_path / "login.json"))["ok"]
    assert probe_external.judge(str(tmp_path / "none.json"))["kind"] == "config"


def test_a_wrong_password_is_named_and_not_repeated() -> None:
    answer = asked(Server(ANSWERS), password="0ther")
    assert (answer["ok"], answer["kind"]) == (False, "auth")
    assert "0ther" not in str(answer)


def test_a_missing_database_is_kept_apart_from_missing_rights() -> None:
    gone = Server({**ANSWERS, "use `fate_9999`": refusal(1049, "Unknown database")})
    assert asked(gone)["databases"]["fate_9999"] == {"exists": False, "charset": "", "missing": []}
    closed = Server({**ANSWERS, "show grants": [("GRANT USAGE",)], "use `fate_9999`": refusal(1044, "Access denied")})
    assert asked(closed)["databases"]["fate_9999"] == {"exists": None, "charset": "", "missing": ["SELECT", "DROP"]}


def test_the_roles_of_a_mysql_account_count() -> None:
    by_role = "show grants for current_user() using `r`@`%`"
    mysql = {**ANSWERS, VERSION: [("8.0.36", "67108864")], "show grants": [("GRANT `r`@`%` TO `app`@`%`",)]}
    server = Server({**mysql, "select current_role()": [("`r`@`%`",)], by_role: [(GRANTED,)]})
    assert asked(server)["databases"]["fate_9999"]["missing"] == []
    older = Server({**mysql, "select current_role()": refusal(1305, "FUNCTION current_role does not exist")})
    assert asked(older)["databases"]["fate_9999"]["missing"] == ["SELECT", "DROP"]


@pytest.mark.parametrize(
    ("line", "held"),
    [
        (r"GRANT SELECT, DROP ON `fate\_9999`.* TO `app`@`%`", {"SELECT", "DROP"}),
        (r"GRANT ALL PRIVILEGES ON `fate\_%`.* TO `app`@`%` WITH GRANT OPTION", {"ALL PRIVILEGES"}),
        ("GRANT SELECT ON *.* TO `app`@`%`", {"SELECT"}),
        ("GRANT SELECT ON `fate_9999`.* TO `app`@`%`", {"SELECT"}),
        (r"GRANT SELECT ON `fate\_999_`.* TO `app`@`%`", {"SELECT"}),
        (r"GRANT SELECT ON `fate\_999`.* TO `app`@`%`", set()),
        (r"GRANT SELECT ON `fatex9999`.* TO `app`@`%`", set()),
        (r"GRANT SELECT ON `fate\_9999`.`t_job` TO `app`@`%`", set()),
    ],
)
def test_rights_are_read_as_the_server_applies_them(line: str, held: set[str]) -> None:
    assert probe_external.rights_on("fate_9999", [line]) == held


def test_the_sql_for_the_servers_operator_has_no_secret_and_cannot_run_as_it_is() -> None:
    text = statements(desired().given)
    assert "CREATE USER IF NOT EXISTS 'app'@'%' IDENTIFIED BY <secret db.bank>;" in text
    assert f"GRANT {', '.join(RIGHTS)} ON `fate\\_9999`.* TO 'app'@'%';" in text
    assert "ALTER USER" not in text
    assert "fatecloud secrets reveal NAME" in text
    assert "@@" not in text
