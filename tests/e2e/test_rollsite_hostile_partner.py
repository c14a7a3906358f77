"""What a partner gets of a party on FATE 1.11: of its ports rollsite alone, and through it what flow's exposure says.

Flow 1.11 signs for itself what rollsite passes on, so none of its settings keeps a partner from a page. The partner is
node n2; a stranger is an address of it that the inventory does not name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import pytest
from rolling import Rolling
from through_router import Request, address_of_a_stranger, commands, packets, reached
from two_parties import PARTIES, A, home

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
ROLLSITE = 9370
INSIDE = {
    "flow": 9380,
    "flow's gRPC": 9360,
    "clustermanager": 4670,
    "nodemanager": 4671,
    "database": 3306,
}
SALT = "1234567890123"
TABLE = {"get_route_table": "{}", "set_route_table": '{"route_table": {}}'}
"""Rollsite's own operators, and what they are sent. Each wants a hash with a key; without one of ours, it is `123`."""


@pytest.fixture
def stranger(rollsites: Rolling) -> Iterator[str]:
    with address_of_a_stranger(rollsites) as address:
        yield address


def test_of_a_partys_ports_rollsite_alone_answers_a_partner_and_no_port_a_stranger(
    rollsites: Rolling, stranger: str
) -> None:
    found = dict(zip(INSIDE, reached(rollsites, *INSIDE.values()), strict=True))
    assert [name for name, answer in found.items() if answer == "open"] == []
    assert reached(rollsites, ROLLSITE) == ["open"]
    assert reached(rollsites, ROLLSITE, *INSIDE.values(), source=stranger).count("open") == 0


def test_what_a_partner_gets_of_flow_through_rollsite_is_what_the_exposure_says(rollsites: Rolling) -> None:
    config: Request = ("POST", "/v1/server/get", {})
    (page,) = commands(rollsites, ROLLSITE, {"": config}).values()
    assert page["retcode"] == 0
    found = rollsites.program.ok("check", "--exposures", "-o", "json").out
    (flow,) = (
        one
        for one in json.loads(found)["exposures"]
        if one["code"] == "EXPOSURE_FLOW_AUTH" and one["subject"]["owner"] == PARTIES[A]
    )
    assert "partners, at their addresses, can start jobs, read tables, logs and flow's configuration" in flow["symptom"]


def test_a_partner_neither_reads_nor_replaces_the_table_of_routes(rollsites: Rolling) -> None:
    table = f"{home(rollsites.program)}/{rollsites.slug(PARTIES[A], 'rollsite')}/trees/eggroll/conf/route_table.json"
    before = rollsites.nodes.check(A, ["cat", table])
    for key in ("123", ""):
        asked = {name: (name, _hash(SALT + value + key), SALT + value) for name, value in TABLE.items()}
        answers = packets(rollsites, ROLLSITE, asked, role="default")
        assert [name for name, answer in answers.items() if "failed" not in answer] == []
    assert rollsites.nodes.check(A, ["cat", table]) == before


def _hash(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
