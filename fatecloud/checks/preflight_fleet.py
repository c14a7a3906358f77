"""Preflight across nodes: clocks, time zones, one machine under two names, addresses, names."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from fatecloud.checks.node import set_clock, start_time_service
from fatecloud.checks.preflight_need import WILDCARDS, address_of, is_loopback, node_of, ports_of, problem
from fatecloud.model import clocks
from fatecloud.model.belonging import same_machine
from fatecloud.model.check import Code, NodeView, node_check
from fatecloud.model.finding import Finding
from fatecloud.model.observed import NodeFacts
from fatecloud.model.remedy import Edit, Run, look

SKEW = Code("PREFLIGHT_CLOCK_SKEW", "critical", "The node's clock is far from the others'.")
DRIFT = Code("PREFLIGHT_CLOCK_DRIFT", "warning", "The node's clock is seconds away from the others'.")
UNSYNC = Code("PREFLIGHT_CLOCK_UNSYNC", "warning", "Nothing keeps the node's clock right.")
ZONE = Code("PREFLIGHT_TIMEZONE", "warning", "The nodes do not share one time zone.")
TWICE = Code("PREFLIGHT_DUPLICATE_MACHINE_ID", "critical", "Two node names refer to the same machine.")
BIND = Code("PREFLIGHT_BIND", "critical", "The address that services should listen on is not the node's.")
ADVERTISE = Code("PREFLIGHT_ADVERTISE", "warning", "The address that neighbours should use is not the node's own.")
HOSTNAME = Code("PREFLIGHT_HOSTNAME", "warning", "The node cannot resolve its own host name.")

SHOWN_ADDRESSES = 5


@node_check(SKEW, DRIFT)
def clock_skew(view: NodeView) -> Iterator[Finding]:
    """The node's clock agrees with the median of all nodes and the controller."""
    own = view.fact("skew")
    others = [
        float(facts.fact("skew").value["seconds"])
        for facts in view.observed.nodes.values()
        if isinstance(facts, NodeFacts) and facts.fact("skew").ok
    ]
    away = float(own["seconds"]) - median([0.0, *others])
    # A slow connection makes the reading less exact, which the clock is not to blame for.
    sure = abs(away) - float(own["uncertainty"])
    if sure < clocks.NOTICED:
        return
    code = SKEW if sure >= clocks.TOO_FAR else DRIFT
    yield problem(
        view,
        code.name,
        code.severity,
        f"the clock is {abs(away):.1f} s {'ahead' if away > 0 else 'behind'}",
        expected=f"within {clocks.NOTICED:g} s of the median of {len(others) + 1} clocks",
        got=f"{away:+.1f} s, give or take {own['uncertainty']:.1f} s",
        remedy=set_clock(view),
        source="fact skew",
    )


@node_check(UNSYNC)
def clock_synchronised(view: NodeView) -> Iterator[Finding]:
    """A time daemon says that it is synchronised. Where the node cannot tell, nothing is claimed."""
    if view.fact("clock")["synchronized"] is False:
        yield problem(
            view,
            UNSYNC.name,
            "warning",
            "the clock is not synchronised",
            expected="System clock synchronized: yes",
            got="no",
            remedy=(*start_time_service(view), look("chronyc tracking", view.facts.node)),
            source="fact clock",
        )


@node_check(ZONE)
def time_zone(view: NodeView) -> Iterator[Finding]:
    """All nodes write their logs in one time zone: the majority's, the first name's on a tie."""
    own = view.fact("clock")["timezone"]
    zones = [
        facts.fact("clock").value["timezone"]
        for _, facts in sorted(view.observed.nodes.items())
        if isinstance(facts, NodeFacts) and facts.fact("clock").ok
    ]
    # The zone itself does not matter: logs of several nodes are read side by side.
    usual = max(dict.fromkeys(zones), key=zones.count)
    if own != usual:
        yield problem(
            view,
            ZONE.name,
            "warning",
            f"time zone {own}, the other nodes have {usual}",
            expected=usual,
            got=own,
            remedy=(
                Run(f"timedatectl set-timezone {usual}", view.facts.node, root=True),
                Run(f"fatecloud restart @{view.facts.node}", when="if services run there"),
            ),
            source="fact clock",
        )


@node_check(TWICE)
def one_machine_one_node(view: NodeView) -> Iterator[Finding]:
    """No other node name refers to this machine; a clone has the same machine id, but another boot id."""
    own = view.fact("identity")
    twins = [
        name
        for name, facts in sorted(view.observed.nodes.items())
        if name != view.facts.node
        and isinstance(facts, NodeFacts)
        and (other := facts.fact("identity")).ok
        and same_machine(own, other.value)
    ]
    if twins:
        yield problem(
            view,
            TWICE.name,
            "critical",
            f"nodes {', '.join([view.facts.node, *twins])} are one machine ({own['hostname']})",
            expected="one machine per node name",
            got=f"machine-id {own['machine_id']} and one boot, by {len(twins) + 1} names",
            remedy=(Edit("keep one of the names under `nodes`, and place the services of the others on it"),),
            source="fact identity",
        )


@node_check(BIND, ADVERTISE)
def addresses(view: NodeView) -> Iterator[Finding]:
    """The node has the addresses that its services listen on and its neighbours use."""
    node = node_of(view)
    have = {address_of(text) for text in view.fact("addresses")}
    outside = sorted(str(a) for a in have if a and not a.is_loopback and not a.is_link_local)
    shown = ", ".join(outside[:SHOWN_ADDRESSES]) + (", ..." if outside[SHOWN_ADDRESSES:] else "") or "none"
    listens = {needed.port.bind: f"{needed.service.id.key} on {needed.port.bind}" for needed in ports_of(view)}
    if node.bind:
        listens[node.bind] = f"`bind: {node.bind}`"
    literal = {text: address_of(text) for text in sorted(listens) if text not in WILDCARDS and not is_loopback(text)}
    strange = [text for text, address in literal.items() if address and address not in have]
    if strange:
        yield problem(
            view,
            BIND.name,
            "critical",
            f"not an address of this node: {', '.join(listens[text] for text in strange)}",
            cause="`bind` of the node or of the component is wrong, or `advertise` is an address behind NAT",
            expected=", ".join(strange),
            got=shown,
            remedy=(Edit(f"set `bind` of node {view.facts.node} to one of: {shown}"),),
            source="fact addresses",
        )
    # Only a warning, because behind address translation this is right.
    elif (advertise := address_of(node.advertise)) and advertise not in have:
        yield problem(
            view,
            ADVERTISE.name,
            "warning",
            f"`advertise: {node.advertise}` is not an address of this node",
            cause="this is right behind address translation, and wrong otherwise",
            expected=node.advertise,
            got=shown,
            remedy=(Edit(f"set `advertise` of node {node.name} to one of: {shown}, unless it is translated"),),
            source="fact addresses",
        )


@node_check(HOSTNAME)
def own_name(view: NodeView) -> Iterator[Finding]:
    """The own host name resolves on the node; message brokers and databases ask for it."""
    name = view.fact("own_name")
    if not name["addresses"]:
        yield problem(
            view,
            HOSTNAME.name,
            "warning",
            f"{name['hostname']} does not resolve on the node itself",
            expected="an address",
            got="none",
            remedy=(Run(f"echo '127.0.1.1 {name['hostname']}' >> /etc/hosts", view.facts.node, root=True),),
            source="fact own_name",
        )
