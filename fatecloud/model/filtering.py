"""Whether nftables holds the packet filter that a service should have. Pure, for plan and check alike."""

from __future__ import annotations

from fatecloud.model.desired import DesiredService
from fatecloud.model.filter import held_rules, rule_text
from fatecloud.model.observed import NodeFacts


def unfiltered(service: DesiredService, facts: NodeFacts) -> str:
    """What is wrong with the packet filter of a service that runs; empty where nothing is, or that was not read."""
    held = (facts.fact("filters").value or {}).get(service.id.key)
    if service.filter is None or held is None:
        return ""
    rules = held_rules(held["rules"])
    if rules == service.filter.rules:
        return ""
    if not rules:
        return held["error"] or "its table is empty"
    there = [rule_text(rule) for rule in rules if rule not in service.filter.rules]
    gone = [rule_text(rule) for rule in service.filter.rules if rule not in rules]
    differs = [*(f"there is no `{text}`" for text in gone), *(f"there is `{text}`" for text in there)]
    return "; ".join(differs) or "its rules are in another order"
