"""FATE-Serving's server 2.1, for models of FATE 1.9 to 1.11."""

from __future__ import annotations

from fatecloud.components.java import JVM_EXCEPTIONS
from fatecloud.components.serving_server.settings import judge
from fatecloud.components.serving_server.v2.want import JVM, want
from fatecloud.components.serving_server.want import ADMIN, PROXY, registered
from fatecloud.model.component import Component, ConfigKey, PortSpec
from fatecloud.model.runtime import JavaRuntime

COMPONENT = Component(
    name="serving-server",
    summary="FATE-Serving's server",
    architectures=(),
    config=(
        *JVM.keys,
        ConfigKey(
            "features.source",
            "str",
            "none",
            "Where it gets its own features for a request of another party: from nowhere (then it refuses such "
            "requests), from `features.url`, from the class `features.class`, or the same `sample` for everyone, for "
            "tests. Upstream's mock cannot be chosen: it answers with features that no model has.",
            choices=("none", "http", "class", "sample"),
        ),
        ConfigKey(
            "features.url",
            "str",
            None,
            "Where they are asked for by HTTP; for the source `http`. `http://host:port/path`.",
        ),
        ConfigKey(
            "features.class", "str", None, "Full name of a class in its `extension` directory; for the source `class`."
        ),
        ConfigKey(
            "features.batch_class", "str", None, "The same for requests in batches; derived: none, it refuses those."
        ),
        ConfigKey(
            "flow",
            "endpoint",
            None,
            "HTTP of a flow 1.x that loads models into it: models are fetched there, and it may reach this server.",
        ),
        ConfigKey(
            "cache.results",
            "bool",
            None,
            "Whether it keeps what other parties answer, and answers the same request again without asking them; "
            "derived: where its owner has a Redis.",
        ),
        ConfigKey("cache.seconds", "int", 300, "How long it keeps them.", 1, 7 * 86400),
        ConfigKey("batch.most", "int", 300, "Requests in one batch.", 1, 100000),
        ConfigKey("queue", "int", 100, "Requests that wait while all threads work; more are refused.", 0, 100000),
    ),
    ports=(
        PortSpec(
            "grpc",
            8000,
            "Requests of the own proxy, and management; the software listens on all addresses",
            clients=(PROXY, ADMIN),
        ),
        PortSpec("http", 8185, "Management over HTTP, from 2.1.7 on", loopback=True, used=False),
    ),
    want=want,
    requires=registered,
    judge=judge,
    runtime=JavaRuntime(),
    many=True,
    groups=True,
    rolls=True,
    spare=lambda instances: instances - 1,
    keeps="the models that were loaded into it, and to which service ids they are bound",
    signs=(".fate/*",),
    unit_exceptions=JVM_EXCEPTIONS,
)
