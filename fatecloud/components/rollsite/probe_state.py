"""Runs on the node: is the own rollsite there, and does it pass what comes for its party on to the party's flow?"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from fatecloud.components.flow.v1.version_question import PADDING
from fatecloud.components.rollsite.messages import flow, health
from fatecloud.components.rollsite.own_table import DEFAULT, FLOW, OwnTable, own_table
from fatecloud.components.rollsite.stale import held_back, named_stale
from fatecloud.components.router_questions import CONNECT_SECONDS, own_state
from fatecloud.probing.dialing import address_of, connected, trouble

DIRECT_SECONDS = 3.0
_ASTRAY = "its table of routes sends what is for its own party elsewhere"


def state(host: str, port: int, party: str, upstream: str, table: OwnTable) -> dict[str, Any]:
    """See `own_state`; `table` says what of the own party's entries leads elsewhere than it should.

    Args:
        host: of rollsite.
        port: of it.
        party: whose it is.
        upstream: where the party's flow listens.
        table: the one that rollsite reads.
    """
    # An entry that is another text than rollsite's own address sends packets round for ever.
    wrong = table.wrong([(party, DEFAULT, table.own), (party, FLOW, upstream)])
    if wrong and table.leads(party, DEFAULT) not in ("", table.own):
        # Each question would go round, and take more and more threads.
        return {"ok": False, "kind": "route", "error": _ASTRAY, "table": wrong}
    found = asked_past(host, port, party, upstream, flow=flow, health=health)
    return explained(found, wrong, party, upstream, table)


def asked_past(
    host: str,
    port: int,
    party: str,
    upstream: str,
    *,
    flow: Callable[..., dict[str, Any]],
    health: Callable[..., dict[str, Any]],
) -> dict[str, Any]:
    """See `own_state`, which has the arguments as well.

    Rollsite keeps a connection that failed, and tries it again after up to two minutes. So while its flow is not there,
    it is asked for nothing that would make it connect.
    """
    try:
        connected(upstream, CONNECT_SECONDS).close()
    except OSError as error:
        return {**health(host, port, party, party), "behind": trouble(error, CONNECT_SECONDS)}
    return own_state(host, port, party, flow=flow, health=health, padding=PADDING)


def explained(found: dict[str, Any], wrong: list[str], party: str, upstream: str, table: OwnTable) -> dict[str, Any]:
    """The answer, with what leads elsewhere, or `behind` marked where rollsite holds on to a connection that failed."""
    if table.known and not wrong and held_back(found.get("behind", {})):
        direct = flow(*address_of(upstream), party, party, padding=PADDING, seconds=DIRECT_SECONDS)
        found = {**found, "behind": named_stale(found["behind"])} if direct["ok"] else found
    return {**found, "table": wrong} if wrong else found


if __name__ == "__main__":
    own, number, name, its_flow, conf = sys.argv[1:]
    sys.stdout.write(json.dumps(state(own, int(number), name, its_flow, own_table(conf))) + "\n")
