"""`route`: the routes of an inventory, or with tables that operators have. Needs no node, store or secret."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from fatecloud.components.route_file import Note, read_route_table
from fatecloud.errors import InputError, NoMatch
from fatecloud.model.desired import Desired
from fatecloud.model.network import Flaw, Network, Way
from fatecloud.model.routes import RouteTable
from fatecloud.model.selection import Selection, select
from fatecloud.resolve.flaw import flaw_of
from fatecloud.resolve.flaws import flaws
from fatecloud.resolve.network import network_of, with_tables
from fatecloud.resolve.ways import explain
from fatecloud.workflow.load import load_desired
from fatecloud.workflow.options import Options


@dataclass(frozen=True, slots=True)
class Routes:
    """The routers of an inventory."""

    network: Network
    notes: tuple[tuple[RouteTable, Note], ...] = ()
    """What routers pass over in the tables that were read."""

    def flaws(self) -> tuple[Flaw, ...]:
        """All that is wrong: what the files show beside what their tables do."""
        read = [
            flaw_of(self.network, table, note.code, note.entry, note.what, note.change) for table, note in self.notes
        ]
        # Both may be about one entry: what is written twice may also lead to a wrong place.
        same = {(flaw.code, *flaw.place) for flaw in read}
        found = [flaw for flaw in flaws(self.network) if (flaw.code, *flaw.place) not in same]
        return tuple(sorted([*read, *found], key=lambda flaw: flaw.place))

    def ways(self, source: str, party: str, role: str) -> tuple[Way, ...]:
        """How a packet goes. Raises NoMatch."""
        return explain(self.network, source, party, role)


def load_routes(options: Options, tables: Iterable[str] = (), selectors: tuple[str, ...] = ()) -> Routes:
    """Read an inventory, and the tables to use in place of its own.

    Args:
        tables: `ROUTER=FILE`, each in the form of OSX.
        selectors: of the routers to show; all if it is empty.

    Raises:
        InventoryError: the inventory is wrong.
        NoMatch: a table is for a router that there is not, or no router is selected.
        InputError: a file cannot be read, or its router would refuse it.
    """
    resolved = load_desired(options)[0]
    network = network_of(resolved)
    known = {table.router: table for table in network.tables}
    read, notes = {}, []
    for word in tables:
        key, _, file = word.partition("=")
        if key not in known or not file:
            raise NoMatch(f"{key} is not a router", remedy=f"--table is ROUTER=FILE with one of: {', '.join(known)}")
        read[key], found = read_route_table(_text(Path(file)), known[key], file)
        notes += [(read[key], note) for note in found]
    network = with_tables(network, read)
    if selectors:
        keys = select(resolved, Selection(selectors))
        network = with_only(network, keys)
    return Routes(network, tuple(notes))


def with_only(network: Network, keys: Iterable[str]) -> Network:
    """The network with the tables of some services alone, for showing them. Raises NoMatch where that leaves none."""
    tables = tuple(table for table in network.tables if table.router in set(keys))
    if not tables:
        raise NoMatch("none of these is a router", remedy=f"routers are: {', '.join(t.router for t in network.tables)}")
    return replace(network, tables=tables)


def router_keys(desired: Desired, keys: Iterable[str]) -> tuple[str, ...]:
    """Those of the services whose tables of routes a node keeps earlier versions of. Raises NoMatch if none does."""
    keeping = [key for key, s in desired.services.items() if s.routes and any(spec.kept for spec in s.specs)]
    found = tuple(key for key in keys if key in keeping)
    if not found:
        there = ", ".join(keeping)
        raise NoMatch(
            "no earlier table of routes is kept of these services",
            remedy=f"of these it is: {there}" if there else "put the inventory back and run: fatecloud deploy",
        )
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from error
