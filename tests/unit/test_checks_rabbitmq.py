"""Each fault of the broker raises exactly its code, with a remedy."""

from __future__ import annotations

import pytest
from component_world import RABBITMQ, Change, findings, say, set_answer

ADMIN = f"{RABBITMQ}:rabbitmq.admin"


def account(kind: str, error: str) -> Change:
    """What the probe tells when the account is refused: it then cannot read the rest."""
    return say(ADMIN, ok=True, account={"ok": False, "kind": kind, "error": error})


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("RABBITMQ_API_DOWN", say(ADMIN, ok=False, kind="refused", error="[Errno 111] Connection refused")),
        ("RABBITMQ_API_DOWN", say(ADMIN, ok=False, kind="foreign", error="no management API")),
        ("RABBITMQ_USER_MISSING", account("auth", "401 Login failed")),
        ("RABBITMQ_USER_RIGHTS", account("rights", "401 Not management user")),
        ("RABBITMQ_USER_RIGHTS", account("rights", "not all rights in vhost /")),
        ("RABBITMQ_ALARM", set_answer(ADMIN, alarms=["disk"])),
        ("RABBITMQ_PLUGIN_MISSING", set_answer(ADMIN, plugins=["rabbitmq_management"])),
    ],
)
def test_a_fault_raises_exactly_its_code(code: str, change: Change) -> None:
    (finding,) = findings(change)
    assert (finding.code, finding.severity, str(finding.subject)) == (code, "critical", RABBITMQ)
    assert all(finding.remedy)


def test_lost_rights_are_given_back_by_our_own_script() -> None:
    (finding,) = findings(account("rights", "no administrator"))
    assert finding.remedy == ("sudo -u fate /data/projects/fate/demo-eeeeee-9999-rabbitmq/bin/objects  # on a1",)


def test_an_alarm_tells_the_figures_and_one_that_is_unknown() -> None:
    (finding,) = findings(set_answer(ADMIN, alarms=["memory"], use__disk_free=None))
    assert finding.got == "memory 128 MiB of 8192 MiB; disk ? free, 1024 MiB needed"
