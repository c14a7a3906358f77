"""Compares the observed state with the desired one, and gets the old texts for the differences from the nodes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Collection, Sequence

from fatecloud.model.layout import private_of
from fatecloud.model.node import Node
from fatecloud.model.observed import Observed
from fatecloud.model.places import RENDERED
from fatecloud.model.plan import Plan
from fatecloud.plan.data import NO_WISH, DataWish
from fatecloud.plan.files import texts_needed
from fatecloud.plan.make import make_plan
from fatecloud.timing import phase
from fatecloud.transport.parallel import all_of, on_all
from fatecloud.workflow.edits import with_edits
from fatecloud.workflow.needed_secrets import values_on_nodes
from fatecloud.workflow.observe import manifests
from fatecloud.workflow.session import Session

_READ = "for d; do printf '%s\\n' \"$d\"; base64 -w0 <\"$d\" 2>/dev/null; printf '\\n'; done"

_DIGEST = re.compile("[0-9a-f]{64}")
"""What a node's manifest must give as a digest before it is a part of a path."""

_DEADLINE = 60.0
"""Seconds for all nodes together."""


def plan_from(session: Session, observed: Observed, nodes: Collection[str] = (), wish: DataWish = NO_WISH) -> Plan:
    """Compare with what was observed, with diffs against the texts that are on the nodes.

    Args:
        nodes: names of the nodes that the plan is for; empty for all.
        wish: what the operator decided about the data of services.

    Raises:
        RunError: nodes gave no facts, or do not answer any more.
        SecretsError: a file needs a secret that has no value.
    """
    with phase("compared"):
        texts = _old_texts(session, observed)
        values = values_on_nodes(session.desired, session.vault.secrets)
        plan = make_plan(session.desired, observed, values, texts, nodes=nodes, wish=wish)
        return with_edits(session, observed, plan)


def _old_texts(session: Session, observed: Observed) -> dict[str, str]:
    """The texts of the last deploy, without secrets, as far as a diff needs them; all nodes at the same time.

    Raises:
        TransportError: a node that has just answered does not answer any more.
        RunError: several do not.
    """
    paths: dict[str, list[str]] = {}
    found: set[str] = set()
    for name, record in manifests(observed).items():
        named = texts_needed(session.desired.files.get(name, ()), record.get("files", {}))
        needed = {digest for digest in named if _DIGEST.fullmatch(str(digest))} - found
        found |= needed
        paths[name] = [f"{private_of(session.cluster.nodes[name])}/{RENDERED}/{digest}" for digest in sorted(needed)]
    asked = [session.cluster.nodes[name] for name, wanted in paths.items() if wanted]
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
