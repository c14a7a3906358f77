"""ZooKeeper: where services of serving register, and find each other. One server, or an ensemble of three or five."""

from __future__ import annotations

from fatecloud.components.java import JVM_EXCEPTIONS
from fatecloud.components.zookeeper.tree import Tree
from fatecloud.components.zookeeper.want import JVM, want
from fatecloud.model.component import Component, ConfigKey, PortSpec, SecretSpec, always
from fatecloud.model.runtime import JavaRuntime

_SERVING = ("serving-server", "serving-proxy", "serving-admin")

COMPONENT = Component(
    name="zookeeper",
    summary="ZooKeeper",
    architectures=(),
    config=(
        *JVM.keys,
        ConfigKey(
            "bind",
            "host",
            None,
            "Address that it listens on; derived: 127.0.0.1 while its clients and all members are on its node, "
            "else `bind` or `advertise` of the node.",
        ),
        ConfigKey(
            "id",
            "int",
            None,
            "Number of the member in its ensemble; derived: its place among the names of the nodes. Set it at each "
            "member before you add one: a member that gets another number is a stranger to the others.",
            1,
            255,
        ),
        ConfigKey("connections", "int", 60, "Connections that it takes from one address.", 1, 100000),
        ConfigKey(
            "acl",
            "bool",
            default=True,
            doc="Whether only the account `fate` may read and write, by the digest scheme.",
        ),
    ),
    ports=(
        PortSpec("client", 2181, "ZooKeeper's protocol, for serving", clients=("zookeeper", *_SERVING), filtered=True),
        PortSpec("quorum", 2888, "The leader's port for the other members", clients=("zookeeper",), filtered=True),
        PortSpec("election", 3888, "Election of the leader", clients=("zookeeper",), filtered=True),
    ),
    secrets=always(
        SecretSpec("zookeeper.fate", "Password of the account `fate` in ZooKeeper"),
        SecretSpec("zookeeper.super", "Password of ZooKeeper's superuser, with which a deploy gives `fate` its tree"),
    ),
    want=want,
    gives=(Tree,),
    runtime=JavaRuntime(),
    many=True,
    groups=True,
    rolls=True,
    # The others are a quorum: more than half of all.
    spare=lambda members: (members - 1) // 2,
    packages={"debian": ("zookeeper",)},
    needs_root=True,
    keeps="what is registered in it, and its list of accounts",
    signs=("db/version-2/*",),
    unit_exceptions=JVM_EXCEPTIONS,
)
