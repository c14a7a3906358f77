"""What the servers of Serving have, out of the answers of their probes: for checks, and for verbs about models."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from fatecloud.components.serving_server.registry import BOUND, HOSTED
from fatecloud.components.serving_server.want import REGISTRY, STATE
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.observed import Observed
from fatecloud.model.serving import GUEST, HOST, Loaded, LoadedModel, Part

_LATEST = 253402300800
"""The beginning of the year 10000, in seconds since the epoch."""
_PROJECT = BOUND.partition("/")[0]


def instances(desired: Desired, observed: Observed, owner: str) -> tuple[Loaded, ...]:
    """All servers of an owner, in the order of their keys; one that was not read has an error."""
    found = [s for s in desired.services.values() if s.id.owner == owner and _is_server(s)]
    return tuple(loaded(service, observed) for service in sorted(found, key=lambda service: service.id.key))


def _is_server(service: DesiredService) -> bool:
    return any(probe.name == STATE for probe in service.probes)


def loaded(service: DesiredService, observed: Observed) -> Loaded:
    """What one server has."""
    state, registry = (_answer(service, observed, name) for name in (STATE, REGISTRY))
    unread = _number(registry.get("left_out"))
    cut = f"{unread} names in the registry were not looked at" if unread else ""
    error = str(state.get("error") or state.get("unread") or registry.get("error") or cut)
    (address,) = {*service.facts["registers"].values()} or {""}
    listed = state.get("models") if state.get("ok") else None
    models = [_model(one) for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else None
    return Loaded(
        id=service.id,
        models=None if models is None else tuple(sorted(models, key=lambda one: one.name)),
        left_out=_number(state.get("left_out")),
        recorded=not service.facts["lists"],
        registered=registered(registry) if registry.get("ok") and not unread else None,
        address=str(address),
        error=error,
    )


def _answer(service: DesiredService, observed: Observed, probe: str) -> Mapping[str, Any]:
    seen = observed.reached(service.id.node)
    answer = seen.probes.get(f"{service.id.key}:{probe}") if seen else None
    if answer is None:
        return {"error": f"{service.id.node} was not read" if seen is None else f"{probe} was not asked"}
    return answer.data if isinstance(answer.data, Mapping) else {"error": answer.error or "it printed nothing"}


def _model(one: Mapping[str, Any]) -> LoadedModel:
    return LoadedModel(
        **_part(one),
        services=_texts(one.get("services")),
        since=_time(one.get("since")),
        partners=tuple(Part(**_part(part)) for part in one.get("partners") or () if isinstance(part, Mapping)),
    )


def _time(since: Any) -> float | None:
    """None where it cannot be a time that a calendar has: it comes from the server."""
    known = isinstance(since, (int, float)) and not isinstance(since, bool) and 0 < since < _LATEST
    return float(since) if known else None


def _part(one: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(one.get(name) or "") for name in ("table", "namespace", "role", "party")}


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()


def _number(value: Any) -> int:
    return max(0, value) if isinstance(value, int) else 0


def registered(answer: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Name -> addresses, of the answer of a server's probe about the registry.

    A server of Serving 1 also has the number of its party there, once a service id was bound.
    """
    found = answer.get("found")
    names: dict[str, set[str]] = {}
    for path, addresses in found.items() if isinstance(found, Mapping) else ():
        project, _, rest = str(path).partition("/")
        name, _, service = rest.partition("/")
        if project == _PROJECT and f"{project}/*/{service}" in (BOUND, HOSTED):
            names.setdefault(name, set()).update(_texts(addresses))
    return {name: tuple(sorted(addresses)) for name, addresses in sorted(names.items())}


def names(model: LoadedModel, *, old: bool) -> tuple[str, ...]:
    """Under which names a server registers a model: a guest's by its service ids, a host's by digests.

    A server of Serving 2 makes the digest of its own part, `ModelManager.load`; one of Serving 1 has one of each other
    party's, `DefaultModelManager.publishLoadModel`.

    Args:
        model: that is loaded.
        old: whether the server is of Serving 1.
    """
    if model.role == GUEST:
        return model.services
    parts = model.partners if old else (model,)
    return tuple(_digest(part) for part in parts) if model.role == HOST else ()


def _digest(part: Part) -> str:
    # MD5 is upstream's name for a model, no protection.
    return hashlib.md5(f"{part.table}&{part.namespace}".encode()).hexdigest()  # noqa: S324
