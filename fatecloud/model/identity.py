"""Every name that is derived from a service is derived here, once."""

from __future__ import annotations

from dataclasses import dataclass


def kind_of(component: str, generation: str) -> str:
    """`mysql`, or `flow/v2` for a component with generations."""
    return f"{component}/{generation}" if generation else component


@dataclass(frozen=True, slots=True, order=True)
class ServiceId:
    """One component on one node for one owner, a party."""

    cluster: str
    """Label of the cluster: its name and the first digits of its id, `demo-c3f9a2`."""
    owner: str
    component: str
    node: str

    @property
    def key(self) -> str:
        """Short name for people and for maps, unique in a cluster: `9999/flow@a1`."""
        return f"{self.owner}/{self.component}@{self.node}"

    @property
    def slug(self) -> str:
        """Name for files and directories, unique on a node: `demo-c3f9a2-9999-flow`."""
        return f"{self.cluster}-{self.owner}-{self.component}"

    @property
    def unit(self) -> str:
        """Name of the systemd unit: `fatecloud-demo-c3f9a2-9999-flow.service`."""
        return f"fatecloud-{self.slug}.service"

    @property
    def stamp(self) -> str:
        """The mark on everything that we create for this service."""
        return f"fatecloud cluster={self.cluster} owner={self.owner} service={self.component}"

    @classmethod
    def parse(cls, cluster: str, key: str) -> ServiceId:
        """Read what `key` returned. Raises ValueError on anything else."""
        owner, _, rest = key.partition("/")
        component, sep, node = rest.partition("@")
        if not (owner and component and sep and node):
            raise ValueError(f"not a service key: {key!r}")
        return cls(cluster, owner, component, node)


def in_order(owner: str) -> tuple[bool, int, str]:
    """Sort key of an owner's id: parties by number, so that 9999 comes before 10000; then groups by name."""
    party = owner.isdigit()
    return not party, len(owner) if party else 0, owner
