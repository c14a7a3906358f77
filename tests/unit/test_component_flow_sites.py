"""How parties show each other who they are: signatures, apps in flow's database, and what is wrong with them."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from component_world import FLOW, Change, desired, findings, rendered, service, set_answer
from web_fakes import Page, closed_port, serving

from fatecloud import catalogue
from fatecloud.components.flow.v2 import apply_apps, probe_api, probe_sites
from fatecloud.components.flow.v2.exposures import exposures
from fatecloud.components.flow.v2.signing import as_admin, as_stranger, signed
from fatecloud.errors import InventoryError
from fatecloud.inventory import load
from fatecloud.model.check import ServiceView
from fatecloud.model.finding import Finding
from fatecloud.model.observed import NodeFacts, Observed
from fatecloud.model.remedy import immediate
from fatecloud.resolve.desired import resolve
from fatecloud.vault.changes import needs

SITES = f"{FLOW}:flow.sites"
SECRET = "S3cretS3cretS3cret"
APPS: dict[str, Any] = {
    "own": "9999",
    "issued": {"10000": "token-for-10000"},
    "shown": {"10000": {"app": "9999", "token": SECRET}},
}
COLLECT = "/v2/partner/task/collect"
ISSUED = "/v2/app/site/query?party_id=10000"
SHOWN = "/v2/app/partner/query?party_id=10000"
TABLES = """
create table t_app_info (f_create_time, f_app_name, f_app_id primary key, f_app_token, f_app_type);
create table t_partner_app_info (f_create_time, f_party_id primary key, f_app_id, f_app_token);
create table fate_casbin (ptype, v0, v1);
insert into t_app_info values (1, 'admin', 'admin', 'a', 'admin'), (1, '9999', '9999', 'own', 'site'),
  (1, 'hand', '12345678', 'by hand', 'site'), (1, '7777', '7777', 'gone', 'site');
insert into t_partner_app_info values (1, '9999', '9999', 'own'), (1, '7777', '9999', 'gone');
insert into fate_casbin values ('g', '9999', 'site'), ('g', '7777', 'site'), ('g', 'admin', 'super_client');
"""


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - as FATE does it


def accepted(headers: Mapping[str, str], token: str, other: str) -> bool:
    """As FATE-Flow 2.2.0 judges a signature: `fate_flow/controller/permission.py`. Headers in small letters."""
    fresh = abs(time.time() * 1000 - int(headers["timestamp"])) < 60_000
    key = md5(headers["appid"] + headers[other] + headers["nonce"] + headers["timestamp"])
    return fresh and len(headers["nonce"]) == 4 and headers["signature"] == md5(key + token)


def small(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def test_a_signature_is_one_that_flow_accepts_and_holds_no_token() -> None:
    client, site = small(signed("admin", SECRET)), small(signed("9999", SECRET, site=True))
    assert accepted(client, SECRET, "username")
    assert accepted(site, SECRET, "initiatorpartyid")
    assert not accepted(client, "another", "username")
    assert SECRET not in str(client) + str(site)


def test_the_administrator_signs_with_the_token_of_flows_own_settings(tmp_path: Path) -> None:
    text = rendered(FLOW)["venv/lib/python3.10/site-packages/fate_flow/settings.py"].text
    settings = tmp_path / "settings.py"
    settings.write_text(re.sub(r"@@fatecloud:.*?@@", json.dumps(SECRET), text))
    assert accepted(small(as_admin(str(settings))), SECRET, "username")
    settings.write_text("ADMIN_KEY = broken\n")
    assert as_admin(str(settings)) == as_admin(str(tmp_path / "none")) == as_admin("") == {}


def test_probes_sign_their_questions(tmp_path: Path) -> None:
    settings = tmp_path / "settings.py"
    settings.write_text(f'ADMIN_KEY = "{SECRET}"\n')
    seen: list[dict[str, str]] = []
    with serving({"/page": (200, {"code": 0})}, seen) as port:
        probe_api.ask("127.0.0.1", port, "/page", 5, str(settings))
        probe_api.ask("127.0.0.1", port, "/page", 5)
    assert accepted(seen[0], SECRET, "username")
    assert "signature" not in seen[1]


def test_a_stranger_has_all_headers_so_that_flow_refuses_without_a_traceback() -> None:
    assert {"appId", "Timestamp", "Nonce", "Signature", "initiatorPartyId"} <= set(as_stranger())


def database() -> sqlite3.Connection:
    """SQLite in place of MySQL: the statements are the same, apart from the sign for a parameter."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(TABLES)
    return connection


