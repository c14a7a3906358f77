"""The descriptor of a component: what its package declares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from fatecloud.model.cluster import Peer
from fatecloud.model.context import Context
from fatecloud.model.contribution import Contribution
from fatecloud.model.identity import kind_of
from fatecloud.model.machine import Share
from fatecloud.model.node import Node
from fatecloud.model.owner import External, Owner
from fatecloud.model.proof import ProofKind
from fatecloud.model.protections import UnitException
from fatecloud.model.runtime import Runtime
from fatecloud.model.service import FileSpec, NodeProbe
from fatecloud.model.wanted import Examination, Wanted
from fatecloud.model.workers import Workers


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """One configuration key that an operator may set, dotted below the component: `computing.cores`."""

    name: str
    type: Literal["int", "str", "bool", "size", "endpoint", "host", "networks", "name", "path", "file", "number"]
    """`path` is a directory of our own; `file` is one that the operator put on the node."""
    default: Any
    """None means derived; the component says how in `doc`."""
    doc: str
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    share: Share | None = None
    """What a default of None stands for, if that is a part of the node's memory: `Context.config` has the bytes."""


ANYONE = "*"
"""Among a port's clients: every service of its owner, and of the groups that this one uses."""
NEEDERS = "+"
"""Among a port's clients: every service that needs something inside this one, see `Component.requires`."""


@dataclass(frozen=True, slots=True)
class PortSpec:
    """A port that the component listens on; the operator may set it as `ports.<name>` in its config."""

    name: str
    default: int
    doc: str
    public: str = ""
    """Kind of public endpoint that peers use to reach it (`proxy`, `broker`); empty when they do not."""
    loopback: bool = False
    """Whether it listens on 127.0.0.1 only."""
    clients: tuple[str, ...] = ()
    """Components of its owner, or of those who take it from there, that connect to it: without one on another node, it
    listens on 127.0.0.1."""
    guarded: bool = False
    """Whether it refuses all addresses but those of its clients' nodes, which must then be known."""
    filtered: bool = False
    """Whether a packet filter lets in its callers alone, where they are known and its unit lets in others as well: for
    software that listens on all addresses, believes everyone who reaches it, or takes passwords as they are. Not while
    peers use it."""
    used: bool = True
    """Whether anything connects to it today. No firewall has to be opened for a port that only might be used later."""
    needs: str = ""
    """The key of its component's configuration without which it is not opened. Where it is, peers use it in the place
    of the ports before it with the same `public`."""


@dataclass(frozen=True, slots=True)
class SecretSpec:
    """A secret that a service uses, generated unless supplied. Its full name is `<owner>.<name>`."""

    name: str
    """`flow.admin`."""
    doc: str
    length: int = 32


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Settings of a component that do not fit each other or its node."""

    key: str
    """The setting that is at fault, dotted: `jobs.cores`."""
    what: str
    """What does not fit, for people."""
    expected: str


def fits(config: Mapping[str, Any], node: Node, architecture: str | None) -> tuple[Contradiction, ...]:
    """Every setting fits; a component for which that is not so has a function of its own in `judge`."""
    del config, node, architecture
    return ()


def fit_together(
    parties: Mapping[str, Owner], peers: Mapping[str, Peer], groups: Mapping[str, Owner]
) -> Iterable[tuple[str, Contradiction]]:
    """Settings of several parties fit each other; see `fits`."""
    del parties, peers, groups
    return ()


def nothing(ctx: Context) -> tuple[Contribution, ...]:
    """A service of the component needs nothing inside another one."""
    del ctx
    return ()


def none_spare(instances: int) -> int:
    """Each instance is needed."""
    del instances
    return 0


def no_secrets(ctx: Context) -> tuple[SecretSpec, ...]:
    """A service of the component uses no secret."""
    del ctx
    return ()


def always(*specs: SecretSpec) -> Callable[[Context], tuple[SecretSpec, ...]]:
    """The same secrets for each service of a component, however it is configured."""
    return lambda _context: specs


@dataclass(frozen=True, slots=True)
class ExternalUse:
    """How a component is replaced by a service that others run."""

    keys: tuple[ConfigKey, ...]
    """What an inventory may say of it besides host, port, user and password; `External.extra` has them."""
    examine: Callable[[Context, External, tuple[Contribution, ...]], Examination]
    """What asks it from the node of a service that needs something there, with the service's own login. Pure."""


