"""What checks compare of a service, as digests that the node's manifest keeps: what was deployed shows against them.

Digests, because a node may lie: with them it can leave out a judgement about its own services, and say nothing else.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from fatecloud.model.desired import DesiredService

_LENGTH = 16


def judged_of(service: DesiredService) -> dict[str, Any]:
    """What a deploy writes into the manifest's entry of a service: digests by name of the part, and its ports."""
    return {
        "parts": digests(service),
        "ports": [
            {"name": p.name, "number": p.number, "bind": p.bind, "peers": p.peers, "strict": p.strict}
            for p in service.ports
        ],
    }


def digests(service: DesiredService) -> dict[str, str]:
    """Name of a part -> its digest: `user`, `data`, `protections`, `filter`, each fact and the question of each probe.

    A probe's script is left out: another version of fatecloud asks the same question with other words.
    """
    parts: dict[str, Any] = {"user": service.user, "data": service.data, "protections": dict(service.protections)}
    if service.filter:
        parts["filter"] = [[one.port, *one.networks] for one in service.filter.openings]
    parts |= {fact_part(name): value for name, value in service.facts.items()}
    parts |= {probe_part(probe.name): [*probe.argv, probe.user] for probe in service.probes}
    return {name: value_digest(value) for name, value in sorted(parts.items())}


def fact_part(name: str) -> str:
    """Name of the part that a fact of a service is."""
    return f"fact:{name}"


def probe_part(name: str) -> str:
    """Name of the part that the question of a probe is."""
    return f"probe:{name}"


def value_digest(value: Any) -> str:
    """The digest of one part."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
