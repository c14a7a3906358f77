"""Runs on the node: can the other parties' flows be reached from here, through both proxies?

First the other proxy itself is asked for its party (fatecloud's proxies name it, others may not). Then a request takes
the route of a job's commands, through this party's proxy. It is as long as several full packets, because a route that
loses only large packets looks open to every short request.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from typing import Any

from fatecloud.components.flow.v2.task_question import PADDING, PATH, body_for, headers_for, judged, refusal
from fatecloud.probing.dialing import address_of, asked, connected, readable, trouble
from fatecloud.probing.http_get import NoHttp, get, post
from fatecloud.probing.patience import clock

HEALTH_SECONDS, LONG_SECONDS, SHORT_SECONDS = 4.0, 8.0, 3.0
PARTY_SECONDS = 15.0
"""For the questions about one party: a short one gets what is left, because a busy flow needs it; a node has 20 s."""
MOST = 64 << 10
"""Bytes of an answer of what others run; flow's has some hundred."""
PARTY_LENGTH = 40
PROMPT_SECONDS = 1.0
"""Seconds. If a short request is answered within them, neither machine is merely slow."""
NO_ROUTE = 404


def ask(own: str, party: str, endpoint: str) -> dict[str, Any]:
    """One party's answer, or why there was none: of its proxy, else of the flow behind it (`behind`)."""
    until = clock() + PARTY_SECONDS
    try:
        # A bare connect first: a closed route and a proxy that does not answer look different then.
        connected(endpoint, HEALTH_SECONDS).close()
    except OSError as error:
        return trouble(error, HEALTH_SECONDS)
    try:
        status, _, body = get(*address_of(endpoint), "/fatecloud/health", timeout=HEALTH_SECONDS, limit=MOST)
    except OSError as error:
        return trouble(error, HEALTH_SECONDS, "silent")
    except NoHttp as error:
        return {"ok": False, "kind": "foreign", "error": readable(f"its answer is not a proxy's: {error}")}
    refused = refusal(status, body)
    if refused:
        return {"ok": False, "kind": "denied", "error": refused}
    name = named(body)
    if name not in ("", party):
        return {"ok": False, "kind": "party", "error": f"it is the proxy of party {name}", "party": name}
    return {"ok": True, "party": name, "behind": flow_behind(own, party, endpoint, until)}


def named(body: bytes) -> str:
    """The party in a health page; empty if the page is not fatecloud's."""
    try:
        return readable(json.loads(body).get("party", ""), PARTY_LENGTH)
    except (ValueError, AttributeError, RecursionError):
        return ""


def flow_behind(own: str, party: str, endpoint: str, until: float) -> dict[str, Any]:
    """The flow's answer to a long question, and where that gets none, to a short one.

    Only a short question that is answered promptly between two long ones that are not means that large packets are
    lost; a busy flow is slow to answer either. `until`: by the clock of `patience`, when the last answer must be there.
    """
    long = question(own, party, endpoint, PADDING, LONG_SECONDS)
    # An answer of any kind shows that large packets arrive.
    if long.get("kind") not in ("silent", "reset"):
        return long
    began = time.monotonic()
    short = question(own, party, endpoint, 0, max(SHORT_SECONDS, until - clock()))
    if not short["ok"]:
        return long
    if time.monotonic() - began > PROMPT_SECONDS or question(own, party, endpoint, PADDING, SHORT_SECONDS)["ok"]:
        return short
    return {"ok": False, "kind": "large", "error": f"short requests are answered, but one of {PADDING} bytes is not"}


def question(own: str, party: str, endpoint: str, padding: int, seconds: float) -> dict[str, Any]:
    """Ask through the own proxy; the other one directly while there is no own one, or none that knows the party yet."""
    body, headers = body_for(party, padding), headers_for(party)
    try:
        try:
            answer = post(*address_of(own), PATH, body, timeout=seconds, headers=headers, limit=MOST)
        except ConnectionRefusedError:
            answer = None
        # Before the first deploy, or until it reads its new configuration, the own proxy cannot help.
        if answer is None or answer[0] == NO_ROUTE:
            answer = post(*address_of(endpoint), PATH, body, timeout=seconds, headers=headers, limit=MOST)
    except OSError as error:
        return trouble(error, seconds, "silent")
    except NoHttp as error:
        return {"ok": False, "kind": "foreign", "error": readable(error)}
    return judged(*answer)


def judged_parties(arguments: list[str]) -> dict[str, Any]:
    """Ask every party. The first argument is this party's proxy, then `party=host:port` of each other party."""
    own, *pairs = arguments
    return asked(pairs, functools.partial(ask, own), 2 * HEALTH_SECONDS + LONG_SECONDS + SHORT_SECONDS)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judged_parties(sys.argv[1:])) + "\n")
