"""What packets meet on their ways, and whose entry it is. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fatecloud.model.network import Flaw, Network, Way
from fatecloud.model.routes import DEFAULT, FLOW, RouteTable
from fatecloud.resolve.flaw import SELF, flaw_of
from fatecloud.resolve.ways import ways_from


def on_ways(network: Network) -> Iterator[Flaw]:
    """Send a packet from every router that is managed here to every party, for each role."""
    judge = _Judge(network)
    known = [(name, way) for start, name in _starts(network) for way in _all(network, start, name)]
    arriving = {(name, way.party, way.role) for name, way in known if way.arrives}
    for name, way in known:
        if not way.arrives:
            flaw = judge.flaw(way, name, back=(way.party, name, way.role) in arriving)
            yield replace(flaw, ways=(f"{name} -> {way.party} ({way.role})",))


def _starts(network: Network) -> Iterator[tuple[RouteTable, str]]:
    """Every router where packets begin, and in whose name: the parties of each; then the exchanges, by their groups."""
    for table in network.tables:
        yield from ((table, party) for party in network.served[table.router])
    yield from ((t, t.router.partition("/")[0]) for t in network.tables if not network.served[t.router])


def _all(network: Network, start: RouteTable, name: str) -> Iterator[Way]:
    for party in (party for party in network.known if not network.compatibility.apart(name, party)):
        for role in start.roles:
            yield from ways_from(network, start, party, role)


class _Judge:
    """Finds the entry that is to blame for a way that does not arrive."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._tables = {table.router: table for table in network.tables}

    def flaw(self, way: Way, name: str, *, back: bool) -> Flaw:
        """The flaw behind a way.

        Args:
            way: that does not arrive.
            name: party where it begins.
            back: whether the opposite way arrives.
        """
        forgetful = self._forgetful(way)
        if forgetful is not None:
            what = f"it does not take data for its own party {way.party}, and looks for a way out"
            change = f"add {way.party} to the own parties"
            return flaw_of(self._network, forgetful, "ROUTE_OWN_OUTSIDE", SELF, what, change)
        if way.end == "no route":
            return self._missing(way, self._tables[way.at], back=back)
        if way.end == "loop":
            return self._loop(way)
        # The router before the one that refuses it sent it there.
        hop = way.hops[-2] if way.end == "refused" else way.hops[-1]
        table, entry = self._tables[hop.router], hop.entry or SELF
        what = f"{entry} leads to {hop.target}: {way.why}" if hop.target else way.why
        if way.end == "encryption":
            return flaw_of(self._network, table, "ROUTE_PLAINTEXT", entry, what, "encryption as the other end has it")
        own = name == way.party and hop is way.hops[0]
        code = "ROUTE_OWN_OUTSIDE" if own else "ROUTE_WRONG_PARTY"
        change = f"the address where party {way.party} takes {way.role}"
        return flaw_of(self._network, table, code, entry, what, change)

    def _forgetful(self, way: Way) -> RouteTable | None:
        """A router on the way that should have taken the packet itself, and does not know that the party is its own."""
        for table in (self._tables[hop.router] for hop in way.hops):
            own = table.keeps and way.party in self._network.served[table.router]
            if own and way.role != FLOW and way.party not in table.own:
                return table
        return None

    def _missing(self, way: Way, table: RouteTable, *, back: bool) -> Flaw:
        """A router knew no way on."""
        code, name, what = _gap(way, table, back=back)
        change = f"remove {name}, or write an address" if code == "ROUTE_SHADOWED" else f"add {name} with an address"
        return flaw_of(self._network, table, code, name, what, change)

    def _loop(self, way: Way) -> Flaw:
        """Blame the router that should have delivered it; without one, the one that closes the circle."""
        begin = next(number for number, hop in enumerate(way.hops) if hop.router == way.at)
        circle = way.hops[begin:]
        blamed = next((hop for hop in circle if way.party in self._tables[hop.router].own), circle[-1])
        path = " -> ".join([*(hop.router for hop in circle), way.at])
        change = f"the address where party {way.party} is, in place of {blamed.target}"
        table = self._tables[blamed.router]
        what = f"what is for party {way.party} goes round: {path}"
        return flaw_of(self._network, table, "ROUTE_LOOP", blamed.entry, what, change)


def _gap(way: Way, table: RouteTable, *, back: bool) -> tuple[str, str, str]:
    """Code, entry and sentence of what a table lacks."""
    party, role = way.party, way.role
    mine = table.roles_of(party)
    found = mine or table.roles_of(DEFAULT)
    empty = found.get(role) or found.get(DEFAULT)
    if empty is not None:
        return "ROUTE_SHADOWED", empty.name, way.why
    if party in table.own:
        what = f"party {party} gets nothing for {role}: its own router has no entry for the service that takes it"
        return "ROUTE_ROLE_MISSING", f"{party}.{role}", what
    if mine:
        return "ROUTE_DEFAULT_MISSING", f"{party}.{DEFAULT}", way.why
    if table.exchange:
        return "ROUTE_DEFAULT_MISSING", f"{DEFAULT}.{DEFAULT}", way.why
    if back:
        return "ROUTE_ONE_WAY", f"{party}.{DEFAULT}", f"party {party} has a way here, and {way.why}"
    return "ROUTE_MISSING", f"{party}.{DEFAULT}", way.why
