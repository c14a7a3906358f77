"""TLS between the rollsites of parties: EggRoll 2.5.3 has a second port for it, beside the plaintext one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fatecloud.components.party_tls import KEY, judge_alike, keys
from fatecloud.model.cluster import Peer
from fatecloud.model.component import Contradiction, PortSpec
from fatecloud.model.owner import Owner

PORT = "secure"
KEYS = keys("rollsite", "proxy", "Certificates in PEM of the CAs that may sign those of other parties.")
SECURE = PortSpec(
    PORT,
    9371,
    "Commands and data of other parties, over TLS; the software listens on all addresses",
    public="proxy",
    needs=KEY,
)


def judge_parties(
    parties: Mapping[str, Owner], peers: Mapping[str, Peer], groups: Mapping[str, Owner]
) -> Iterable[tuple[str, Contradiction]]:
    """All parties have TLS or none."""
    del peers, groups
    return judge_alike(parties, "rollsite")
