"""Writes a cluster as an inventory again, with the origin of every value as a comment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from yaml.representer import SafeRepresenter

from fatecloud.model.api import API_VERSION
from fatecloud.model.cluster import Cluster, Peer
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.node import Node
from fatecloud.model.owner import External, FromGroup, Owner, Placed
from fatecloud.model.passwords import Prompt, SecretRef

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*|[0-9]+(\.[0-9]+){3}")
_YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_KEPT = ("nodes", "parties", "groups", "peers")
"""Sections whose entries are named even if they contain no values."""
_COMMENT_COLUMN = 48
_REPRESENTER = SafeRepresenter()
_ESCAPED = {'"': '\\"', "\\": "\\\\"}


def show(cluster: Cluster, *, full: bool) -> str:
    """The inventory as YAML that loads to the same cluster.

    Args:
        cluster: a loaded cluster.
        full: whether to show values that are not in the file, too.
    """
    lines = [f"apiVersion: {API_VERSION}", *_lines(_tree(cluster), "", 0, cluster, full=full)]
    return "\n".join(lines) + "\n"


def document(cluster: Cluster) -> dict[str, Any]:
    """The inventory as plain data with every default, and the origin of each value by its dotted path."""
    tree: dict[str, Any] = _plain(_tree(cluster))
    return {
        "release": None,
        "architecture": None,
        "parties": {},
        "groups": {},
        "peers": {},
        **tree,
        "origins": {path: origin.source for path, origin in cluster.origins.items()},
    }


def _plain(value: Any) -> Any:
    simple = _simple(value)
    if isinstance(simple, Mapping):
        return {name: _plain(inner) for name, inner in simple.items()}
    return [_plain(inner) for inner in simple] if isinstance(simple, tuple) else simple


def _simple(value: Any) -> Any:
    """What an inventory has for a value of the model."""
    match value:
        case SecretRef(name):
            return {"secret": name}
        case Prompt():
            return "prompt"
        case Endpoint():
            return str(value)
        case FromGroup(group):
            return {"group": group}
        case Placed(node, config):
            return {"node": node, "config": _nested(config)} if config else node
    return value


def _tree(cluster: Cluster) -> dict[str, Any]:
    parties = list(cluster.parties.values())
    # A party with a release of its own says nothing of the one that is for all others.
    usual = next((party for party in parties if not _release(party, cluster)), parties[0] if parties else None)
    tree = {
        "cluster": cluster.name,
        "id": cluster.id,
        "release": usual.release if usual else "",
        "architecture": cluster.architecture,
        "nodes": {name: _node(node) for name, node in cluster.nodes.items()},
        "parties": {party.id: {**_release(party, cluster), **_owner(party)} for party in parties},
        "groups": {group.id: {"release": group.release, **_owner(group)} for group in cluster.groups.values()},
        "peers": {name: _peer(peer) for name, peer in cluster.peers.items()},
    }
    return {name: section for name, section in tree.items() if section}


def _node(node: Node) -> dict[str, Any]:
    shown = asdict(node) | {"become_password": node.become_password}
    shown["ssh"]["password"] = node.ssh.password
    del shown["name"], shown["read"]
    if node.check is None:
        del shown["check"]
    return shown


def _owner(owner: Owner) -> dict[str, Any]:
    config = {name: _nested(settings) for name, settings in owner.config.items()}
    services = {name: _place(where) for name, where in owner.placement.items()}
    return {"public": dict(owner.public), **_addresses(owner), "services": services, "config": config}


def _release(party: Owner, cluster: Cluster) -> dict[str, str]:
    return {"release": party.release} if f"{party.path}.release" in cluster.origins else {}


def _place(where: tuple[Placed, ...] | External | FromGroup) -> Any:
    if not isinstance(where, External):
        return where
    at = where.endpoint
    return {
        "external": {"host": at.host, "port": at.port, "user": where.user, "password": where.password, **where.extra}
    }


def _addresses(owner: Owner | Peer) -> dict[str, Any]:
    return {"addresses": owner.addresses} if owner.addresses else {}


def _peer(peer: Peer) -> dict[str, Any]:
    apps = {party: {"id": app.id, "token": app.token} for party, app in peer.apps.items()}
    fate = {"fate": peer.fate} if peer.fate else {}
    return {**peer.endpoints, **_addresses(peer), **fate, **peer.keys, **({"apps": apps} if apps else {})}


def _nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for dotted, value in settings.items():
        *parents, leaf = dotted.split(".")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[leaf] = value
    return tree


def _lines(tree: Mapping[str, Any], path: str, depth: int, cluster: Cluster, *, full: bool) -> Iterator[str]:
    indent = "  " * depth
    for name, value in tree.items():
        below = f"{path}.{name}" if path else name
        key = _key(name)
        if isinstance(value, dict):
            inner = list(_lines(value, below, depth + 1, cluster, full=full))
            if any(not line.lstrip().startswith("#") for line in inner):
                yield f"{indent}{key}:"
            elif path in _KEPT:
                yield f"{indent}{key}: {{}}"
            elif inner:
                # A key with nothing but comments below it would be a null.
                yield f"{indent}# {key}:"
            yield from inner
            continue
        origin = cluster.origins.get(below)
        if full or origin is None or origin.is_file:
            text = f"{indent}# {key}:" if value is None else f"{indent}{key}: {_scalar(value)}"
            yield f"{text:<{_COMMENT_COLUMN}}  # {origin.source if origin else ''}"


def _scalar(value: Any) -> str:
    simple = _simple(value)
    if isinstance(simple, Mapping):
        return f"{{{', '.join(f'{_key(name)}: {_scalar(inner)}' for name, inner in simple.items())}}}"
    if isinstance(simple, tuple):
        return _scalar(simple[0]) if len(simple) == 1 else f"[{', '.join(map(_scalar, simple))}]"
    if isinstance(simple, str) and _PLAIN.fullmatch(simple) and simple.lower() not in _YAML_WORDS:
        return simple
    if isinstance(simple, float):
        # JSON's 1e-06 is a text to readers of YAML 1.1.
        return str(_REPRESENTER.represent_float(simple).value)
    return _quoted(simple) if isinstance(simple, str) else json.dumps(simple)


def _key(name: str) -> str:
    return name if _PLAIN.fullmatch(name) and name.lower() not in _YAML_WORDS else _quoted(name)


def _quoted(text: str) -> str:
    """In double quotes, with YAML's escapes. JSON would split large characters into two surrogates."""
    shown = (_ESCAPED.get(c) or (c if c.isprintable() else f"\\U{ord(c):08X}") for c in text)
    return f'"{"".join(shown)}"'
