"""An update of FATE-Serving keeps what is not of it, and the score is the same."""

from __future__ import annotations

import pytest
from raised import RAISED
from rolling import Rolling
from servings import FIRST, LATER, SIDES, healthy, predicted

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
KEPT, REPLACED = {"zookeeper", "redis"}, {"serving-server", "serving-proxy"}


def test_an_update_keeps_what_is_registered_and_the_score(servings: Rolling) -> None:
    names = KEPT | REPLACED
    before = {(side, name): _pid(servings, side, name) for side in SIDES for name in names}
    text = servings.program.inventory.read_text().replace(FIRST, LATER)
    servings.program.inventory.write_text(text)
    with RAISED.anything():
        servings.program.ok("deploy", "--yes", timeout=1800)
    after = {(side, name): _pid(servings, side, name) for side in SIDES for name in names}
    assert {key for key in before if before[key] == after[key]} == {(side, name) for side in SIDES for name in KEPT}
    healthy(servings.program)
    predicted(servings.program, "guest", "host")


def _pid(servings: Rolling, side: str, component: str) -> str:
    unit = servings.unit(side, component)
    return servings.nodes.check(SIDES[side][0], ["systemctl", "show", "-P", "MainPID", unit]).strip()
