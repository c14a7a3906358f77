"""Follows a packet from router to router, as the routers themselves would. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.errors import NoMatch
from fatecloud.model.network import End, Hop, Network, Place, Way, role_of
from fatecloud.model.routes import FLOW, RouteTable, Target


def explain(network: Network, source: str, party: str, role: str) -> tuple[Way, ...]:
    """Every way that a packet may take; more than one where an entry has several targets.

    Args:
        network: the tables.
        source: the party that sends it, one of those that are managed here.
        party: the one that it is for, known or not.
        role: that it names there: `fateflow`, or anything else for data of tasks.

    Raises:
        NoMatch: the party is not managed here, or has no router for this role.
    """
    if source not in network.parties:
        known = ", ".join(network.parties)
        raise NoMatch(f"party {source} is not managed here", remedy=f"--from is one of: {known}")
    start = network.start_of(source, role)
    if start is None:
        raise NoMatch(
            f"party {source} has no router for {role}", remedy="fatecloud route show lists the routers that there are"
        )
    return ways_from(network, start, party, role)


def ways_from(network: Network, start: RouteTable, party: str, role: str) -> tuple[Way, ...]:
    """The same from a router on."""
    return tuple(_Walk(network, party, role).on(start, "", ()))


class _Walk:
    """One packet in a network."""

    def __init__(self, network: Network, party: str, role: str) -> None:
        self._network, self._party, self._role = network, party, role

    def on(self, table: RouteTable, port: str, hops: tuple[Hop, ...]) -> Iterator[Way]:
        """What a router does with it, and all others after that.

        Args:
            table: of the router.
            port: at which it came in; empty where its way begins.
            hops: so far.
        """
        party, router = self._party, table.router
        if port in table.inbound and party not in table.own:
            why = f"{router} takes nothing from outside that is for party {party}"
            yield self._end((*hops, Hop(router, None)), "refused", router, why)
            return
        if any(hop.router == router for hop in hops):
            yield self._end(hops, "loop", router, f"{router} had it before: it goes round until its sender gives up")
            return
        if table.keeps and party in table.own and self._role != FLOW:
            yield self._kept((*hops, Hop(router, "own party")), router)
            return
        found = table.look_up(party, self._role)
        if found is None:
            yield self._end((*hops, Hop(router, None)), "no route", router, self._missing(table))
            return
        reason, entry = found
        for target in entry.targets:
            yield from self._to(table, target, (*hops, Hop(router, reason, entry.name, target)))

    def _kept(self, hops: tuple[Hop, ...], router: str) -> Way:
        if self._party in self._network.served[router]:
            return self._end(hops, "arrived", router, f"{router} takes data for party {self._party} itself")
        why = f"{router} takes it as its own, and is not the router of party {self._party}"
        return self._end(hops, "wrong party", router, why)

    def _missing(self, table: RouteTable) -> str:
        party, role = self._party, self._role
        reasons = [why for own in table.own if (why := self._network.compatibility.apart(own, party))]
        if reasons and not table.roles_of(party):
            return f"{table.router} has no entry for party {party} on purpose: {reasons[0]}"
        if not table.roles_of(party):
            return f"{table.router} has no entry for party {party}, and none for all other parties"
        hidden = ", and those for all other parties are not asked for it" if table.roles_of("default") else ""
        return f"{table.router} has entries for party {party}, none of them for {role}{hidden}"

    def _to(self, table: RouteTable, target: Target, hops: tuple[Hop, ...]) -> Iterator[Way]:
        places = self._network.at(target, table)
        if not places:
            what = f"at {target.endpoint} is none of the services and peers of the inventory"
            yield self._end(hops, "no place", str(target.endpoint), what)
            return
        # What is managed here is there for certain. Several peers may be behind one address: their own exchange.
        mine = (place for place in places if self._party in place.parties)
        place = next(mine, places[0]) if places[0].peer else places[0]
        if place.tls is not None and place.tls != (target.tls is not None):
            speaks = "speaks TLS alone, and the entry has none" if place.tls else "speaks no TLS, and the entry has it"
            yield self._end(hops, "encryption", place.service, f"{place.service} {speaks}")
            return
        behind = self._network.behind(place)
        if behind is not None:
            yield from self.on(behind, place.port, hops)
        else:
            yield self._at(place, hops)

    def _at(self, place: Place, hops: tuple[Hop, ...]) -> Way:
        """The end of the way: what is there is not a router that we know."""
        party, role = self._party, self._role
        if party not in place.parties:
            whose = f"party {', '.join(place.parties)}" if place.parties else "an exchange"
            why = f"{place.service} is of {whose}, and this is for party {party}"
            return self._end(hops, "wrong party", place.service, why)
        if place.peer:
            why = f"party {party} is managed by others: its own routes decide what follows"
            return self._end(hops, "handed over", place.service, why)
        if place.role != role_of(role):
            takes = f"takes {place.role}" if place.role else "takes no packets of parties"
            why = f"port {place.port} of {place.service} {takes}, and this is for {role}"
            return self._end(hops, "wrong service", place.service, why)
        return self._end(hops, "arrived", place.service, f"{place.service} takes {role} for party {party}")

    def _end(self, hops: tuple[Hop, ...], end: End, at: str, why: str) -> Way:
        return Way(self._party, self._role, hops, end, at, why)