def write(connection: sqlite3.Connection, apps: dict[str, Any]) -> None:
    for text, values in apply_apps.statements(apps, 5):
        connection.execute(text.replace("%s", "?"), values)


def test_apps_are_written_and_those_of_departed_parties_go() -> None:
    connection = database()
    for _ in range(2):  # safe to run again
        write(connection, APPS)
    issued = connection.execute("select f_app_id, f_app_token, f_app_type from t_app_info order by 1").fetchall()
    assert issued == [
        ("10000", "token-for-10000", "site"),
        ("12345678", "by hand", "site"),
        ("9999", "own", "site"),
        ("admin", "a", "admin"),
    ]
    shown = connection.execute("select f_party_id, f_app_id, f_app_token from t_partner_app_info order by 1").fetchall()
    assert shown == [("10000", "9999", SECRET), ("9999", "9999", "own")]
    roles = connection.execute("select v0, v1 from fate_casbin order by 1").fetchall()
    assert roles == [("10000", "site"), ("9999", "site"), ("admin", "super_client")]


def test_a_new_token_replaces_the_old_one() -> None:
    connection = database()
    write(connection, APPS)
    write(connection, APPS | {"issued": {"10000": "new"}, "shown": {"10000": {"app": "77", "token": "new too"}}})
    assert connection.execute("select f_app_token from t_app_info where f_app_id = '10000'").fetchall() == [("new",)]
    shown = connection.execute("select f_app_id, f_app_token from t_partner_app_info where f_party_id = '10000'")
    assert shown.fetchall() == [("77", "new too")]


def ask(tmp_path: Path, pages: Mapping[str, Page], seen: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """What the probe prints; one server is the own flow, the own proxy and the other party."""
    apps = tmp_path / "apps.json"
    apps.write_text(json.dumps(APPS))
    settings = tmp_path / "settings.py"
    settings.write_text(f'ADMIN_KEY = "{SECRET}"\n')
    healthy: dict[str, Page] = {
        COLLECT: (200, {"code": 2000, "message": "No found task"}),
        ISSUED: (200, {"code": 0, "data": [{"app_id": "10000", "app_token": "token-for-10000"}]}),
        SHOWN: (200, {"code": 0, "data": [{"app_id": "9999", "app_token": SECRET}]}),
    }
    with serving({**healthy, **pages}, seen) as port:
        place = ["127.0.0.1", str(port), str(settings), str(apps), f"127.0.0.1:{port}", "10000=192.0.2.21:9300"]
        answer = probe_sites.judge(place)
    return dict(answer["peers"]["10000"])


def test_a_party_that_knows_the_signature_is_healthy(tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []
    answer = ask(tmp_path, {}, seen)
    assert (answer["ok"], answer["code"], answer["own"]) == (True, 2000, "")
    (asked,) = [headers for headers in seen if "dest-party-id" in headers]
    assert asked["dest-party-id"] == "10000"
    assert accepted(asked, SECRET, "initiatorpartyid")
    assert SECRET not in str(answer)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(5000, "clock"), (5001, "headers"), (5002, "refused"), (5003, "refused"), (5005, "refused"), (2003, "silent")],
)
def test_refusals_of_another_flow_have_kinds_of_their_own(tmp_path: Path, code: int, kind: str) -> None:
    answer = ask(tmp_path, {COLLECT: (200, {"code": code, "message": "why"})})
    assert (answer["ok"], answer["kind"], answer["error"]) == (False, kind, f"{code} why")


@pytest.mark.parametrize("page", [(502, "no"), (200, "<html>"), (200, {"status": "up"})])
def test_what_does_not_answer_as_flow_is_left_to_other_checks(tmp_path: Path, page: Page) -> None:
    assert ask(tmp_path, {COLLECT: page})["kind"] == "silent"


