"""nginx: passes flow's requests to the other parties, and theirs to this party's flow."""

from __future__ import annotations

from fatecloud.components.nginx.want import want
from fatecloud.model.component import Component, ConfigKey, PortSpec

COMPONENT = Component(
    name="nginx",
    summary="nginx",
    architectures=("rabbitmq",),
    config=(
        ConfigKey("timeout", "int", 600, "Seconds that a request may take.", 10, 86400),
        ConfigKey("body_limit", "size", 16 * 2**20, "Largest request that is passed: a job's definition.", 2**16),
        ConfigKey("access_log", "bool", default=True, doc="Whether each request is written to the system log."),
    ),
    ports=(
        PortSpec("http", 9300, "Requests of other parties' flows to this party's", public="proxy"),
        PortSpec("outbound", 9301, "Requests of this party's flow to every party's", clients=("flow",), guarded=True),
    ),
    want=want,
    packages={"debian": ("nginx-light",), "redhat": ("nginx",)},
    masks={"debian": ("nginx.service",), "redhat": ("nginx.service",)},
    needs_root=True,
    peer_kind="proxy",
)
