"""Gets texts of deployed files, without their secrets, from the nodes: these keep them by digest."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence

from fatecloud.model.layout import private_of
from fatecloud.model.node import Node
from fatecloud.model.places import RENDERED
from fatecloud.transport.parallel import all_of, on_all
from fatecloud.workflow.session import Session

_READ = "for d; do printf '%s\\n' \"$d\"; base64 -w0 <\"$d\" 2>/dev/null; printf '\\n'; done"

_DIGEST = re.compile("[0-9a-f]{64}")
"""What a node's manifest must give as a digest before it is a part of a path."""

_DEADLINE = 60.0
"""Seconds for all nodes together."""


def texts_from(session: Session, wanted: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Digest -> text, as far as nodes have them; all nodes at the same time.

    Args:
        wanted: node -> digests of texts that it may have. Each is asked for once.

    Raises:
        TransportError: a node that has just answered does not answer any more.
        RunError: several do not.
    """
    paths: dict[str, list[str]] = {}
    found: set[str] = set()
    for name, digests in wanted.items():
        needed = {digest for digest in digests if _DIGEST.fullmatch(str(digest))} - found
        found |= needed
        paths[name] = [f"{private_of(session.cluster.nodes[name])}/{RENDERED}/{digest}" for digest in sorted(needed)]
    asked = [session.cluster.nodes[name] for name, named in paths.items() if named]
    texts: dict[str, str] = {}
    for answer in all_of(on_all(asked, lambda node: _texts(session, node, paths[node.name]), _DEADLINE)).values():
        texts |= answer
    return texts


def _texts(session: Session, node: Node, paths: Sequence[str]) -> dict[str, str]:
    transport = session.access.connect(node)
    try:
        done = transport.run(("sh", "-c", _READ, "read", *paths), timeout=30, become=node.become == "root")
    finally:
        transport.close()
    return verified_texts(done.stdout)


def verified_texts(said: bytes) -> dict[str, str]:
    """Digest -> text, as a node gave them: only texts that are what their digests say.

    A text is compared with the files of other nodes as well, so no node may choose it.
    """
    lines = said.decode(errors="replace").split("\n")
    found = {}
    for path, encoded in zip(lines[::2], lines[1::2], strict=False):
        try:
            text = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            continue
        if (digest := hashlib.sha256(text).hexdigest()) == path.rsplit("/", 1)[-1]:
            found[digest] = text.decode(errors="replace")
    return found
