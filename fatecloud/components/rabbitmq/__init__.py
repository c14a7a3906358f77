"""RabbitMQ: carries the data of tasks between the parties."""

from __future__ import annotations

from fatecloud.components.rabbitmq.want import want
from fatecloud.model.component import Component, ConfigKey, PortSpec, SecretSpec, always
from fatecloud.model.protections import UnitException

COMPONENT = Component(
    name="rabbitmq",
    summary="RabbitMQ",
    architectures=("rabbitmq",),
    config=(
        ConfigKey(
            "bind",
            "host",
            None,
            "Address that its management API listens on; derived: 127.0.0.1 while flow is on its node, "
            "else `bind` or `advertise` of the node.",
        ),
        ConfigKey("disk_free_limit", "size", 2**30, "Free space below which the broker accepts no messages.", 2**20),
    ),
    ports=(
        PortSpec("amqp", 5672, "Messages, from the party's own tasks and from other parties' brokers", public="broker"),
        PortSpec(
            "management", 15672, "Management API, through which tasks create their users and queues", clients=("flow",)
        ),
        PortSpec("dist", 25672, "Erlang distribution, for the command line", loopback=True),
        PortSpec("epmd", 4370, "Erlang's port mapper of this broker alone", loopback=True),
    ),
    secrets=always(
        # Each task makes a user, a vhost, rights, an upstream and a policy with it, for which the management API wants
        # an administrator.
        SecretSpec("rabbitmq.flow", "Password of flow's administrator account in the broker"),
        SecretSpec("rabbitmq.monitor", "Password of fatecloud's account in the broker, which reads its state alone"),
        SecretSpec("rabbitmq.cookie", "Erlang cookie, with which the command line logs in"),
    ),
    want=want,
    packages={"debian": ("rabbitmq-server",), "redhat": ("rabbitmq-server",)},
    masks={
        "debian": ("rabbitmq-server.service", "epmd.service", "epmd.socket"),
        "redhat": ("rabbitmq-server.service",),
    },
    needs_root=True,
    peer_kind="broker",
    keeps="messages that have not been consumed yet",
    signs=("mnesia/*",),
    unit_exceptions=(
        UnitException("SystemCallFilter", "@chown", "Erlang sets a file's owner along with its mode, to what it is."),
        UnitException("SystemCallFilter", "sched_setaffinity", "Erlang binds its schedulers to processors."),
        UnitException("MemoryDenyWriteExecute", "no", "Erlang translates its programs to machine code as it runs."),
        UnitException(
            "ProcSubset", "all", "The broker limits itself to a share of the memory that /proc/meminfo shows."
        ),
    ),
)
