"""Redis: keeps results and features for serving, behind a password and on disk."""

from __future__ import annotations

from fatecloud.components.redis.keys import Keys
from fatecloud.components.redis.want import want
from fatecloud.model.component import Component, ConfigKey, PortSpec, SecretSpec, always

COMPONENT = Component(
    name="redis",
    summary="Redis",
    architectures=(),
    config=(
        ConfigKey(
            "bind",
            "host",
            None,
            "Address that it listens on; derived: 127.0.0.1 while its clients are on its node, "
            "else `bind` or `advertise` of the node.",
        ),
        ConfigKey("memory", "size", 256 * 2**20, "Memory for what it keeps.", 2**22, 2**42),
        ConfigKey(
            "eviction",
            "str",
            "volatile-lru",
            "What it drops when that memory is full; with `noeviction` it refuses to keep more.",
            choices=("noeviction", "volatile-lru", "volatile-lfu", "volatile-ttl", "allkeys-lru", "allkeys-lfu"),
        ),
    ),
    ports=(PortSpec("redis", 6379, "Redis' protocol, for serving", clients=("serving-server",), filtered=True),),
    secrets=always(SecretSpec("redis.password", "Password that clients of Redis give")),
    want=want,
    gives=(Keys,),
    groups=True,
    packages={"debian": ("redis-server",), "redhat": ("redis",)},
    masks={"debian": ("redis-server.service",), "redhat": ("redis.service",)},
    needs_root=True,
    keeps="what its clients keep in it",
    signs=("db/appendonly*",),
)
