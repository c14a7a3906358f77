"""What a flow leaves open to those who reach it: what its generations share."""

from __future__ import annotations

from collections.abc import Sequence

from fatecloud.model.check import Code, ServiceView
from fatecloud.model.finding import Finding, Severity
from fatecloud.model.remedy import Remedy

AUTH = Code(
    "EXPOSURE_FLOW_AUTH",
    "exposure",
    "Flow does not ask everyone who reaches it for a signature, or does not limit what they may do with one.",
)

Part = tuple[Severity, str, tuple[Remedy, ...]]
"""How bad it is, who can do what, and what closes it."""


def exposed(view: ServiceView, parts: Sequence[Part], cause: str) -> Finding:
    """One finding about all that a flow leaves open."""
    return Finding(
        AUTH.name,
        # A partner is known; anyone on a network is not, and can run code with a job.
        max((severity for severity, _, _ in parts), key=("exposure", "warning").index),
        view.subject,
        "; ".join(what for _, what, _ in parts),
        cause=cause,
        remedy=tuple(dict.fromkeys(one for _, _, remedies in parts for one in remedies)),
        source="inventory",
    )


def others_of(view: ServiceView) -> tuple[str, ...]:
    """All other parties that the flow's own one can talk to."""
    return view.desired.cluster.others(view.service.id.owner)
