"""What two parties' services say of one fault, with the codes and edges that they have: one root, in any order."""

from __future__ import annotations

import pytest
from component_world import FLOW, MYSQL, NGINX, RABBITMQ, THEIRS, desired

from fatecloud.checks.causes import explain
from fatecloud.checks.registry import all_codes
from fatecloud.model.finding import Finding, Subject

THEIR_FLOW, THEIR_BROKER = "10000/flow@b1", "10000/rabbitmq@b1"
US, THEM = "9999/", "10000/"

CASES: dict[str, tuple[tuple[str, ...], ...]] = {
    "a dead flow": (
        ("SERVICE_FAILED", FLOW),
        ("FLOW_PROXY_DOWN", FLOW, NGINX),
        ("NGINX_UPSTREAM_DOWN", NGINX, FLOW),
        ("NGINX_PEER_FLOW_DOWN", THEIRS, US),
    ),
    "a frozen flow": (
        ("SERVICE_HUNG", FLOW, FLOW),
        ("NGINX_UPSTREAM_DOWN", NGINX, FLOW),
        ("NGINX_PEER_FLOW_DOWN", THEIRS, US),
        ("FLOW_SITE_AUTH_REFUSED", THEIR_FLOW, US),
    ),
    "a stopped proxy": (
        ("SERVICE_STOPPED", NGINX, NGINX),
        ("FLOW_PROXY_DOWN", FLOW, NGINX),
        ("NGINX_PEER_UNREACHABLE", THEIRS, US),
    ),
    "a database without a disk": (
        ("NODE_DISK_FULL", "a1"),
        ("SERVICE_RESTARTING", MYSQL),
        ("MYSQL_UNUSABLE", MYSQL),
        ("FLOW_DATABASE_HUNG", FLOW),
        ("SERVICE_RESTARTING", FLOW),
        ("NGINX_UPSTREAM_DOWN", NGINX, FLOW),
    ),
    "a table that another session locks": (
        ("FLOW_DATABASE_HUNG", FLOW),
        ("SERVICE_HUNG", FLOW),
        ("NGINX_UPSTREAM_DOWN", NGINX, FLOW),
    ),
    "a database without a connection left": (
        ("MYSQL_CONNECTIONS_HIGH", MYSQL),
        ("FLOW_DATABASE_REFUSED", FLOW),
        ("NGINX_UPSTREAM_DOWN", NGINX, FLOW),
    ),
    "plugins that were switched off": (
        ("FILE_DRIFTED", RABBITMQ),
        ("PORT_NOT_LISTENING", RABBITMQ),
        ("RABBITMQ_API_DOWN", RABBITMQ),
        ("FLOW_BROKER_REFUSED", FLOW),
    ),
    "a stopped broker": (
        ("SERVICE_STOPPED", RABBITMQ, RABBITMQ),
        ("FLOW_BROKER_REFUSED", FLOW),
        ("RABBITMQ_PEER_REFUSED", THEIR_BROKER, US),
        ("RABBITMQ_LINK_DOWN", THEIR_BROKER, US),
    ),
    "an edited port of the database": (
        ("FILE_DRIFTED", FLOW),
        ("SERVICE_MISDIRECTED", FLOW, MYSQL),
        ("FLOW_DATABASE_REFUSED", FLOW),
        ("SERVICE_RESTARTING", FLOW),
        ("NGINX_UPSTREAM_DOWN", NGINX, FLOW),
        ("NGINX_PEER_FLOW_DOWN", THEIRS, US),
    ),
    "an edited table of brokers": (("FILE_DRIFTED", FLOW), ("FLOW_ROUTE_MISSING", FLOW)),
    "an edited proxy": (
        ("FILE_DRIFTED", NGINX),
        ("NGINX_UPSTREAM_DOWN", NGINX, FLOW),
        ("FLOW_PROXY_DOWN", FLOW, NGINX),
        ("NGINX_PEER_FLOW_DOWN", THEIRS, US),
    ),
    "a name that does not resolve": (
        ("NODE_NAME_UNRESOLVED", "a1", f"{THEIRS} {THEIR_BROKER}"),
        ("NGINX_PEER_UNREACHABLE", NGINX, THEM),
        ("RABBITMQ_PEER_UNREACHABLE", RABBITMQ, THEM),
        ("RABBITMQ_LINK_DOWN", RABBITMQ, THEM),
    ),
    "a clock": (("NODE_CLOCK_SKEW", "a1"), ("FLOW_SITE_CLOCK_BEHIND", THEIR_FLOW, US)),
    "a node that is away": (
        ("NODE_UNREACHABLE", "a1"),
        ("NGINX_PEER_UNREACHABLE", THEIRS, US),
        ("RABBITMQ_PEER_UNREACHABLE", THEIR_BROKER, US),
    ),
    "a node that could not be read": (
        ("NODE_COLLECTOR_FAILED", "a1"),
        ("NGINX_PEER_UNREACHABLE", THEIRS, US),
        ("RABBITMQ_PEER_UNREACHABLE", THEIR_BROKER, US),
    ),
}


def seen(code: str, key: str, about: str = "") -> Finding:
    owner, _, _ = key.rpartition("/")
    service = key if owner else ""
    node = key.rpartition("@")[2]
    return Finding(code, all_codes()[code].severity, Subject(owner, node, service), "broken", about=about)


@pytest.mark.parametrize("name", CASES)
def test_the_fault_leads_alone(name: str) -> None:
    rows = [seen(*row) for row in CASES[name]]
    for order in (rows, rows[::-1], rows[1::2] + rows[::2]):
        found = explain(order, all_codes(), desired())
        assert [f.id for f in found if not f.caused_by] == [seen(*CASES[name][0]).id]
        assert found[0].id == seen(*CASES[name][0]).id


def test_what_the_partner_sees_of_two_parties_needs_a_cause_at_each_of_them() -> None:
    rows = [seen("SERVICE_STOPPED", NGINX), seen("NGINX_PEER_UNREACHABLE", THEIRS, "9999/ 10001/")]
    assert [f.caused_by for f in explain(rows, all_codes(), desired())] == [(), ()]


def test_the_name_of_an_external_database_is_the_trouble_of_flows_node() -> None:
    flow = next(s for s in desired("external-database").services.values() if s.id.component == "flow").id
    rows = [
        seen("MYSQL_EXTERNAL_UNREACHABLE", flow.key),
        seen("FLOW_DATABASE_REFUSED", flow.key),
        seen("SERVICE_RESTARTING", flow.key),
        seen("NODE_NAME_UNRESOLVED", flow.node, "external:mysql"),
    ]
    found = explain(rows, all_codes(), desired("external-database"))
    assert [f.code for f in found if not f.caused_by] == ["NODE_NAME_UNRESOLVED"]
