"""Check of a node's load: where it keeps answers from coming in time, it is at fault, and not the services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fatecloud.checks.node import node_finding
from fatecloud.model.behind import behind_a_fault
from fatecloud.model.check import OVERLOADED, Code, NodeView, node_check
from fatecloud.model.finding import Finding
from fatecloud.model.lasting import sample_of
from fatecloud.model.remedy import Edit, administrator, look
from fatecloud.model.strain import asked_nodes, strain

_SHOWN = 10

LOADED = Code(
    OVERLOADED,
    "critical",
    "The node has more work than it can do, and answers do not come in time.",
    settles=False,
    underlies=True,
)


def lateness(view: NodeView) -> Mapping[str, float]:
    """Of each question to the node's services whether its answer was late: one that always is has another reason."""
    return {sample_of(ident): float(answer.delayed) for ident, answer in view.facts.probes.items()}


@node_check(LOADED, samples=lateness)
def keeps_up(view: NodeView) -> Iterator[Finding]:
    """A loaded node alone is well; one where answers are late is not. Those answers are not judged."""
    load = view.facts.fact("load").value
    reasons, late = strain(load), _late(view)
    if not reasons or not late:
        return
    ready = {f"{s.id.key}:{s.readiness}" for s in view.desired.on_node(view.facts.node) if s.readiness}
    busy = [f"{name}: {count} want a core" for name, count in sorted(load["busy"].items(), key=lambda row: -row[1])]
    yield node_finding(
        view,
        LOADED,
        f"{'; '.join(reasons)}; {len(late)} of its answers did not come in time",
        # A service that others call has to answer; a question of a detail may wait.
        severity="critical" if ready & set(late) else "warning",
        cause="its services may be well: what was late is not judged",
        remedy=(
            look("ps -eo stat,pcpu,rss,user,args --sort=-pcpu | head -15", view.facts.node),
            administrator(view.facts.node, "let what loads it end"),
            Edit("lower `cores` of the node, so that fewer jobs run at a time, then deploy", instead=True),
        ),
        expected="answers in time",
        got="; ".join(reasons),
        evidence=(*busy, *(f"late: {name}" for name in late[:_SHOWN])),
        source="fact load",
    )


def _late(view: NodeView) -> list[str]:
    """Answers that this node was asked for and that were late, of its own services and of those that ask these.

    Those that something else makes late are left out: it is reported, and load would only stand beside it.
    """
    answers = []
    others = behind_a_fault(view.desired, view.observed)
    for service in view.desired.services.values():
        seen = view.observed.reached(service.id.node)
        around = {service.id.key, *(edge.target for edge in service.edges)}
        if seen is None or service.id.key in others or view.settling & around:
            continue
        for probe in service.probes:
            answer = seen.probes.get(name := f"{service.id.key}:{probe.name}")
            if answer and answer.delayed and view.facts.node in asked_nodes(view.desired, service, probe.name):
                answers.append(name)
    return sorted(answers) + [f"fact {name}" for name, fact in sorted(view.facts.facts.items()) if fact.late]
