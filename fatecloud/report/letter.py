"""The letter of `preflight --letter`: Markdown, with a part for each department that can be sent by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fatecloud.model.duration import duration_text
from fatecloud.model.letter import IDLE, Letter, Machine, Route, Way
from fatecloud.model.sizes import size_text
from fatecloud.plain import plain
from fatecloud.report.commands import typed

_WAYS: dict[Way, str] = {
    "operate": "From the controller to the nodes",
    "inside": "Between the nodes",
    "out": "From the nodes to others",
    "in": "From others to the nodes",
}
_ASKED = "*not in the inventory*"


def letter_text(letter: Letter) -> str:
    """The whole letter. It has no secret and no date, so that two of them can be compared."""
    parts = (_head(letter), _network(letter), _database(letter), _security(letter), _machines(letter))
    return "\n".join(line for part in parts for line in part).rstrip()


def _head(letter: Letter) -> Iterator[str]:
    yield f"# What the cluster {letter.cluster} needs"
    yield ""
    yield f"Cluster `{letter.cluster}` (id `{letter.id}`) runs {', '.join(letter.releases)}."
    yield "This page was made from its inventory; no machine was asked. Each part below is for one department."
    if letter.unknown:
        yield ""
        yield "The inventory does not say yet:"
        yield ""
        yield from (f"- {plain(line)}" for line in letter.unknown)
    yield ""


def _network(letter: Letter) -> Iterator[str]:
    yield "## For the network department"
    yield ""
    if not letter.routes:
        yield "Nothing: all services are on one machine, and no other party is named."
        yield ""
        return
    yield "All of it is TCP. A rule is needed in the direction of the connection, and lets the answers back."
    yield ""
    for way, title in _WAYS.items():
        found = [one for one in letter.routes if one.way == way]
        if found:
            yield f"### {title}"
            yield ""
            yield from _table(("from", "address", "to", "address", "port", "for"), (_route(one) for one in found))
            yield ""
    yield f"- A connection that is silent for {duration_text(IDLE)} must still be open: the idle time-out of firewalls,"
    yield f"  NAT and proxies is {IDLE} seconds or more. A task may compute that long before it sends again."
    yield "- Nothing on the way may read, change or buffer the content, or answer in place of the target."
    yield "- Packets of the usual size (MTU 1500) must pass, and so must the ICMP messages about sizes."
    yield "- All other ports of the nodes stay closed to others."
    yield "- The clocks of all nodes follow a time server (NTP)."
    if letter.names:
        yield f"- These names must resolve on the nodes: {', '.join(f'`{plain(name)}`' for name in letter.names)}."
    yield ""


def _route(one: Route) -> tuple[str, ...]:
    source = one.source_address or ("" if one.way == "operate" else _ASKED)
    return one.source, source, one.target, one.target_address, str(one.port), one.purpose


def _database(letter: Letter) -> Iterator[str]:
    yield "## For the database department"
    yield ""
    if not letter.supplies:
        yield "Nothing: the cluster uses no database of another team."
        yield ""
        return
    for one in letter.supplies:
        yield f"- {plain(one.place)}: {plain(one.what)}"
        yield from (f"  - {name}: {plain(text)}" for name, text in one.details.items())
        yield f"  - used from: {', '.join(one.sources)}"
        if one.secret:
            yield f"  - password: agree on one by another way; it is the secret `{plain(one.secret)}` of the inventory"
    yield ""
    yield f"As statements for the server, without passwords: `{typed('fatecloud objects show --sql')}`"
    yield ""


def _security(letter: Letter) -> Iterator[str]:
    yield "## For the security department"
    yield ""
    if letter.logins:
        yield "### Logins"
        yield ""
        rows = ((one.node, one.user, one.purpose, one.means) for one in letter.logins)
        yield from _table(("node", "user", "for", "logs in with"), rows)
        yield ""
    lines: dict[str, list[str]] = {}
    for one in letter.logins:
        if one.sudoers:
            lines.setdefault(one.sudoers, []).append(one.node)
    if lines:
        yield "### sudoers"
        yield ""
        yield "The login that deploys becomes root, because it installs packages, makes accounts and writes units."
        if any("sha256:SUM" in line for line in lines):
            yield "CLUSTER and SUM, the digest of the program for checks, are known after the first deploy."
        yield ""
        for line, nodes in lines.items():
            yield f"    # on {', '.join(nodes)}"
            yield f"    {plain(line)}"
        yield ""
    yield "### Accounts of the services"
    yield ""
    accounts = (
        (one.node, one.user, one.group, ", ".join(one.services), "a deploy" if one.made else "there already")
        for one in letter.accounts
    )
    yield from _table(("node", "user", "group", "services", "made by"), accounts)
    yield ""
    yield "An account that a deploy makes has no home, no login shell, no password and no sudo."
    yield ""


def _machines(letter: Letter) -> Iterator[str]:
    yield "## For the department that runs the machines"
    yield ""
    rows = ((one.name, one.address, one.arch, size_text(one.memory), one.supervision) for one in letter.machines)
    yield from _table(("node", "address", "processor", "memory for the services", "services are run by"), rows)
    yield ""
    rooms = (
        (one.name, room.path, size_text(room.size), room.purpose) for one in letter.machines for room in one.directories
    )
    yield from _table(("node", "directory", "room to begin with", "for"), rooms)
    yield ""
    yield "Each directory is on a local disk that is mounted without `noexec` and `ro`."
    packages = list(_packages(letter.machines))
    if packages:
        yield ""
        yield "Packages of the distribution, of which a node needs those of its family, and of several Javas one:"
        yield ""
        yield from _table(("node", "family", "packages", "come from"), packages)
    yield ""


def _packages(machines: Sequence[Machine]) -> Iterator[tuple[str, ...]]:
    origin = {
        "repos": "the distribution's repositories, which the node must reach",
        "store": "fatecloud, which sends them",
        "preinstalled": "installed before the first deploy",
    }
    for one in machines:
        for family, names in one.packages.items():
            yield one.name, family, ", ".join(names), origin[one.source]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        # A bar would begin another cell.
        yield f"| {' | '.join(plain(cell).replace('|', '/') for cell in row)} |"