@dataclass(frozen=True, slots=True)
class Component:
    """A kind of software, or one generation of it. See `components/registry.py` for where they are."""

    name: str
    summary: str
    architectures: tuple[str, ...]
    """Where it belongs to the default placement."""
    config: tuple[ConfigKey, ...]
    ports: tuple[PortSpec, ...]
    want: Callable[[Context], Wanted]
    secrets: Callable[[Context], tuple[SecretSpec, ...]] = no_secrets
    """The secrets that a service of it uses, with the configuration that it has. Pure."""
    judge: Callable[[Mapping[str, Any], Node, str | None], tuple[Contradiction, ...]] = fits
    """What is wrong with its settings on a node, in an architecture; asked when an inventory is read."""
    judge_parties: Callable[
        [Mapping[str, Owner], Mapping[str, Peer], Mapping[str, Owner]], Iterable[tuple[str, Contradiction]]
    ] = fit_together
    """What is wrong with its settings in several parties, and at which party; with the peers and the groups."""
    runtime: Runtime = None
    """What its processes run in."""
    requires: Callable[[Context], tuple[Contribution, ...]] = nothing
    """What a service of it needs inside others. Pure, and asked of all services before any is asked what it wants."""
    gives: tuple[type[Contribution], ...] = ()
    """Kinds of contributions that a service of it makes for others."""
    statements: Callable[[str, str, tuple[Contribution, ...]], FileSpec] | None = None
    """A file (path, heading, contributions to one service) with what makes these there, for the operator of an
    external one."""
    removal: Callable[[str, str, tuple[str, ...]], FileSpec] | None = None
    """A file (home and user of a service, some of its `Objects.names`) with what drops these there, for its operator.
    Names come from a node: one of another form than ours is left out."""
    packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    masks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needs_root: bool = False
    """Whether its installation needs root (distribution packages)."""
    peer_kind: str = ""
    """Kind of endpoint that a peer must give when this component is part of the architecture."""
    rolls: bool = False
    """Whether instances of one owner that run are restarted one after the other, each only when the one before answers
    its readiness probe. That probe then says whether the instance does its part again: a member of an ensemble, that it
    has joined a quorum."""
    many: bool = False
    """Whether an owner may have it on several nodes."""
    spare: Callable[[int], int] = none_spare
    """How many of an owner's instances may be away while the others do the work of all, of so many that there are. That
    one is away is then a warning, as long as enough others answer their readiness probe."""
    groups: bool = False
    """Whether a group may have it."""
    lent: bool = True
    """Whether others may take a group's in place of one of their own."""
    soft: bool = False
    """Whether who takes a group's works without it, too: where it stops, no job of theirs is interrupted."""
    external: ExternalUse | None = None
    """How services use one that others run in its place; None where there is no such thing."""
    workers: Workers | None = None
    """The processes that it starts for the jobs of others, which `status` shows apart from it."""
    job_question: NodeProbe | None = None
    """Lists the jobs that a service of it runs, where it runs jobs: prints an object with `ok`, and `jobs` or `error`.
    `{host}` and `{port}` in its argv stand for where the service's fact `job_api` says that it listens, `{settings}`
    for its fact `job_settings`: the file on its node with which a question is signed."""
    job_api: str = ""
    """Where its `model.jobs.JobApiAt` is, `package.module:name`, if it runs jobs. It is imported when a verb asks."""
    session_api: str = ""
    """Where its `model.computing.SessionApiAt` is, likewise, if its workers belong to sessions."""
    model_api: str = ""
    """Where its `model.serving_api.ModelApiAt` is, likewise, if it answers requests with models."""
    publisher: str = ""
    """Where its `model.publication.PublisherAt` is, likewise, if its jobs make models that servers can load."""
    publishes_not: str = ""
    """Why there is none, as a sentence, where it runs jobs."""
    models_from: str = ""
    """Where its `model.trained.ModelSourceAt` is, likewise, if it holds trained models."""
    models_into: str = ""
    """Where its `model.trained.ModelTargetAt` is, likewise, if it takes those of others."""
    job_cores: str = ""
    """The key of its configuration that says how many cores all jobs of a service together may have; its fact `cores`
    has the number. Empty where it runs no jobs."""
    proofs: tuple[ProofKind, ...] = ()
    """Its smoke tests; a deploy ends with the first."""
    keeps: str = ""
    """What it keeps in its data directory and cannot do without, for people; empty when it starts as well without."""
    signs: tuple[str, ...] = ()
    """Paths below the data directory, globs allowed, of which data that it has made hold at least one.

    A deploy makes empty directories: they do not count as data."""
    unit_exceptions: tuple[UnitException, ...] = ()
    """What its unit does not deny, although every other one does."""
    generation: str = ""
    """The package of this generation, `v2`; empty where there is only one. The registry fills it in."""

    def opened(self, settings: Mapping[str, Any]) -> tuple[PortSpec, ...]:
        """The ports that an instance with these settings opens. Of those with one `public`, the last one has it."""
        there = [port for port in self.ports if not port.needs or settings.get(port.needs)]
        last = {port.public: port.name for port in there}
        return tuple(port if last[port.public] == port.name else replace(port, public="") for port in there)

    @property
    def kind(self) -> str:
        """`mysql`, or `flow/v2` where there are generations."""
        return kind_of(self.name, self.generation)
