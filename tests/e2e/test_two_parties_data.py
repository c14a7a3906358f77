"""Data that are not where they were: no new data replace them, and all is well when they are back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from program import Program, roots
from raised import RAISED
from two_parties import A, B, home, slug, unit

from fatecloud.sandbox.nodes import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.usefixtures("running")]

NOT_THERE = "DATA_NOT_THERE"
REFUSED = 6
STARTING = 180.0
"""Seconds for all services to start after a reboot, and to find each other again."""


def data_of(program: Program, party: str, component: str) -> str:
    return f"{home(program)}/data/{slug(program, party, component)}"


def gone(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The findings of missing data by service."""
    return {f["subject"]["service"]: f for f in report["findings"] if f["code"] == NOT_THERE}


def test_a_disk_that_is_not_mounted_after_a_reboot_costs_no_data(program: Program, sandbox: Sandbox) -> None:
    database, broker = data_of(program, "9999", "mysql"), data_of(program, "10000", "rabbitmq")
    # On one node the directory is gone at boot, on the other something else is mounted over it.
    sandbox.check(A, ["mv", database, f"{database}.unplugged"])
    sandbox.restart(A)
    service = unit(program, "10000", "rabbitmq")
    covered = f"systemctl stop {service}; mount -t tmpfs nothing {broker}; systemctl start --no-block {service}"
    sandbox.check(B, ["sh", "-ec", covered])
    try:
        ensure_missing_data_are_named_and_not_replaced(program, database, broker)
        assert sandbox.exec(A, ["test", "-e", database]).exit != 0
        assert sandbox.check(B, ["ls", "-A", broker]).strip() == ""
    finally:
        sandbox.check(A, ["mv", "-T", f"{database}.unplugged", database])
        sandbox.check(B, ["umount", broker])
    with RAISED.anything():  # they start by themselves, and what needs them finds them again
        report = program.wait_for(lambda report: report["status"] == 0, timeout=STARTING)
    assert report["findings"] == []
    assert "nothing to do" in program.ok("plan", "--detailed-exitcode").out


def ensure_missing_data_are_named_and_not_replaced(program: Program, database: str, broker: str) -> None:
    """By check and by deploy: the first party's database, and the second one's broker."""
    with RAISED.anything():
        report = program.wait_for(lambda report: roots(report) == {NOT_THERE}, timeout=STARTING)
        assert roots(report) == {NOT_THERE}, json.dumps(report["findings"], indent=1)
        found = gone(report)
        assert set(found) == {f"9999/mysql@{A}", f"10000/rabbitmq@{B}"}
        for key, path, now in (
            (f"9999/mysql@{A}", database, "no directory"),
            (f"10000/rabbitmq@{B}", broker, "nothing"),
        ):
            assert path in found[key]["symptom"], found[key]
            assert "mounted at" in found[key]["expected"], found[key]
            assert now in found[key]["got"], found[key]
        done = program.run("deploy", "--yes", "--leave-data")  # that option is about another case
        assert done.status == REFUSED, done
        assert NOT_THERE in done.out + done.err, done


def test_data_that_were_restored_by_hand_are_taken_when_the_operator_says_so(
    program: Program, sandbox: Sandbox
) -> None:
    key, broker = f"9999/rabbitmq@{A}", data_of(program, "9999", "rabbitmq")
    service = unit(program, "9999", "rabbitmq")
    # A backup of the service user's own files holds no mark of root's.
    sandbox.check(A, ["sh", "-ec", f"systemctl stop {service}; rm {broker}/.fatecloud-data.json"])
    with RAISED.anything():
        sandbox.check(A, ["systemctl", "start", "--no-block", service])
        report = program.wait_for(lambda report: roots(report) == {NOT_THERE}, timeout=STARTING)
        assert set(gone(report)) == {key}
        assert program.run("deploy", "--yes", "--new-data", key).status != 0, "its directory is not empty"
        program.ok("deploy", "--yes", "--no-verify", "--adopt-data", key)
        report = program.wait_for(lambda report: report["status"] == 0, timeout=STARTING)
    assert report["findings"] == []
    assert "nothing to do" in program.ok("plan", "--detailed-exitcode").out
