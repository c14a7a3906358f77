"""The values that can complete a word of a command line, from the inventory and from the shipped files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from fatecloud.errors import FatecloudError
from fatecloud.model.routes import DEFAULT, FLOW
from fatecloud.state.listed import JOBS, MODELS, SERVICE_IDS, VERSIONS

Word = tuple[str, str]
_Finder = Callable[[str, str], Iterable[Word]]
INVENTORY = "inventory.yml"
_LEVELS = ("debug", "info", "warning", "error", "critical")


def values(verb: str, parameter: str, unfinished: str, inventory: str) -> Iterable[Word]:
    """The possible values; none if the inventory cannot be read.

    Args:
        verb: `check`, `secrets rotate`, ...
        parameter: name of the option or argument.
        unfinished: the beginning of the word.
        inventory: what was typed for `-i`, or is in the environment; empty for the default.
    """
    find = _BY_VERB.get((verb, parameter)) or _FINDERS.get(parameter)
    if find is None or (verb, parameter) in _NEW:
        return ()
    try:
        return list(find(unfinished, inventory))
    except (FatecloudError, OSError, ValueError):
        return ()


class _Names:
    """The names that an inventory has."""

    def __init__(self, inventory: str) -> None:
        from fatecloud.inventory import load  # noqa: PLC0415 - only where an inventory is needed

        path = Path(inventory or INVENTORY).expanduser()
        self.cluster = load(path / INVENTORY if path.is_dir() else path)
        self.services = [
            (owner.id, component, placed.node)
            for owner in self.cluster.owners.values()
            for component in owner.placement
            for placed in owner.instances(component)
        ]


def _selectors(unfinished: str, inventory: str) -> Iterator[Word]:
    names = _Names(inventory)
    if "@" in unfinished:
        yield from ((f"@{node}", _node_text(names, node)) for node in names.cluster.nodes)
        for owner, component, node in names.services:
            yield f"{owner}/{component}@{node}", ""
            yield f"{component}@{node}", ""
        yield from ((f"{owner}/@{node}", "") for owner, node in dict.fromkeys((p, n) for p, _, n in names.services))
        return
    if "/" in unfinished:
        pairs = dict.fromkeys((owner, component) for owner, component, _ in names.services)
        yield from ((f"{owner}/{component}", "") for owner, component in pairs)
        yield from ((f"{p}/{c}@{n}", "") for p, c, n in names.services if unfinished == f"{p}/{c}")
        return
    yield from ((component, "on every node") for component in dict.fromkeys(c for _, c, _ in names.services))
    yield from _whole_nodes(unfinished, inventory)


def _whole_nodes(unfinished: str, inventory: str) -> Iterator[Word]:
    del unfinished
    names = _Names(inventory)
    yield from ((f"{owner.id}/", f"everything of {owner.title}") for owner in names.cluster.owners.values())
    yield from ((f"@{node}", _node_text(names, node)) for node in names.cluster.nodes)


def _node_text(names: _Names, node: str) -> str:
    """The meaning that the shell shows beside a node."""
    return f"everything on {names.cluster.nodes[node].address}"


def _owners(unfinished: str, inventory: str) -> Iterator[Word]:
    del unfinished
    yield from ((owner.id, owner.kind) for owner in _Names(inventory).cluster.owners.values())


def _parties(unfinished: str, inventory: str) -> Iterator[Word]:
    del unfinished
    yield from ((party, "") for party in _Names(inventory).cluster.parties)


def _partners(unfinished: str, inventory: str) -> Iterator[Word]:
    yield from _parties(unfinished, inventory)
    yield from ((peer, "peer") for peer in _Names(inventory).cluster.peers)


def _peer_keys(unfinished: str, inventory: str) -> Iterator[Word]:
    del unfinished
    for peer in _Names(inventory).cluster.peers.values():
        yield from ((key.partition(" ")[0], f"peer {peer.id}") for key in peer.keys.values())


def _nodes(unfinished: str, inventory: str) -> Iterator[Word]:
    del unfinished
    yield from ((node.name, node.address) for node in _Names(inventory).cluster.nodes.values())


def _components(unfinished: str, inventory: str) -> Iterator[Word]:
    del unfinished
    yield from ((component, "") for component in dict.fromkeys(c for _, c, _ in _Names(inventory).services))


def _secrets(unfinished: str, inventory: str) -> Iterator[Word]:
    # The inventory determines the names: the vault stays closed, so that TAB never asks for a password.
    from fatecloud.vault.changes import needs  # noqa: PLC0415

    del unfinished
    yield from ((name, "") for name in sorted(needs(_Names(inventory).cluster).names))


def _codes(unfinished: str, inventory: str) -> Iterator[Word]:
    from fatecloud.shipped import folder  # noqa: PLC0415

    del inventory
    small = unfinished == unfinished.lower() and bool(unfinished)
    for page in sorted(folder("runbooks").glob("*.md")):
        yield page.stem.lower() if small else page.stem, ""


def _muted(unfinished: str, inventory: str) -> Iterator[Word]:
    from fatecloud.inventory.mutes import load_mutes  # noqa: PLC0415

    del unfinished
    path = Path(inventory or INVENTORY).expanduser()
    yield from ((one.finding, one.reason) for one in load_mutes(path / INVENTORY if path.is_dir() else path))


def _found(unfinished: str, inventory: str) -> Iterator[Word]:
    """The root causes of the last check: nothing is read of nodes at TAB."""
    from fatecloud.state.directory import place_of  # noqa: PLC0415
    from fatecloud.state.last_check import last_check  # noqa: PLC0415

    del unfinished
    last = last_check(place_of(_Names(inventory).cluster.id))
    yield from ((root, "") for root in (last.roots if last else ()))


def _last(what: str) -> _Finder:
    """What was listed last: nothing is read of nodes at TAB."""

    def find(unfinished: str, inventory: str) -> Iterator[Word]:
        from fatecloud.state.directory import place_of  # noqa: PLC0415
        from fatecloud.state.listed import listed  # noqa: PLC0415

        del unfinished
        yield from listed(place_of(_Names(inventory).cluster.id), what)

    return find


def _job_statuses(unfinished: str, inventory: str) -> Iterator[Word]:
    from fatecloud.model.jobs import ENDED, LEADING  # noqa: PLC0415

    del unfinished, inventory
    yield from ((status, "") for status in dict.fromkeys([*LEADING, *sorted(ENDED)]))


def _templates(unfinished: str, inventory: str) -> Iterator[Word]:
    from fatecloud.shipped import folder  # noqa: PLC0415

    del unfinished, inventory
    yield from ((page.stem, "") for page in sorted(folder("inventories").glob("*.yml")))


def _releases(unfinished: str, inventory: str) -> Iterator[Word]:
    from fatecloud import catalogue  # noqa: PLC0415

    del unfinished, inventory
    yield from ((name, "") for name in catalogue.names())


def _images(unfinished: str, inventory: str) -> Iterator[Word]:
    from fatecloud.sandbox.recipe import SUITES  # noqa: PLC0415

    del unfinished, inventory
    yield from ((name, "") for name in SUITES)


def _keys(unfinished: str, inventory: str) -> Iterator[Word]:
    from fatecloud.inventory.keys import keys  # noqa: PLC0415

    del inventory
    yield from ((key, "") for key in keys() if key.count(".") <= unfinished.count("."))


def _levels(unfinished: str, inventory: str) -> Iterator[Word]:
    del unfinished, inventory
    yield from ((level, "") for level in _LEVELS)


def _routers(unfinished: str, inventory: str) -> Iterator[Word]:
    from fatecloud.workflow.options import Options  # noqa: PLC0415
    from fatecloud.workflow.route import load_routes  # noqa: PLC0415

    del unfinished
    path = Path(inventory or INVENTORY).expanduser()
    routes = load_routes(Options(path / INVENTORY if path.is_dir() else path))
    yield from ((f"{table.router}=", "") for table in routes.network.tables)


def _roles(unfinished: str, inventory: str) -> Iterator[Word]:
    del unfinished, inventory
    yield from ((FLOW, "requests between flows"), (DEFAULT, "data of tasks"))


def _proofs(unfinished: str, inventory: str) -> Iterator[Word]:
    from fatecloud.components.registry import all_components  # noqa: PLC0415

    del unfinished, inventory
    for component in all_components().values():
        yield from ((kind.name, kind.doc) for kind in component.proofs)


def _last_proofs(unfinished: str, inventory: str) -> Iterator[Word]:
    """Those that can end a deploy; it runs the early ones in any case."""
    from fatecloud.components.registry import all_components  # noqa: PLC0415

    del unfinished, inventory
    for component in all_components().values():
        yield from ((kind.name, kind.doc) for kind in component.proofs if not kind.early)


_FINDERS: Mapping[str, _Finder] = {
    "selectors": _selectors,
    "selector": _selectors,
    "owner": _owners,
    "from_": _parties,
    "to": _partners,
    "for_": _partners,
    "node": _nodes,
    "limit": _nodes,
    "component": _components,
    "code": _codes,
    "job": _last(JOBS),
    "service": _last(SERVICE_IDS),
    "service_id": _last(SERVICE_IDS),
    "model_id": _last(MODELS),
    "model_version": _last(VERSIONS),
    "template": _templates,
    "names": _secrets,
    "supply": _secrets,
    "image": _images,
    "level": _levels,
    "trust": _peer_keys,
    "proof": _proofs,
    "role": _roles,
    "tables": _routers,
    "verify": _last_proofs,
}
"""Name of an option or argument -> its values."""
_BY_VERB: Mapping[tuple[str, str], _Finder] = {
    **dict.fromkeys([(verb, "selectors") for verb in ("plan", "preflight", "deploy")], _whole_nodes),
    **dict.fromkeys([(f"release {verb}", "name") for verb in ("show", "fetch", "bundle")], _releases),
    ("secrets reveal", "name"): _secrets,
    ("job list", "status"): _job_statuses,
    ("serving bind", "version"): _last(VERSIONS),
    **dict.fromkeys([("serving smoke", "from_"), ("serving smoke", "to")], _owners),
    ("mute add", "finding"): _found,
    ("mute remove", "finding"): _muted,
    ("inventory schema", "key"): _keys,
}
"""The same for verbs whose argument means something else than usual."""
_NEW = frozenset({("init", "node"), ("inventory forget", "node")})
"""Options whose value is not in the inventory: not yet, or no longer."""
