"""The look-ups that a component may make while it works out what it wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.components.listening import listens_on, port_number, reached_at
from fatecloud.model.accounts import account_of
from fatecloud.model.cluster import Cluster
from fatecloud.model.component import Component, PortSpec
from fatecloud.model.contribution import AnyContribution, Given
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.identity import ServiceId
from fatecloud.model.java import Java
from fatecloud.model.layout import console_of, data_of, logs_of, python_of, site_packages_of, tree_of
from fatecloud.model.node import Node
from fatecloud.model.owner import External, Owner, giver_of
from fatecloud.model.release import Release
from fatecloud.model.runtime import JavaRange, JavaRuntime, python_set_of


@dataclass(frozen=True, slots=True)
class ResolveContext:
    """See `model.component.Context`."""

    cluster: Cluster
    releases: Mapping[str, Release]
    """Of each owner, by its id."""
    components: Mapping[str, Mapping[str, Component]]
    """Of each owner's release, by the owner's id."""
    id: ServiceId
    placed: tuple[ServiceId, ...]
    """Every managed service of the cluster."""
    chosen: Java | None = None
    """The JVM that was chosen for it."""
    given: tuple[Given, ...] = ()
    """What services need inside others; empty until all have been asked."""

    @property
    def release(self) -> Release:
        """The release of its owner."""
        return self.releases[self.id.owner]

    @property
    def owner(self) -> Owner:
        """Whose service it is."""
        return self.cluster.owners[self.id.owner]

    @property
    def node(self) -> Node:
        """The node that it runs on."""
        return self.cluster.nodes[self.id.node]

    @property
    def component(self) -> Component:
        """What it is, as its release has it."""
        return self.components[self.id.owner][self.id.component]

    @property
    def config(self) -> Mapping[str, Any]:
        """The component's configuration, flat dotted keys."""
        given = self.owner.settings(self.component.name, self.node.name)
        memory = self.node.machine.memory
        derived = {
            # A part of the node's memory, which is known only when the node was read: the inventory's defaults cannot
            # have it.
            key.name: key.share.of(memory)
            for key in self.component.config
            if key.share and given.get(key.name) is None
        }
        return {**given, **derived}

    def written(self, key: str) -> str:
        """Where a key of the configuration is set, by the operator or by the release."""
        own = f"{self.owner.path}.services.{self.component.name}.{self.node.name}.config.{key}"
        for path in (own, f"{self.owner.path}.config.{self.component.name}.{key}"):
            origin = self.cluster.origins.get(path)
            if origin and (origin.is_file or origin.source.startswith("release ")):
                return origin.source
        return ""

    @property
    def home(self) -> str:
        """The service's own directory."""
        return f"{self.node.paths.base}/{self.id.slug}"

    @property
    def user(self) -> str:
        """The account that the service runs as."""
        return account_of(self.node, self.id).user

    @property
    def group(self) -> str:
        """Primary group of that account."""
        return account_of(self.node, self.id).group

    @property
    def data(self) -> str:
        """Where the service keeps its data."""
        return data_of(self.node, self.id)

    @property
    def logs(self) -> str:
        """Where the service writes its logs."""
        return logs_of(self.node, self.id)

    @property
    def console(self) -> str:
        """The file that takes the service's stdout and stderr where supervisor runs it."""
        return console_of(self.node, self.id)

    @property
    def python(self) -> str:
        """Interpreter of the thin environment, or an empty string."""
        return python_of(self.home) if python_set_of(self.component.runtime) else ""

    @property
    def site_packages(self) -> str:
        """Site-packages of the thin environment, or an empty string."""
        name = python_set_of(self.component.runtime)
        return site_packages_of(self.home, self.release.pythons[name].minor) if name else ""

    def tree(self, name: str) -> str:
        """Where the service sees a tree of its release."""
        return tree_of(self.home, name)

    @property
    def java(self) -> Java:
        """The JVM that the service runs in."""
        # Before the node was read there is none, and only values that no decision rests on come from it.
        return self.chosen or Java("/usr", self.javas.maximum if self.javas else 0, "node")

    @property
    def javas(self) -> JavaRange | None:
        """The JVMs that the component runs in."""
        return self.release.java[self.component.name] if isinstance(self.component.runtime, JavaRuntime) else None

    def port(self, name: str) -> int:
        """The number of an own port."""
        return port_number(self.owner, self.component, _port_spec(self.component, name), self.node)

    def services(self, component: str) -> tuple[ServiceId, ...]:
        """The managed services of a component that this owner uses."""
        giver = self._giver(component).id
        return tuple(s for s in self.placed if s.owner == giver and s.component == component)

    def listen(self, name: str) -> Endpoint:
        """The address and number that an own port listens on."""
        spec = _port_spec(self.component, name)
        needers = self._needers(self.id)
        address = listens_on(self.cluster.owners, self.owner, self.component, spec, self.node, needers)
        return Endpoint(address, self.port(name))

    def own(self, name: str) -> Endpoint:
        """Where an own port is reached from the same node."""
        return self._reached(self.id, name, self.node.name)

    def away(self, name: str) -> Endpoint:
        """Where an own port is reached from other nodes."""
        return self._reached(self.id, name, "")

    def reached(self, service: ServiceId, port: str) -> Endpoint:
        """Where a service is reached from this node."""
        return self._reached(service, port, self.node.name)

    def endpoints(self, component: str, port: str) -> tuple[Endpoint, ...]:
        """Where the services of a component that this owner uses are reached from this node."""
        external = self.external(component)
        if external is not None:
            return (external.endpoint,)
        return tuple(self.reached(service, port) for service in self.services(component))

    def _reached(self, service: ServiceId, port: str, source: str) -> Endpoint:
        owners, owner, node = self.cluster.owners, self.cluster.owners[service.owner], self.cluster.nodes[service.node]
        component = self.components[service.owner][service.component]
        spec = _port_spec(component, port)
        return Endpoint(
            reached_at(owners, owner, component, spec, node, source, self._needers(service)),
            port_number(owner, component, spec, node),
        )

    def _needers(self, service: ServiceId) -> set[str]:
        """Names of the nodes with services that need something inside one."""
        needed_by = (one.contribution.service for one in self.given if one.giver == service.key)
        return {ServiceId.parse(self.cluster.label, key).node for key in needed_by}

    def _giver(self, component: str) -> Owner:
        return giver_of(self.cluster.owners, self.owner, component)

    def external(self, component: str) -> External | None:
        """The external service that replaces the component."""
        placed = self._giver(component).placement.get(component)
        return placed if isinstance(placed, External) else None

    def peer_endpoint(self, party: str, kind: str) -> Endpoint:
        """Where another party is reached."""
        managed = self.cluster.parties.get(party)
        return managed.public[kind] if managed else self.cluster.peers[party].endpoints[kind]

    def others(self) -> tuple[str, ...]:
        """See `Cluster.others`."""
        return self.cluster.others(self.owner.id)

    def secret(self, name: str, of: str = "") -> str:
        """The full name of a secret of this owner, or of the one whose component `of` it uses."""
        return f"{(self._giver(of) if of else self.owner).id}.{name}"

    def contributions(self, kind: type[AnyContribution]) -> tuple[AnyContribution, ...]:
        """What this service has to give, by name."""
        found = (one.contribution for one in self.given if one.giver == self.id.key)
        return tuple(sorted((one for one in found if isinstance(one, kind)), key=lambda one: one.name))


def _port_spec(component: Component, name: str) -> PortSpec:
    return next(spec for spec in component.ports if spec.name == name)
