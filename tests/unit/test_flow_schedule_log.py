"""What flow's log of a job's scheduling says: attempts to get cores, and the side that failed first."""

from __future__ import annotations

from fatecloud.components.flow.schedule_log import attempt_of, first_failed, reason
from fatecloud.model.jobs import Attempt, Try

HEAD = (
    "[INFO] [2026-11-25 19:43:51,020] [202611251943493284650] [1:2] - [resource_manager.resource_for_job] [line:129]: "
)


def asked(role: str, party: str, cores: int, outcome: str, free: int) -> str:
    what = f"ResourceOperation.APPLY job resource(cores {cores} memory 0) on {role} {party} {outcome}"
    return f"{HEAD}{what}, remaining cores: {free} remaining memory: 0"


def refused(failed: str, rollback: str = "[]") -> str:
    return f"{HEAD}job apply resource failed on {failed}, rollback {rollback}"


def test_the_last_attempt_counts() -> None:
    host = "[{'role': 'host', 'party_id': ['10000']}, {'role': 'guest', 'party_id': ['9999']}]"
    lines = [
        asked("guest", "9999", 20, "failed", 4),
        refused(host),
        "  a line of a traceback",
        asked("guest", "9999", 20, "successfully", 12),
        refused("[{'role': 'host', 'party_id': ['10000', '10001']}]", "[{'role': 'guest', 'party_id': ['9999']}]"),
        f"{HEAD}ResourceOperation.RETURN job resource(cores 20 memory 0) on guest 9999 successfully",
    ]
    assert attempt_of(lines) == Attempt(
        (Try("guest", "9999", 20, given=True, free=12),), (("host", "10000"), ("host", "10001"))
    )


def test_fate_1_11_names_the_sides_in_another_form() -> None:
    lines = [asked("guest", "9999", 4, "successfully", 0), refused("host:10000,host:10001", "guest:9999")]
    assert attempt_of(lines).refused == (("host", "10000"), ("host", "10001"))
    assert attempt_of([refused("", "guest:9999")]) == Attempt()


def test_the_last_error_of_a_log_without_its_head() -> None:
    log = f"{HEAD}x\n{HEAD.replace('INFO', 'ERROR')}first\n{HEAD.replace('INFO', 'ERROR')}no cores: 7\n  more"
    assert (reason(log), reason("")) == ("no cores: 7", "")


def test_a_log_without_an_attempt_or_with_another_form() -> None:
    assert attempt_of([]) == Attempt()
    assert attempt_of([refused("[{'role': __import__('os')}]"), refused("[7, {'party_id': 7}]")]) == Attempt()
    assert attempt_of([refused("[" * 5000 + "]" * 5000)]) == Attempt()


def updated(**fields: object) -> str:
    return f"{HEAD}update task 202601_lr_0 0 status successfully: {fields!r}"


def test_the_first_side_that_failed() -> None:
    lines = [
        updated(role="guest", party_id="9999", status="running", task_id="202601_lr_0"),
        updated(role="host", party_id="10000", status="failed", task_id="202601_lr_0"),
        updated(role="guest", party_id="9999", party_status="failed", task_id="202601_lr_0"),
    ]
    assert first_failed(lines, "202601") == ("host", "10000", "lr_0")
    assert first_failed(lines[2:], "202601") == ("guest", "9999", "lr_0")
    assert first_failed(
        [*lines[:1], updated(status="failed"), f"{HEAD}update task x 0 status successfully: {{"], "1"
    ) == (
        "",
        "",
        "",
    )
