"""Components and an inventory for tests of the loader, independent of what the real components say."""

from collections.abc import Mapping
from pathlib import Path

from fatecloud.inventory.loader import load
from fatecloud.model.cluster import Cluster
from fatecloud.model.component import Component, ConfigKey, ExternalUse, PortSpec, SecretSpec, always
from fatecloud.model.context import Context
from fatecloud.model.wanted import Examination, Wanted


def _want(_: Context) -> Wanted:
    raise AssertionError("the loader asks no component what it wants")


def _examine(*_: object) -> Examination:
    raise AssertionError("the loader asks no external service")


COMPONENTS: Mapping[str, Component] = {
    "flow": Component(
        name="flow",
        summary="Flow.",
        architectures=("standalone", "rabbitmq"),
        config=(
            ConfigKey("computing.cores", "int", None, "Cores.", minimum=1, maximum=1000),
            ConfigKey("log.level", "str", "info", "Level.", choices=("info", "debug")),
            ConfigKey("log.keep", "size", "512M", "Log bytes.", minimum=1024),
            ConfigKey("upstream", "endpoint", None, "Somewhere."),
            ConfigKey("title", "str", "FATE", "A name."),
            ConfigKey("auth", "bool", default=False, doc="Authentication."),
        ),
        ports=(PortSpec("http", 9380, "HTTP."), PortSpec("grpc", 9360, "gRPC.")),
        secrets=always(SecretSpec("flow.admin", "Admin.")),
        want=_want,
    ),
    "mysql": Component(
        name="mysql",
        summary="MySQL.",
        architectures=("rabbitmq",),
        config=(),
        ports=(PortSpec("sql", 3306, "SQL."),),
        secrets=always(SecretSpec("mysql.flow", "Flow's account.", length=20)),
        want=_want,
        needs_root=True,
        external=ExternalUse(keys=(), examine=_examine),
    ),
    "nginx": Component(
        name="nginx",
        summary="nginx.",
        architectures=("rabbitmq",),
        config=(),
        ports=(PortSpec("proxy", 9300, "Proxy.", public="proxy"),),
        want=_want,
        needs_root=True,
        peer_kind="proxy",
    ),
    "rabbitmq": Component(
        name="rabbitmq",
        summary="RabbitMQ.",
        architectures=("rabbitmq",),
        config=(),
        ports=(PortSpec("amqp", 5672, "AMQP.", public="broker"),),
        want=_want,
        needs_root=True,
        peer_kind="broker",
    ),
    "worker": Component(
        name="worker",
        summary="Only on request.",
        architectures=(),
        config=(),
        ports=(PortSpec("rpc", 7000, "RPC."),),
        want=_want,
        many=True,
    ),
}

GOOD = """\
apiVersion: fatecloud/v1
cluster: demo
release: fate-2.2.0
architecture: rabbitmq
defaults:
  ssh: {user: ops, port: 2222}
  service_user: app
nodes:
  a1: {address: 10.0.0.11}
  a2: {address: 10.0.0.12, advertise: 192.168.7.12, cores: 32}
parties:
  "9999":
    public:
      broker: "fate.us.example:5672"
    services:
      flow: a1
      mysql: a1
      rabbitmq: a2
      nginx: a2
    config:
      flow:
        computing: {cores: 16}
peers:
  "10000": {proxy: "fate.partner.example:9300", broker: "[fd00::7]:5672"}
id: c3f9a2b1d4e5f607
"""

ALONE = """\
id: c3f9a2b1d4e5f607
apiVersion: fatecloud/v1
cluster: demo
release: fate-2.2.0
architecture: standalone
nodes:
  here: {address: local}
parties:
  "9999": {}
"""


def loaded(directory: Path, text: str) -> Cluster:
    """The cluster of a text, by the fake components."""
    file = directory / "inventory.yml"
    file.write_text(text)
    return load(file, components=COMPONENTS)
