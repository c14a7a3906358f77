"""What the checks of several components need: a probe's document, and a finding with the usual parts."""

from __future__ import annotations

from typing import Any

from fatecloud.model.check import Code, FactAbsent, ServiceView
from fatecloud.model.finding import Finding


def answer_of(view: ServiceView, probe: str) -> dict[str, Any]:
    """The document that a probe of the service printed.

    Raises:
        FactAbsent: the probe was not asked, or printed none.
    """
    answer = view.probe(probe)
    if not isinstance(answer.data, dict):
        raise FactAbsent(f"probe {probe} of {view.service.id.key}: {answer.error}")
    return answer.data


def finding(view: ServiceView, code: Code, symptom: str, probe: str, **more: Any) -> Finding:
    """A finding about the view's service that rests on a probe."""
    return Finding(code.name, code.severity, view.subject, symptom, source=f"probe {probe}", **more)


def verb(view: ServiceView, name: str, component: str = "") -> str:
    """The command that does a verb to the service, or to a neighbour of the same party."""
    ident = view.service.id
    where = "" if component else f" --node {ident.node}"
    return f"fatecloud {name} --party {ident.party}{where} --component {component or ident.component}"


def as_service(view: ServiceView, command: str) -> str:
    """A command line that is to be run on the service's node by its user."""
    node = view.desired.node(view.facts.node)
    return f"sudo -u {node.service_user} {command}  # on {node.name}"
