"""The smoke test of EggRoll alone: do eggs start on each nodemanager's node?"""

from __future__ import annotations

import json
import math
import time
import uuid
from typing import Any

from fatecloud.components.clustermanager.trial import AFTER, LIST_SECONDS
from fatecloud.components.script import script_text
from fatecloud.errors import ProofFailed
from fatecloud.model.desired import DesiredService
from fatecloud.model.event import Event
from fatecloud.model.proof import ProofGround, ProofResult
from fatecloud.plain import harmless, plain_word

START_SECONDS = 20.0
"""The least that eggs get, however short the deadline is."""
HEARTBEAT, TRIES = 10.0, 3
"""Seconds between two heartbeats: until the first one, a clustermanager that was just started gives a nodemanager no
part of a session, although its list of nodes says HEALTHY. Seen with EggRoll 3.2.0."""


def egg(ground: ProofGround) -> ProofResult:
    """Start an empty session at each of the two parties that is ours, and end it; see `model.proof.Proof`."""
    began = time.monotonic()
    session, parties, eggs, left = "", [], 0, []
    for party in dict.fromkeys((ground.guest, ground.host)):
        service = ground.services.get(party)
        if service is None:
            continue
        session, answer, remains = _tried_until_heard(ground, service, began)
        left += remains
        _judge(party, service, answer)
        eggs += len(answer["started"])
        parties.append(party)
        ground.events(Event("note", f"{party}: {len(answer['started'])} eggs in {answer['seconds']:.0f} s"))
    whole = time.monotonic() - began
    return ProofResult(
        kind="egg",
        id=session,
        guest=ground.guest,
        host=ground.host,
        # It shows that jobs can start their workers, not that jobs work.
        confirmed=(),
        seconds={"whole": whole},
        figures={"eggs": float(eggs)},
        summary=(f"egg {' and '.join(parties)}: {eggs} eggs started and ended in {whole:.0f} s",),
        left=tuple(left),
    )


def _tried_until_heard(
    ground: ProofGround, service: DesiredService, began: float
) -> tuple[str, dict[str, Any], list[str]]:
    """The last session, what it showed, and what could not be removed of any."""
    left: list[str] = []
    for again in reversed(range(TRIES)):
        # Named like a job's, so that its logs go where those go.
        session = f"{time.strftime('%Y%m%d%H%M%S', time.gmtime())}_fatecloud_{uuid.uuid4().hex[:8]}"
        answer = _tried(ground, service, session, ground.deadline - (time.monotonic() - began))
        left += _left(service.id.owner, session, answer)
        missing = _missing(service, answer)
        if not (again and answer.get("ok") and missing):
            break
        ground.events(Event("note", f"{service.id.owner}: no egg at {', '.join(sorted(missing))}; once more"))
        time.sleep(HEARTBEAT)
    return session, answer, left


def _tried(ground: ProofGround, service: DesiredService, session: str, seconds: float) -> dict[str, Any]:
    start = max(START_SECONDS, seconds - LIST_SECONDS - AFTER)
    host, _, port = service.facts["own"].rpartition(":")
    argv = ("python3", "-IS", "-", host, port, session, f"{start:.0f}")
    script = script_text("clustermanager", f"{service.generation}/try_session.py")
    output = ground.run(service)(argv, script.encode(), start + LIST_SECONDS + AFTER + 10).decode(errors="replace")
    try:
        answer = harmless(json.loads(output))
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not _fits(answer):
        raise ProofFailed(f"{service.id.key}: the test of a session printed {plain_word(output, 200)!r}")
    return answer


def _fits(answer: dict[str, Any]) -> bool:
    """Whether it has the parts that the script prints: it comes from a node."""
    lists = [answer.get(name) for name in ("started", "missing", "left")]
    seconds = answer.get("seconds")
    return all(isinstance(found, list) for found in lists) and isinstance(seconds, float) and math.isfinite(seconds)


def _missing(service: DesiredService, answer: dict[str, Any]) -> set[str]:
    """Endpoints of the nodemanagers that started no egg."""
    return {str(where) for where in answer["missing"]} | (
        set(service.facts["nodes"].values()) - set(map(str, answer["started"]))
    )


def _judge(party: str, service: DesiredService, answer: dict[str, Any]) -> None:
    """Raise ProofFailed where not each nodemanager has started its egg."""
    keys = {where: key for key, where in service.facts["nodes"].items()}
    missing = _missing(service, answer)
    if answer.get("ok") and not missing:
        return
    named = [keys.get(where, where) for where in sorted(missing)]
    # Without a session, nothing is known about any of them.
    known = bool(named and (answer.get("ok") or answer["started"] or answer["missing"]))
    where = f" at {', '.join(named)}" if known else ""
    reason = str(answer.get("error") or "the clustermanager gave it no part of the session")
    raise ProofFailed(
        f"egg {party}: no egg started{where}: {reason}",
        remedy=f"fatecloud check {keys[min(missing)] if missing and min(missing) in keys else service.id.key}",
    )


def _left(party: str, session: str, answer: dict[str, Any]) -> list[str]:
    if unended := answer.get("not_ended"):
        return [f"{party}: session {session}: {unended}"]
    return [f"{party}: an egg of session {session} at {where}" for where in answer["left"]]
