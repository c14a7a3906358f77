"""Server, proxy and admin of FATE-Serving 2.1, upstream's or the fixtures', answer as upstream's were seen to answer.

As in `test_eggroll_contract.py`, field by field; the record is `serving_answers.json`.
"""

from __future__ import annotations

from typing import Any

import contract
import pytest
from answers import RECORD_OF_SERVING, unlike
from rolling import Rolling
from servings import PORTS, SIDES, models
from two_parties import home

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


def differs(servings: Rolling, question: str) -> list[str]:
    """Where an answer differs from the record."""
    node, party = SIDES["guest"]
    address = servings.nodes.addresses[node]
    tree = f"{home(servings.program)}/{servings.slug('guest', 'serving-server')}/trees/serving-server"
    places = {
        "server": f"{address}:{PORTS['guest'][node]}",
        "page": "127.0.0.1:8059",
        "intra": f"{address}:8879",
        "inter": f"{address}:8869",
        "admin": "127.0.0.1:8350",
        "zookeeper": f"{address}:2181",
        "party": str(party),
        "peer": str(SIDES["host"][1]),
        "conf": f"{tree}/conf/serving-server.properties",
    }
    found: dict[str, Any] = contract.printed(servings, contract.script("ask_serving.py"), places, (question,))
    return unlike(servings, question, found, RECORD_OF_SERVING)


@pytest.mark.parametrize("question", ["empty_server", "proxy", "admins", "registry"])
def test_without_a_model(servings: Rolling, question: str) -> None:
    assert differs(servings, question) == []


def test_with_a_model_in_all_servers(servings: Rolling) -> None:
    with models(servings):
        assert differs(servings, "loaded") == []
