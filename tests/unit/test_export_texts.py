"""Which texts of findings an export has: answers of services, and nothing that a probe read on the node itself."""

from __future__ import annotations

import pytest
from component_world import CASES, INVENTORIES, Case, desired, observed, report

from fatecloud.checks.one_side import one_side
from fatecloud.model.export import SeenFault

KEPT = {
    "CLUSTERMANAGER_SESSIONS_KILLED",
    "FLOW_OWN_ADDRESS",
    "FLOW_SCHEDULER_STALLED",
    "NODEMANAGER_EGG_BROKEN",
    "OSX_PROTOBUF_WRONG",
    "REDIS_AOF_BROKEN",
    "ROLLSITE_CERTIFICATE_EXPIRES",
    "ROLLSITE_CERTIFICATE_UNUSABLE",
    "ROLLSITE_KEY_READABLE",
    "ROLLSITE_TABLE_WRONG",
    "ROLLSITE_TRANSFERS_LOST",
}
"""Codes whose text comes from a log, a file, a process or a program of the node."""
READING = {
    "clustermanager.ends",
    "flow.database",
    "flow.schedule",
    "nodemanager.egg",
    "redis.login",
    "rollsite.certificate",
    "rollsite.peers",
    "rollsite.state",
    "rollsite.transfers",
    "serving-proxy.certificate",
    "serving-proxy.table",
    "serving-server.left",
    "serving-server.load",
    "serving-server.settings",
    "serving-server.store",
}
"""Probes whose answer has something that they read on the node: each finding that shows it names its source."""
ASKING = {
    *(
        "board.database",
        "board.flow",
        "board.state",
        "clustermanager.database",
        "flow.api",
        "flow.broker",
        "flow.jobs",
        "flow.proxy",
    ),
    *("flow.sites", "mysql.admin", "mysql.external", "nginx.peers", "nginx.upstream", "osx.peers", "osx.state"),
    *("rabbitmq.admin", "serving-admin.state", "serving-proxy.peers"),
    *(
        "serving-proxy.shadow",
        "serving-server.redis",
        "serving-server.state",
        "serving-server.registry",
        "zookeeper.access",
    ),
    *("zookeeper.members", "zookeeper.state"),
}
"""Probes that read settings, and run clients, in order to ask."""
OF_PARTIES = [
    case for case in CASES if desired(case.example).cluster.owners[case.key.partition("/")[0]].kind == "party"
]
PLANTED = "adas-private-table"


def exported(case: Case, *, planted: bool = False) -> tuple[SeenFault, ...]:
    """What a fault's export has of it, for a party that is not of its cluster."""

    def change(answers: dict[str, dict[str, object]]) -> None:
        case.change(answers)
        for name in (name for name in answers if planted and name.partition(":")[2] in READING):
            answers[name] = {key: written_over(entry) for key, entry in answers[name].items()}

    wanted, seen, found = (
        desired(case.example),
        observed(change, example=case.example),
        report(change, example=case.example),
    )
    return one_side(wanted, seen, found, "7", "0.1.0").faults


def written_over(value: object, name: str = "") -> object:
    """An answer with another text in the place of each one that is for people."""
    if isinstance(value, dict):
        return {key: written_over(entry, str(key)) for key, entry in value.items()}
    if isinstance(value, list):
        return [PLANTED if isinstance(entry, str) else written_over(entry) for entry in value]
    return PLANTED if isinstance(value, str) and name in ("error", "task", "what", "file") else value


@pytest.mark.parametrize("case", OF_PARTIES, ids=str)
def test_the_text_of_a_finding_leaves_only_where_a_service_gave_it(case: Case) -> None:
    texts = {fault.code: fault.text for fault in exported(case) if fault.service == case.key}
    assert bool(texts[case.code]) == (case.code not in KEPT)


@pytest.mark.parametrize("case", [case for case in OF_PARTIES if case.code in KEPT], ids=str)
def test_a_word_of_a_log_or_a_file_is_in_no_export(case: Case) -> None:
    assert case.code in {fault.code for fault in exported(case, planted=True)}
    assert PLANTED not in str(exported(case, planted=True))


def test_each_probe_that_opens_a_file_or_runs_a_program_is_known() -> None:
    examples = {*INVENTORIES, *(case.example for case in CASES)}
    probes = {probe for name in examples for one in desired(name).services.values() for probe in one.probes}
    assert {one.name for one in probes if "open(" in one.stdin or "subprocess" in one.stdin} == READING | ASKING