@pytest.mark.parametrize(
    ("pages", "wrong"),
    [
        ({ISSUED: (200, {"code": 0, "data": []})}, "issued to party 10000 is not in its database"),
        (
            {ISSUED: (200, {"code": 0, "data": [{"app_id": "10000", "app_token": "x"}]})},
            "issued to party 10000 has another token",
        ),
        ({SHOWN: (200, {"code": 0, "data": []})}, "shown to party 10000 is not in its database"),
        ({SHOWN: (200, {"code": 6001, "message": "function restricted"})}, "does not sign requests yet"),
        ({SHOWN: (200, {"code": 2003, "message": "Can't connect to MySQL server"})}, ""),
    ],
)
def test_the_own_database_is_looked_into(tmp_path: Path, pages: Mapping[str, Page], wrong: str) -> None:
    own = ask(tmp_path, pages)["own"]
    assert wrong in own if wrong else own == ""
    assert "token-for" not in own


def test_a_flow_that_is_down_says_nothing_about_its_apps() -> None:
    assert probe_sites.ours("127.0.0.1", closed_port(), "", "10000", APPS) == ""


def site(**answer: object) -> Change:
    healthy = {"endpoint": "192.0.2.21:9300", "ok": True, "own": ""}
    return set_answer(SITES, ok=False, peers={"10000": healthy | answer})


def test_a_party_that_does_not_answer_is_not_called_one_that_refuses() -> None:
    assert findings(site(ok=False, kind="silent", error="no answer")) == []


def test_a_token_that_is_missing_at_the_other_party_explains_its_refusal() -> None:
    theirs = set_answer(
        "10000/flow@b1:flow.sites",
        ok=True,
        peers={"9999": {"endpoint": "192.0.2.11:9300", "ok": True, "own": "the app issued to party 9999 is not there"}},
    )
    found = findings(theirs, site(ok=False, kind="refused", error="5005 No Permission"))
    assert sorted((f.code, bool(f.caused_by)) for f in found) == [
        ("FLOW_SITE_APPS_WRONG", False),
        ("FLOW_SITE_AUTH_REFUSED", True),
    ]


def test_a_refusal_is_repaired_at_the_other_flow_and_lost_headers_at_the_proxies() -> None:
    (refused,) = findings(site(ok=False, kind="refused", error="5004 Authentication Failed"))
    assert [(run.node, run.command.endswith("-10000-flow/bin/objects")) for run in immediate(refused.remedy)] == [
        ("b1", True)
    ]
    (lost,) = findings(site(ok=False, kind="headers", error="5001 invalid parameter"))
    assert [run.command for run in immediate(lost.remedy)] == [
        "fatecloud restart 9999/nginx@a1",
        "fatecloud restart 10000/nginx@b1",
    ]


def test_both_parties_of_an_inventory_hold_the_same_tokens() -> None:
    ours, theirs = (
        json.loads(re.sub(r'"?@@fatecloud:(.*?):json@@"?', r'"\1"', rendered(key)["conf/apps.json"].text))
        for key in (FLOW, "10000/flow@b1")
    )
    assert ours["shown"]["10000"] == {"app": "9999", "token": theirs["issued"]["9999"]}
    assert theirs["shown"]["9999"] == {"app": "10000", "token": ours["issued"]["10000"]}
    assert set(ours["issued"].values()) | set(theirs["issued"].values()) <= set(needs(desired().cluster).generated)


def test_a_party_alone_signs_nothing() -> None:
    alone = service("9999/flow@here", "all-in-one")
    assert alone.objects is None
    assert not [probe for probe in alone.probes if probe.name == "flow.sites"]


INVENTORY = """
apiVersion: fatecloud/v1
cluster: demo
id: eeeeeeeeeeeeeeee
release: fate-2.2.0
architecture: rabbitmq
nodes: {{a1: {{address: 192.0.2.11}}, b1: {{address: 192.0.2.21}}}}
parties:
  "9999": {{services: {{flow: a1, mysql: a1, nginx: a1, rabbitmq: a1}}, config: {{flow: {{authentication: {ours}}}}}}}
  "10000":
    services: {{flow: b1, mysql: b1, nginx: b1, rabbitmq: b1}}
    config: {{flow: {{authentication: {theirs}}}}}
peers: {peers}
"""
PEER = '{{"8888": {{proxy: "192.0.2.81:9300", broker: "192.0.2.81:5672", apps: {{{apps}}}}}}}'
APP_9999 = '"9999": {id: "77", token: {secret: partner.9999}}'
APP_10000 = '"10000": {id: "78", token: {secret: partner.10000}}'


