"""TLS between the routers of parties: its settings, what is wrong with them, and whom a router then believes.

Each side shows a certificate, as a server and as a client.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.model.component import ConfigKey, Contradiction
from fatecloud.model.context import Context
from fatecloud.model.node import Node
from fatecloud.model.owner import Owner
from fatecloud.model.routes import Tls

CERTIFICATE, KEY, CA = NAMES = ("tls.certificate", "tls.key", "tls.ca")


def keys(router: str, public: str, ca: str) -> tuple[ConfigKey, ...]:
    """The settings, each a file that the operator puts on the router's node.

    Args:
        router: its name, in the middle of a sentence.
        public: the name of its public endpoint.
        ca: what the CAs are for.
    """
    return (
        ConfigKey(
            CERTIFICATE,
            "file",
            None,
            "Its certificate in PEM, with those of CAs between it and the root, for servers and for clients. It names "
            f"the host of `public.{public}`. Derived: none, and {router} speaks plaintext with other parties.",
        ),
        ConfigKey(KEY, "file", None, "The key to it in PEM, as PKCS#8 without a password. Derived: none."),
        ConfigKey(CA, "file", None, f"{ca} Derived: none."),
    )


def tls_of(ctx: Context) -> Tls | None:
    """What a router proves itself with to all other parties; None for plaintext, as in a generation without TLS."""
    if not ctx.config.get(KEY):
        return None
    return Tls(ca=str(ctx.config[CA]), certificate=str(ctx.config[CERTIFICATE]), key=str(ctx.config[KEY]))


def judge(config: Mapping[str, Any], node: Node, architecture: str | None) -> tuple[Contradiction, ...]:
    """Certificate, key and CA come together: where one is missing, a router sends plaintext and says nothing."""
    del node, architecture
    missing = [name for name in NAMES if not config[name]]
    if not missing or len(missing) == len(NAMES):
        return ()
    there = next(name for name in NAMES if name not in missing)
    return (Contradiction(there, f"{' and '.join(missing)} are missing beside it", "all three of them, or none"),)


def judge_alike(owners: Mapping[str, Owner], router: str) -> Iterator[tuple[str, Contradiction]]:
    """All owners have TLS or none: who has it sends no plaintext to any other, and takes none.

    Args:
        owners: by their ids.
        router: a component; owners without it do not count.
    """
    placed = {name: owner for name, owner in owners.items() if owner.instances(router)}
    having = sorted(name for name, owner in placed.items() if _has(owner, router))
    for name in sorted(set(placed) - set(having)) if having else ():
        what = f"{router} of {placed[name].title} has no TLS, and that of {placed[having[0]].title} speaks TLS alone"
        yield name, Contradiction("tls", what, "certificate, key and ca below `tls` of each of them, or of none")


def _has(owner: Owner, router: str) -> bool:
    return any(owner.settings(router, placed.node).get(KEY) for placed in owner.instances(router))
