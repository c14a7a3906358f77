"""Whether the own servers have the parts of models that other parties of the inventory have bound requests to."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import finding
from fatecloud.components.serving_server.check_models import SOURCE
from fatecloud.components.serving_server.loaded import instances
from fatecloud.components.serving_server.want import STATE
from fatecloud.model.check import Code, FactAbsent, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask
from fatecloud.model.serving import HOST, LoadedModel, Part

__all__ = ["has_their_parts"]

_SHOWN = 5
MODEL_MISSING = Code(
    "SERVING_PEER_MODEL_MISSING",
    "critical",
    "Another party has bound a service id to a model of which no server of this party has its part.",
    ("server", "registry", "node", "SERVING_SERVER_DOWN"),
)


@service_check(MODEL_MISSING, component="serving-proxy")
def has_their_parts(view: ServiceView) -> Iterator[Finding]:
    """A server behind it has each part of a model that another party of this inventory asks it for."""
    own = instances(view.desired, view.observed, view.service.id.owner)
    # A server without an answer may have it, which its own checks say.
    if not own or any(one.models is None for one in own):
        return
    missing = [
        (owner, model, part)
        for owner, model in _bound_elsewhere(view)
        for part in model.partners
        if (part.role, part.party) == (HOST, view.service.facts["party"])
        and all(one.model(part.table, part.namespace) is None for one in own)
    ]
    if missing and (cut := [one for one in own if one.left_out]):
        raise FactAbsent(f"models of {cut[0].id.key}: {cut[0].unknown}")
    if missing:
        asked = sorted({f"load {part.name} into the servers of {view.service.id.owner}" for _, _, part in missing})
        yield finding(
            view,
            MODEL_MISSING,
            "; ".join(
                f"{owner} has bound {', '.join(model.services)} to {part.name}"
                for owner, model, part in missing[:_SHOWN]
            ),
            STATE,
            source=SOURCE,
            cause="the model was loaded at one party alone, or removed at the other: each request for it ends with "
            "code 2104",
            remedy=(Ask("who publishes its models", "; ".join(asked[:_SHOWN])),),
            expected="that part in a server of this party",
            got="none of it",
            about=" ".join(one.id.key for one in own),
        )


def _bound_elsewhere(view: ServiceView) -> Iterator[tuple[str, LoadedModel]]:
    """Models with service ids in the servers of the other owners, once for each owner."""
    owners = sorted({service.id.owner for service in view.desired.services.values()} - {view.service.id.owner})
    for owner in owners:
        seen: set[Part] = set()
        for one in instances(view.desired, view.observed, owner):
            for model in one.models or ():
                part = Part(model.table, model.namespace, model.role, model.party)
                if model.services and part not in seen:
                    seen.add(part)
                    yield owner, model