def inventory(folder: Path, ours: str = "{}", theirs: str = "{}", peers: str = "{}") -> Path:
    file = folder / "inventory.yml"
    file.write_text(INVENTORY.format(ours=ours, theirs=theirs, peers=peers))
    return file


def signing(file: Path) -> set[str]:
    cluster = load(file)
    services = resolve(cluster, catalogue.releases_of(cluster)).services
    return {key for key, found in services.items() if found.objects and "/flow@" in key}


BOTH = {"9999/flow@a1", "10000/flow@b1"}


@pytest.mark.parametrize(
    ("ours", "theirs", "apps", "expected"),
    [
        ("{}", "{}", None, BOTH),
        ("{site: false}", "{site: false}", None, set()),
        ("{site: true}", "{}", None, BOTH),
        ("{}", "{}", APP_10000, set()),
        ("{}", "{}", APP_9999, set()),
        ("{}", "{}", f"{APP_9999}, {APP_10000}", BOTH),
    ],
)
def test_sites_sign_where_every_party_can(
    tmp_path: Path, ours: str, theirs: str, apps: str | None, expected: set[str]
) -> None:
    peers = "{}" if apps is None else PEER.format(apps=apps)
    assert signing(inventory(tmp_path, ours, theirs, peers)) == expected


@pytest.mark.parametrize(
    ("ours", "theirs", "apps", "message"),
    [
        ("{site: false}", "{}", None, "party 10000 signs its requests and party 9999 does not"),
        ("{site: true}", "{site: true}", APP_9999, "peer 8888 has issued no app to party 10000"),
        ("{site: 5}", "{}", None, "true or false"),
    ],
)
def test_a_signature_that_only_one_side_gives_or_expects_is_refused(
    tmp_path: Path, ours: str, theirs: str, apps: str | None, message: str
) -> None:
    peers = "{}" if apps is None else PEER.format(apps=apps)
    with pytest.raises(InventoryError, match=message):
        load(inventory(tmp_path, ours, theirs, peers))


def test_the_token_of_a_peer_is_one_that_the_operator_supplies(tmp_path: Path) -> None:
    peers = PEER.format(apps=f"{APP_9999}, {APP_10000}")
    needed = needs(load(inventory(tmp_path, peers=peers)))
    assert {"partner.9999", "partner.10000"} <= needed.supplied
    assert {"9999.flow.site.8888", "9999.flow.site.10000", "10000.flow.site.8888"} <= set(needed.generated)


def exposed(tmp_path: Path, ours: str = "{}", theirs: str = "{}", peers: str = "{}") -> Finding:
    cluster = load(inventory(tmp_path, ours, theirs, peers))
    wanted = resolve(cluster, catalogue.releases_of(cluster))
    facts = NodeFacts("a1", {}, {}, 0.1)
    view = ServiceView(wanted, Observed({"a1": facts}, 0.0, 0.1, {}), facts, wanted.services[FLOW])
    (found,) = exposures.function(view)
    return found


NO_APPS = '{"8888": {proxy: "192.0.2.81:9300", broker: "192.0.2.81:5672"}}'
ADDRESSES = '{"8888": {proxy: "192.0.2.81:9300", broker: "192.0.2.81:5672", addresses: 192.0.2.81}}'


@pytest.mark.parametrize(
    ("ours", "peers", "severity", "said", "keys"),
    [
        ("{}", "{}", "exposure", "users of the node can start jobs", "{client: true}"),
        ("{}", "{}", "exposure", "components and tables of a job are up to party 10000", "only tables"),
        ("{client: true}", "{}", "exposure", "can write files as flow's user, as tasks do (/v2/worker)", "and 9360"),
        ("{client: true}", ADDRESSES, "exposure", "can start jobs as another party does (/v2/partner)", "and 9360"),
        ("{}", NO_APPS, "warning", "anyone who reaches the proxy can start jobs", "`addresses`"),
        ("{}", ADDRESSES, "exposure", "those at the addresses of parties 10000, 8888 can start jobs", "{site: true}"),
    ],
)
def test_what_stays_open_is_an_exposure_and_a_warning_where_anyone_can_run_code(
    tmp_path: Path, ours: str, peers: str, severity: str, said: str, keys: str
) -> None:
    found = exposed(tmp_path, ours, peers=peers)
    assert (found.code, found.severity) == ("EXPOSURE_FLOW_AUTH", severity)
    assert said in found.symptom
    assert keys in "\n".join(map(str, found.remedy))
