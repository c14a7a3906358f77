"""What a probe answered about a hop. Nodes and other parties wrote it, so it may have any form. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fatecloud.model.desired import Desired
from fatecloud.model.observed import Observed, Unreachable
from fatecloud.model.strain import strain
from fatecloud.model.tried import Witness

BEHIND = "behind"
"""Part of an answer: that of the far end."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness says."""

    document: Mapping[str, Any] | None = None
    """None where it said nothing."""
    said: str = ""
    """A sentence."""
    who: str = ""
    """Which probe of which service it is."""

    @property
    def known(self) -> bool:
        """Whether it said anything."""
        return self.document is not None

    @property
    def answered(self) -> bool:
        """Whether what the witness asked directly is well."""
        return self.known and self.part("ok") is True

    @property
    def whole(self) -> bool:
        """Whether it was asked what is behind that, too."""
        return isinstance(self.part(BEHIND), Mapping)

    @property
    def end(self) -> Mapping[str, Any]:
        """The answer from the far end of what was asked."""
        behind = self.part(BEHIND)
        return behind if isinstance(behind, Mapping) else self.document or {}

    @property
    def fine(self) -> bool:
        """Whether everything that was asked is well."""
        return self.answered and self.end.get("ok") is True

    @property
    def missing(self) -> tuple[str, ...]:
        """The parties that a router says it knows no way to."""
        found = self.part("missing")
        return tuple(map(str, found)) if isinstance(found, list) else ()

    def part(self, name: str) -> Any:
        """A part of the document; None without it."""
        return (self.document or {}).get(name)


def answer_of(desired: Desired, observed: Observed, witness: Witness | None) -> Answer:
    """The answer of one probe, or why there is none."""
    if witness is None:
        return Answer()
    node = desired.services[witness.service].id.node
    facts = observed.reached(node)
    if facts is None:
        lost = observed.nodes.get(node)
        return Answer(said=f"{node} was not read: {lost.message if isinstance(lost, Unreachable) else 'no answer'}")
    name = f"probe {witness.probe} of {witness.service}"
    asked = facts.probes.get(f"{witness.service}:{witness.probe}")
    document = asked.data if asked else None
    if isinstance(document, Mapping) and witness.party:
        peers = document.get("peers")
        document = peers.get(witness.party) if isinstance(peers, Mapping) else None
    if not isinstance(document, Mapping) or not isinstance(document.get(BEHIND, {}), Mapping):
        return Answer(said=f"{name}: {(asked.error if asked else None) or 'no answer that can be used'}")
    answer = Answer(document, who=name)
    end = answer.end if answer.answered else document
    if answer.fine:
        return replace(answer, said=f"{name}: ok")
    loaded = "; ".join(strain(facts.fact("load").value))
    what = f"{end.get('error') or end.get('kind')}" + (f" ({node} is loaded: {loaded})" if loaded else "")
    return replace(answer, said=f"{name}: {what}")
