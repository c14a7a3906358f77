"""What should be: services with their files, units, ports, edges and objects. Pure data, for plan and check alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fatecloud.model.cluster import Cluster
from fatecloud.model.contribution import Given
from fatecloud.model.filter import Filter
from fatecloud.model.identity import ServiceId, kind_of
from fatecloud.model.java import Java, Jdk
from fatecloud.model.layout import thin_marker_of, tree_marker_of
from fatecloud.model.migration import Migration
from fatecloud.model.needs import Needs
from fatecloud.model.node import Node
from fatecloud.model.python import PythonRequirement, PythonSet
from fatecloud.model.release import Release
from fatecloud.model.residues import Residue
from fatecloud.model.routes import RouteTable
from fatecloud.model.runtime import JavaRange, Runtime, python_set_of
from fatecloud.model.service import Drain, Edge, FileSpec, LogFile, NodeProbe, Objects, Page, PortUse, Process
from fatecloud.model.trees import PlacedTree, Tree
from fatecloud.model.workers import Workers


@dataclass(frozen=True, slots=True)
class DesiredFile:
    """A rendered file: text with secret placeholders."""

    path: str
    text: str
    mode: int
    owner: Literal["service", "root"]
    service: str
    """Key of the service that it belongs to; `node` for what serves the whole node."""
    restarts: bool
    digest: str
    """sha256 of `text`, so free of secrets."""
    kept: bool = False
    """See `FileSpec`."""

    @property
    def secret(self) -> bool:
        """Whether the file holds a secret on the node."""
        return "@@fatecloud:" in self.text


@dataclass(frozen=True, slots=True)
class DesiredService:
    """One service as it should be."""

    id: ServiceId
    version: str
    home: str
    """Absolute directory of its own: `conf/ bin/ run/` below it."""
    user: str
    """Account that it runs as."""
    group: str
    """Primary group of that account."""
    ports: tuple[PortUse, ...]
    edges: tuple[Edge, ...]
    process: Process
    places: Mapping[str, int]
    """Absolute path -> mode of the directories that are ours, and that the service's group may enter."""
    directories: Mapping[str, int]
    """Absolute path -> mode of those that the service user owns, the only ones that it can write to."""
    specs: tuple[FileSpec, ...]
    probes: tuple[NodeProbe, ...]
    logs: tuple[LogFile, ...]
    readiness: str
    """Name of the probe that must answer after a start."""
    readiness_deadline: int
    """Seconds."""
    runtime: Runtime
    """What it runs in."""
    packages: Mapping[str, tuple[str, ...]]
    """Distribution packages by os family (`debian`, `redhat`, ...)."""
    masks: Mapping[str, tuple[str, ...]]
    """The distribution's own units that must not start, by os family, where we install the packages."""
    objects: Objects | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the component's checks need to know, typed values only."""
    data: str = ""
    """Absolute path of the directory where it keeps its data."""
    drain: Drain | None = None
    """How it leaves its work to other instances while it is away."""
    rolls: bool = False
    """Whether it is restarted only while the other instances of its owner's component are ready."""
    spare: int = 0
    """How many instances of its owner's component may be away while the others do the work of all."""
    secrets: tuple[str, ...] = ()
    """Full names of the secrets that it uses, sorted."""
    signs: tuple[str, ...] = ()
    """Paths below `data`, globs allowed, of which data that it has made hold at least one; empty when it keeps none."""
    migrations: tuple[Migration, ...] = ()
    """What has to be changed, once, before this version runs on what an older one kept."""
    protections: Mapping[str, str] = field(default_factory=dict)
    """Directive -> value of what its unit denies it; empty where systemd does not run it."""
    needs: Needs = field(default_factory=Needs)
    javas: JavaRange | None = None
    """The JVMs that it could run in; None where it needs none."""
    java: Java | None = None
    """The JVM that it runs in; None where it needs none, or none was found."""
    trees: tuple[PlacedTree, ...] = ()
    """What it sees of its release's trees."""
    residues: tuple[Residue, ...] = ()
    """What it leaves behind, and for how long."""
    routes: tuple[RouteTable, ...] = ()
    """The tables by which it passes on what parties send each other."""
    takes: Mapping[str, str] = field(default_factory=dict)
    """Name of a port -> role of the packets that end there."""
    page: Page | None = None
    """What people open in a browser."""
    workers: Workers | None = None
    """The processes that it starts for the jobs of others."""
    filter: Filter | None = None
    """At which of its ports nftables lets in its callers alone."""
    generation: str = ""
    """Of its component, which its version chose; empty where that has only one."""

    undeployed: frozenset[str] = frozenset()
    """Names of its parts that differ from what was deployed, see `checks.pending`; only a check fills it in."""

    @property
    def kind(self) -> str:
        """Its component and the generation of it: `mysql`, `flow/v2`."""
        return kind_of(self.id.component, self.generation)

    @property
    def markers(self) -> tuple[str, ...]:
        """Files that say from what its environment and its views of trees were made."""
        thin = (thin_marker_of(self.home),) if self.python else ()
        return thin + tuple(tree_marker_of(tree.path) for tree in self.trees)

    def filtered(self, port: PortUse) -> bool:
        """Whether a packet filter keeps all others than its callers from a port."""
        return self.filter is not None and any(one.port == port.number for one in self.filter.openings)

    @property
    def python(self) -> str:
        """Name of the Python set that its processes run in; empty where none does."""
        return python_set_of(self.runtime)


@dataclass(frozen=True, slots=True)
class Desired:
    """A whole cluster as it should be."""

    cluster: Cluster
    releases: Mapping[str, Release]
    """Of each owner, by its id."""
    services: Mapping[str, DesiredService]
    """By key."""
    files: Mapping[str, tuple[DesiredFile, ...]]
    """By node name."""
    stages: tuple[tuple[str, ...], ...]
    """Service keys in start order: each stage depends only on earlier ones."""
    pythons: Mapping[tuple[str, str], PythonSet] = field(default_factory=dict)
    """Name of a release and of its Python set -> interpreter and wheels, of those that a service needs and that the
    store holds."""
    supervisor: Tree | None = None
    """Supervisor's code, for nodes where it runs the services."""
    jdks: tuple[Jdk, ...] = ()
    """The imported JVMs that the store holds."""
    node_specs: Mapping[str, tuple[FileSpec, ...]] = field(default_factory=dict)
    """Node name -> files that serve the whole node, before rendering."""
    given: tuple[Given, ...] = ()
    """What services need inside others, and who gives it."""

    def node(self, name: str) -> Node:
        """Return the node of that name. Raises KeyError."""
        return self.cluster.nodes[name]

    def release_of(self, service: ServiceId) -> Release:
        """The release that a service is of."""
        return self.releases[service.owner]

    def requirement_of(self, service: DesiredService) -> PythonRequirement | None:
        """What the Python set of a service needs; None where it runs in none."""
        return self.release_of(service.id).pythons[service.python] if service.python else None

    def python_of(self, service: DesiredService) -> PythonSet | None:
        """The Python set that a service runs in; None where it runs in none, or the store does not hold it."""
        return self.pythons.get((self.release_of(service.id).name, service.python))

    def on_node(self, name: str) -> tuple[DesiredService, ...]:
        """All services on a node, in key order."""
        return tuple(s for _, s in sorted(self.services.items()) if s.id.node == name)
