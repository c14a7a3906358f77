"""What a component may ask for when it is asked what a service of it wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from fatecloud.model.cluster import Cluster
from fatecloud.model.contribution import AnyContribution
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.identity import ServiceId
from fatecloud.model.java import Java
from fatecloud.model.node import Node
from fatecloud.model.owner import External, Owner
from fatecloud.model.release import Release


class Context(Protocol):
    """What resolve passes to a component to work out what it wants: pure look-ups, no I/O."""

    @property
    def cluster(self) -> Cluster:
        """The whole inventory."""

    @property
    def release(self) -> Release:
        """The release of its owner."""

    @property
    def owner(self) -> Owner:
        """The owner that the service belongs to."""

    @property
    def node(self) -> Node:
        """The node that it runs on."""

    @property
    def id(self) -> ServiceId:
        """The service itself."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The component's configuration, flat dotted keys, defaults filled in."""

    def written(self, key: str) -> str:
        """Where a key of the configuration is set: `inventory.yml:12:3`, `release fate-2.2.0`; empty for a default."""

    @property
    def home(self) -> str:
        """The service's own directory."""

    @property
    def user(self) -> str:
        """The account that it runs as."""

    @property
    def group(self) -> str:
        """Primary group of that account."""

    @property
    def data(self) -> str:
        """Where it keeps its data."""

    @property
    def logs(self) -> str:
        """Where it writes its logs."""

    @property
    def console(self) -> str:
        """The file that takes its stdout and stderr where supervisor runs it."""

    @property
    def python(self) -> str:
        """Absolute path of the interpreter of its thin environment; empty where it has none."""

    @property
    def site_packages(self) -> str:
        """Absolute path of that environment's site-packages; empty where it has none."""

    def tree(self, name: str) -> str:
        """Absolute directory in which the service sees a tree of its release; it has to be in `Wanted.trees`."""

    @property
    def java(self) -> Java:
        """The JVM that it runs in, for a component that does; a stand-in while nothing is known of the node."""

    def port(self, name: str) -> int:
        """The number of an own port."""

    def services(self, component: str) -> tuple[ServiceId, ...]:
        """The services of a component that its owner uses: own ones or those of a group, managed ones only."""

    def listen(self, name: str) -> Endpoint:
        """The address and number that an own port listens on."""

    def own(self, name: str) -> Endpoint:
        """Where an own port is reached from the same node."""

    def away(self, name: str) -> Endpoint:
        """Where an own port is reached from other nodes."""

    def reached(self, service: ServiceId, port: str) -> Endpoint:
        """Where one of `services` is reached from this node."""

    def endpoints(self, component: str, port: str) -> tuple[Endpoint, ...]:
        """Where the services of a component that its owner uses are reached from here; an external one counts too."""

    def external(self, component: str) -> External | None:
        """The external service that replaces the component, or None."""

    def peer_endpoint(self, party: str, kind: str) -> Endpoint:
        """Where another party (managed here or not) is reached: its public endpoint."""

    def others(self) -> tuple[str, ...]:
        """Ids of all other parties that this one can talk to, managed ones and peers, sorted."""

    def secret(self, name: str, of: str = "") -> str:
        """The full name of a secret: `9999.flow.admin`.

        Args:
            name: without its owner.
            of: the component that it comes with, where that may be another owner's.
        """

    def contributions(self, kind: type[AnyContribution]) -> tuple[AnyContribution, ...]:
        """What this service has to give to others, of one kind, by name; none while `requires` is asked."""
