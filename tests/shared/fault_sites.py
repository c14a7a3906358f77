"""The clusters on which the rows of `faults.yml` are made, by their architectures: two parties or groups in each."""

from __future__ import annotations

from dataclasses import dataclass

from fatecloud.components.registry import all_components

A, B, WORKER, SECOND_WORKER = "n1", "n2", "n3", "n4"


@dataclass(frozen=True)
class FaultSite:
    """One cluster, as rows name what is on it."""

    nodes: dict[str, str]
    """Nodes and their parties."""
    components: tuple[str, ...]
    """Those of each party."""
    further: tuple[str, ...] = ()
    """Keys of services beside these."""
    workers: tuple[str, ...] = ()
    """Nodes with `further` alone."""
    releases: tuple[str, ...] = ()
    """Those on which its rows are made, where there are several."""
    root_seconds: float = 45.0
    """How long a fault may take to be the root, alone, where its row says nothing else."""
    cleared_seconds: float = 90.0
    """How long it may take until nothing is found after a repair."""

    @property
    def services(self) -> frozenset[str]:
        """Keys of all of them."""
        of_parties = {
            f"{party}/{name}@{node}"
            for node, party in self.nodes.items()
            if node not in self.workers
            for name in self.components
        }
        return frozenset(of_parties.union(self.further))


def _with(architecture: str) -> tuple[str, ...]:
    return tuple(c.name for c in all_components().values() if architecture in c.architectures)


SITES = {
    "rabbitmq": FaultSite({A: "9999", B: "10000"}, _with("rabbitmq")),
    "eggroll": FaultSite(
        {A: "9999", B: "10000", WORKER: "9999"},
        _with("eggroll"),
        # FATEBoard only beside upstream's EggRoll and OSX.
        (f"9999/nodemanager@{WORKER}", f"9999/board@{A}"),
        (WORKER,),
        # Its managers notice each other by heartbeats, and end sessions for up to two minutes and a half.
        root_seconds=90.0,
        cleared_seconds=240.0,
    ),
    "rollsite": FaultSite(
        {A: "9999", B: "10000", WORKER: "9999", SECOND_WORKER: "10000"},
        ("clustermanager", "flow", "mysql", "nodemanager", "rollsite"),
        # FATEBoard only beside upstream's software.
        (f"9999/nodemanager@{WORKER}", f"10000/nodemanager@{SECOND_WORKER}", f"9999/board@{A}"),
        (WORKER, SECOND_WORKER),
        ("fate-1.11.4", "fate-1.4.5"),
        # A rollsite holds on to a connection that failed for up to two minutes.
        root_seconds=90.0,
        cleared_seconds=300.0,
    ),
    "serving": FaultSite(
        {A: "guest", B: "host", WORKER: "guest"},
        ("redis", "serving-admin", "serving-proxy", "serving-server", "zookeeper"),
        (f"guest/serving-server@{WORKER}",),
        (WORKER,),
        # A session with ZooKeeper lasts 40 s, and a proxy holds on to a connection that failed for up to two minutes.
        root_seconds=120.0,
        cleared_seconds=300.0,
    ),
}
