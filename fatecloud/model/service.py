"""What a service is made of: files, a process, ports, edges, probes, logs and objects. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fatecloud.model.endpoint import Endpoint
from fatecloud.model.programs import SEARCH_PATH


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A file that a component wants, before rendering."""

    path: str
    """Absolute path on the node."""
    template: str
    """Template below `templates/`, for example `flow/service_conf.yaml.j2`."""
    values: Mapping[str, Any]
    mode: int = 0o640
    owner: Literal["service", "root"] = "root"
    """`root` stands for the login where we have no root. The service's group may read what `mode` lets it; `service` is
    only for software that insists on owning a file."""
    restarts: bool = True
    """Whether the service reads it only at its start, so that a change needs a restart."""
    kept: bool = False
    """Whether the node keeps what it said before a run changed it, for `route undo`. No secret can be in it."""


@dataclass(frozen=True, slots=True)
class PortUse:
    """A TCP port that a service listens on."""

    name: str
    number: int
    bind: str
    peers: bool = False
    """Whether other parties connect to it."""
    strict: bool = True
    """Whether its software can be held to `bind` on every node."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a service shows people in a browser, over HTTP."""

    port: str
    """Name of the service's port."""
    account: str = ""
    """With which people log in; empty where it has no login."""
    secret: str = ""
    """Full name of the secret with its password; likewise."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A directed dependency, from a service to another one or to an endpoint outside."""

    source: str
    """Key of the service where it starts."""
    target: str
    """Key of a service, or `peer:10000`, or `external:mysql`."""
    kind: str
    """`database`, `broker`, `proxy`, `upstream`, ..."""
    endpoint: Endpoint
    hard: bool = True
    """Whether the source cannot do its work without the target; hard edges order starts."""
    direct: bool = True
    """Whether the source itself connects to the endpoint. If not, its own proxy does, over an edge of that service."""
    through: str = ""
    """Key of the exchange at the endpoint, which passes on what is for the target; empty without one."""
    probe: str = field(kw_only=True)
    """Name of the source's probe that asks a question over this edge, in the protocol that the edge carries."""

    @property
    def external(self) -> bool:
        """Whether it leads to a service that others run, which has a question of its own."""
        return self.target.startswith("external:")


@dataclass(frozen=True, slots=True)
class Process:
    """How a service is run, whatever supervises it."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: str = "/"
    stop_signal: str = "TERM"
    stop_timeout: int = 60
    """Seconds."""
    nproc: int = 65535
    pre: tuple[tuple[str, ...], ...] = ()
    """Commands run before the start, each an argv, as the service user."""
    console: str = ""
    """Absolute path of the file that takes stdout and stderr, bounded by the supervisor or by a size-limited log."""
    networks: tuple[str, ...] = ()
    """Networks that its packets may come from and go to, as CIDR, where systemd runs it; empty: all."""
    twin: str = ""
    """Regular expression that the command line of a second copy has, wherever that was installed: one that would do
    this service's work, or answer in its name. Of JVMs only; empty where no copy can run beside it unnoticed."""

    def environment_in(self, home: str) -> dict[str, str]:
        """The whole environment that the process gets, sorted by name.

        Args:
            home: the service's own directory.
        """
        # A service inherits nothing: neither the login's proxy variables nor its locale.
        plain = {
            "PATH": SEARCH_PATH,
            "HOME": home,
            "LANG": "C.UTF-8",
        }
        return dict(sorted({**plain, **self.environment}.items()))


@dataclass(frozen=True, slots=True)
class NodeProbe:
    """A question asked on the node, in the service's own protocol, by an exec that the collector starts."""

    name: str
    """`flow.api`, unique within the service."""
    argv: tuple[str, ...]
    stdin: str = ""
    """Script text; free of secrets: it reads them from the service's own configuration on the node."""
    timeout: float = 10.0
    """Seconds."""
    user: Literal["service", "root"] = "service"
    libraries: bool = False
    """Whether a Python script needs the interpreter in `argv` for its libraries, or may be asked in any."""
    early: bool = False
    """Whether preflight asks it too, before anything is installed: it needs neither the service nor its files. Where it
    asks over edges to parties, its document has `peers`, see `probing/dialing.py`."""
    carries: int = 0
    """Bytes in one piece that it sends over each of its edges, or gets back where the other end asks as well: a route
    that loses large packets looks open to short questions."""
    account: str = ""
    """That argument of it which is the path of a file of the service with a login. Preflight, which asks before there
    is one, passes the text that the file will have in its place; nothing of it is in the argv of a process."""


@dataclass(frozen=True, slots=True)
class Drain:
    """How an instance leaves its work to the others of its owner before it is stopped, and takes part again later.

    All questions are asked on its node, as its user: `ok`, or `error`.
    """

    leave: NodeProbe
    """Asked once, right before it is stopped or restarted. That it fails holds up nothing: it may hang or be broken."""
    join: NodeProbe
    """Asked after it has answered its readiness probe, until the answer is good; only then is the next one stopped."""
    left: NodeProbe
    """Asked by checks: `left` are the names of what it left to others and has not taken back."""
    deadline: int
    """Seconds for `join`."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log that a service writes."""

    path: str
    """Absolute; may end in a glob."""
    levels: bool = False
    """Whether its lines carry a level in brackets, as FATE's do."""


@dataclass(frozen=True, slots=True)
class Objects:
    """Things inside a service that fatecloud owns (databases, users, rights), applied by a script on the node."""

    script: str
    """Absolute path of a rendered file that is run as the service user after the service answers; idempotent."""
    digest_of: tuple[str, ...]
    """Files whose content decides whether the objects must be applied again."""
    applied: str
    """Absolute path of the record that the script's success leaves: the digests of `digest_of`."""
    names: tuple[str, ...] = ()
    """What it makes for other services, for people: `database fate_flow`. What leaves this list is never dropped."""
    listed_by: str = ""
    """The service's probe whose answer has `held`: names, in the same form, of all such things that are there."""

    def record(self, digests: Mapping[str, str]) -> str:
        """The text of the record, from the sha256 of each of the files. Raises KeyError for one that has none."""
        return "".join(f"{digests[path]}  {path}\n" for path in self.digest_of)

    def within(self, data: str) -> str:
        """The record, where it lies in the data directory and so shows that data have been made; else empty."""
        return self.applied if self.applied.startswith(f"{data}/") else ""
