"""What a partner gets of a party on EggRoll: of its ports OSX alone, and through OSX what the exposures of flow say.

OSX passes every command on to flow, whatever its page, so flow itself has to ask for a signature. The partner is node
n2; a stranger is an address of it that the inventory does not name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from raised import RAISED
from rolling import Rolling
from through_router import Request, address_of_a_stranger, commands, reached
from two_parties import PARTIES, A, edit, home

pytestmark = pytest.mark.e2e
OSX = 9370
INSIDE = {
    "flow": 9380,
    "flow's gRPC": 9360,
    "clustermanager": 4670,
    "nodemanager": 4671,
    "database": 3306,
}
SIGNED = range(5000, 5010)
"""Flow's codes for a request without a signature, or with a wrong one."""


def exploits(rolling: Rolling) -> dict[str, Request]:
    """What needs flow's own users, and no partner."""
    config = f"{home(rolling.program)}/{rolling.slug(PARTIES[A], 'flow')}/conf/service_conf.yaml"
    upload = {"file": config, "head": False, "partitions": 1, "meta": {}, "namespace": "stolen", "name": "conf"}
    return {
        "has flow read its own configuration into a table": ("POST", "/v2/data/component/upload", upload),
        "asks for tasks, whose parameters have passwords": ("GET", "/v2/job/task/query", {}),
        "asks for all jobs": ("GET", "/v2/job/query", {}),
        "registers a provider of its own": (
            "POST",
            "/v2/provider/register",
            {"name": "x", "device": "local", "version": "1", "metadata": {"path": "/tmp", "venv": ""}},
        ),
        "asks for every server": ("GET", "/v2/server/query/all", {}),
    }


@pytest.fixture
def stranger(rolling: Rolling) -> Iterator[str]:
    with address_of_a_stranger(rolling) as address:
        yield address


def test_of_a_partys_ports_osx_alone_answers_a_partner_and_no_port_a_stranger(rolling: Rolling, stranger: str) -> None:
    found = dict(zip(INSIDE, reached(rolling, *INSIDE.values()), strict=True))
    assert [name for name, answer in found.items() if answer == "open"] == []
    assert reached(rolling, OSX) == ["open"]
    assert reached(rolling, OSX, *INSIDE.values(), source=stranger).count("open") == 0


def test_what_a_partner_gets_of_flow_through_osx_is_what_the_exposure_says(rolling: Rolling) -> None:
    (page,) = commands(rolling, OSX, {"": ("GET", "/v2/server/fateflow", {})}).values()
    assert page["code"] == 0
    found = rolling.program.ok("check", "--exposures", "-o", "json").out
    (flow,) = (
        one
        for one in json.loads(found)["exposures"]
        if one["code"] == "EXPOSURE_FLOW_AUTH" and one["subject"]["owner"] == PARTIES[A]
    )
    assert "partners, at their addresses, can start jobs, read tables, logs and flow's configuration" in flow["symptom"]
    assert "authentication: {client: true}" in json.dumps(flow["remedy"])


@pytest.mark.patient
def test_with_signatures_a_partner_gets_nothing_of_flows_own_api(rolling: Rolling) -> None:
    program, before = rolling.program, rolling.program.inventory.read_text()
    signed = {"authentication": {"client": True}}
    try:
        edit(program, lambda document: document["parties"][PARTIES[A]]["config"]["flow"].update(signed))
        with RAISED.anything():
            program.ok("deploy", "--yes", "--no-verify", timeout=900)
        rolling.restored(180)
        answers = commands(rolling, OSX, exploits(rolling))
        assert {name: answer for name, answer in answers.items() if answer["code"] not in SIGNED} == {}
        assert program.ok("job", "list").status == 0
    finally:
        program.inventory.write_text(before)
        with RAISED.anything():
            program.ok("deploy", "--yes", "--no-verify", timeout=900)
    rolling.restored(180)
