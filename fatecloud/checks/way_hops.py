"""What is to be said of each hop of a way, from what the probes on both sides answered. Pure.

A router's probe asks through the whole way: its answer proves all that comes after it, and where it is bad, the answers
of those who are further on show how far the packet came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fatecloud.checks.way_answers import Answer
from fatecloud.checks.way_look import is_on, look_at
from fatecloud.components.party_routes import LARGE
from fatecloud.model.tried import Look, Path, State, TriedHop

_OWN = "own"
"""Part of an answer: whether the router that was asked first is at fault, and not what is behind it."""
_EXCHANGE, _DENIED, _OTHER_PARTY, _NO_ROUTE = "exchange", "denied", "party", "route"


@dataclass(frozen=True, slots=True)
class Judge:
    """One way, and who said what about each of its legs."""

    path: Path
    answers: tuple[Answer, ...]
    table: Answer
    silent: Answer = field(default_factory=Answer)

    def hop(self, number: int, state: State, **more: Any) -> TriedHop:
        """A hop in a state."""
        leg = self.path.legs[number]
        return TriedHop(leg.source, leg.target, leg.endpoint, state, **more)

    def tried(self, number: int) -> TriedHop:
        """The hop, provided that the way does not stop before it."""
        if self.path.table is not None and is_on(self.path, number) and not is_on(self.path, number - 1):
            # Probes pass a router by that knows no way yet.
            if not self.table.known:
                return self._judged(number, self.table, failed=True)
            if self.path.party in self.table.missing:
                what = f"its running configuration has no route to party {self.path.party}"
                return self._failed(number, {"kind": _NO_ROUTE, "error": what}, "own", f"{self.table.who}: {what}")
        # The first that asked the whole way: what an exchange reaches, we may not reach through it.
        proof = next(
            (one for at, one in enumerate(self.answers[: number + 1]) if is_on(self.path, at) and one.known), None
        )
        if proof is not None and proof.whole and proof.fine:
            return self.hop(number, "ok", evidence=(proof.said,))
        step = {"own": self._to_router, "on": self._to_next, "end": self._to_end, "theirs": self._theirs}
        return step[self.path.legs[number].step](number)

    def _theirs(self, number: int) -> TriedHop:
        peer = self.path.party if self.path.legs[number].step == "end" else self.path.source
        return self.hop(number, "theirs", error=f"only party {peer} can try it")

    def _to_router(self, number: int) -> TriedHop:
        return self._judged(number, self.answers[number], failed=not self.answers[number].answered)

    def _to_next(self, number: int) -> TriedHop:
        answer, before = self._at(number), self._at(number - 1)
        hub_before, hub_after = is_on(self.path, number - 1), is_on(self.path, number + 1)
        if hub_before and before.known and not before.answered and (not answer.known or answer.fine):
            return self._behind_exchange(number, before)
        if hub_before and not answer.known:
            answer = before
        if answer.answered:
            return self._passed_on(number, answer)
        # Where the exchange answers, the fault is behind it.
        return self._judged(number, answer, failed=not hub_after or bool(answer.part(_EXCHANGE)))

    def _behind_exchange(self, number: int, before: Answer) -> TriedHop:
        """What only an answer through the exchange shows."""
        cause = before.document or {}
        kind = str(cause.get("kind"))
        look = "exchange" if kind == _OTHER_PARTY else look_at(self.path, number, kind)
        return self._failed(number, cause, look, before.said)

    def _passed_on(self, number: int, answer: Answer) -> TriedHop:
        """The next router answers; whether what is for those behind it gets that far."""
        after, kind = self._at(number + 1), answer.end.get("kind")
        if answer.part(_OWN) is True:
            past = f"the same question gets its answer when it is sent past {self.path.legs[number].source}"
            return self._failed(number, answer.end, "own", answer.said, past)
        lost = kind == _DENIED or (kind == LARGE and (not after.known or after.fine))
        if not answer.fine and after.fine and not lost:
            return self._failed(number, answer.end, "network", answer.said, f"{after.said}, so it is lost before that")
        return self._judged(number, answer, failed=lost and not answer.fine)

    def _to_end(self, number: int) -> TriedHop:
        answer, before = self.answers[number], self._known_before(number)
        if answer.known:
            return self._judged(number, answer, failed=not answer.fine)
        if before.whole and not before.fine:
            return self._judged(number, before, failed=True)
        if self.path.legs[number].witness is None and before.known:
            return self._theirs(number)
        return self._judged(number, replace(answer, said=answer.said or self._at(number - 1).said), failed=True)

    def _judged(self, number: int, answer: Answer, *, failed: bool) -> TriedHop:
        if not answer.known:
            return self.hop(number, "unknown", error=answer.said)
        if not failed:
            return self.hop(number, "ok", evidence=(answer.said,))
        cause = answer.end if answer.answered else answer.document or {}
        return self._failed(number, cause, look_at(self.path, number, str(cause.get("kind"))), answer.said)

    def _failed(self, number: int, cause: Mapping[str, Any], look: Look, *evidence: str) -> TriedHop:
        kind, error = (str(cause.get(name) or "") for name in ("kind", "error"))
        return self.hop(number, "failed", kind=kind, error=error, look=look, evidence=evidence)

    def _known_before(self, number: int) -> Answer:
        earlier = (self.answers[at] for at in range(number - 1, -1, -1) if is_on(self.path, at))
        return next((answer for answer in earlier if answer.known), self.silent)

    def _at(self, number: int) -> Answer:
        return self.answers[number] if 0 <= number < len(self.answers) else self.silent
