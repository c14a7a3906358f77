"""A database server that others run, on real nodes: each fault has its code, and goes with what fatecloud says."""

from __future__ import annotations

import pytest
from raised import RAISED
from tallies import ACCOUNT, NODES, SECRET, Tallies, remedies

pytestmark = pytest.mark.e2e
NODE = NODES["far"]
ANYWHERE, ELSEWHERE = f"{ACCOUNT}@'%'", f"{ACCOUNT}@'198.51.100.1'"


@pytest.mark.parametrize(
    ("code", "fault", "repair"),
    [
        ("MYSQL_EXTERNAL_AUTH", f"RENAME USER {ANYWHERE} TO {ELSEWHERE}", f"RENAME USER {ELSEWHERE} TO {ANYWHERE}"),
        ("MYSQL_EXTERNAL_MISSING", f"DROP DATABASE {ACCOUNT}", ""),
        ("MYSQL_EXTERNAL_RIGHTS", rf"REVOKE ALTER, INDEX ON `tally\_far`.* FROM {ANYWHERE}", ""),
        (
            "MYSQL_EXTERNAL_SETTINGS",
            f"SET GLOBAL max_allowed_packet = 65536; ALTER DATABASE {ACCOUNT} CHARACTER SET latin1",
            f"SET GLOBAL max_allowed_packet = 16777216; ALTER DATABASE {ACCOUNT} CHARACTER SET utf8mb4",
        ),
    ],
)
def test_each_fault_has_its_code_until_its_operator_repairs_it(
    tallies: Tallies, code: str, fault: str, repair: str
) -> None:
    """Where no other repair is given, the operator runs what `objects show --sql` prints."""
    tallies.sql(fault, "far")
    try:
        report = tallies.finds(code)
        assert all(remedies(report, code))
    finally:
        tallies.sql(repair or tallies.sql_for_the_bank(), "far")
    tallies.finds()


def test_a_server_that_is_down_is_found_and_needs_nothing_of_us_when_it_is_back(tallies: Tallies) -> None:
    tallies.sandbox.check(NODE, ["systemctl", "stop", "mariadb"], timeout=120)
    try:
        tallies.finds("MYSQL_EXTERNAL_UNREACHABLE")
    finally:
        tallies.sandbox.check(NODE, ["systemctl", "start", "mariadb"], timeout=120)
    tallies.finds()


def test_nothing_is_changed_until_the_vault_has_the_new_password(tallies: Tallies) -> None:
    before = tallies.manifest("far")
    tallies.password = "new"
    tallies.sql(f"ALTER USER {ANYWHERE} IDENTIFIED BY '{tallies.password}'", "far")
    set_again, deploy = remedies(tallies.finds("MYSQL_EXTERNAL_AUTH"), "MYSQL_EXTERNAL_AUTH")
    assert " secrets init " in set_again
    assert f" --set {SECRET}" in set_again
    assert " deploy " in deploy
    tallies.write("far", config={"children": 3})
    with RAISED.expecting("MYSQL_EXTERNAL_AUTH", "PREFLIGHT_SWAP"):
        refused = tallies.program.run("deploy", "--yes")
    assert refused.status != 0
    assert "MYSQL_EXTERNAL_AUTH" in refused.out
    assert tallies.manifest("far") == before
    tallies.set_password()
    tallies.deploy()
    tallies.finds()
    assert tallies.children("far") == 3
