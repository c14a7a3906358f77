"""TLS between the rollsites of parties: its settings, what is wrong with them, and whom a rollsite then believes.

Each side shows a certificate. EggRoll 2.5.3 then has a second port, for TLS alone, beside the plaintext one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fatecloud.model.cluster import Peer
from fatecloud.model.component import ConfigKey, Contradiction, PortSpec
from fatecloud.model.context import Context
from fatecloud.model.node import Node
from fatecloud.model.owner import Owner
from fatecloud.model.routes import Tls

CERTIFICATE, KEY, CA = NAMES = ("tls.certificate", "tls.key", "tls.ca")
PORT = "secure"
KEYS = (
    ConfigKey(
        CERTIFICATE,
        "file",
        None,
        "Its certificate in PEM, with those of CAs between it and the root, for servers and for clients. It names the "
        "host of `public.proxy`. Derived: none, and rollsite speaks plaintext with other parties.",
    ),
    ConfigKey(KEY, "file", None, "The key to it in PEM, as PKCS#8 without a password. Derived: none."),
    ConfigKey(CA, "file", None, "Certificates in PEM of the CAs that may sign those of other parties. Derived: none."),
)
SECURE = PortSpec(
    PORT,
    9371,
    "Commands and data of other parties, over TLS; the software listens on all addresses",
    public="proxy",
    needs=KEY,
)


def tls_of(ctx: Context) -> Tls | None:
    """What a rollsite proves itself with to all other parties; None for plaintext, as in a generation without TLS."""
    if not ctx.config.get(KEY):
        return None
    return Tls(ca=str(ctx.config[CA]), certificate=str(ctx.config[CERTIFICATE]), key=str(ctx.config[KEY]))


def judge(config: Mapping[str, Any], node: Node, architecture: str | None) -> tuple[Contradiction, ...]:
    """Certificate, key and CA come together: without the last one rollsite sends plaintext and says nothing."""
    del node, architecture
    missing = [name for name in NAMES if not config[name]]
    if not missing or len(missing) == len(NAMES):
        return ()
    there = next(name for name in NAMES if name not in missing)
    return (Contradiction(there, f"{' and '.join(missing)} are missing beside it", "all three of them, or none"),)


def judge_parties(
    parties: Mapping[str, Owner], peers: Mapping[str, Peer], groups: Mapping[str, Owner]
) -> Iterable[tuple[str, Contradiction]]:
    """All parties have TLS or none: who has it sends no plaintext to any other, and takes none."""
    del peers, groups
    having = {party for party, owner in parties.items() if _has(owner)}
    placed = {party for party, owner in parties.items() if owner.instances("rollsite")}
    for party in sorted(placed - having if having else ()):
        what = f"rollsite of party {party} has no TLS, and that of party {min(having)} speaks TLS alone"
        yield (
            party,
            Contradiction("tls", what, "certificate, key and ca below `tls` of each party, or of none"),
        )


def _has(owner: Owner) -> bool:
    return any(owner.settings("rollsite", placed.node).get(KEY) for placed in owner.instances("rollsite"))
