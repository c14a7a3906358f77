"""FATE-Serving's admin 2.1."""

from __future__ import annotations

from fatecloud.components.java import JVM_EXCEPTIONS
from fatecloud.components.serving_admin.v2.want import JVM, LOGIN, want
from fatecloud.components.serving_server.want import registered
from fatecloud.model.component import Component, ConfigKey, PortSpec, SecretSpec, always
from fatecloud.model.runtime import JavaRuntime

COMPONENT = Component(
    name="serving-admin",
    summary="FATE-Serving's admin",
    architectures=(),
    config=(
        *JVM.keys,
        ConfigKey(
            "bind",
            "host",
            None,
            "Address that its page listens on; derived: 127.0.0.1, and people come through `fatecloud open`.",
        ),
        ConfigKey("account", "name", "fate", "Name of the one account with which people log in."),
        ConfigKey("session.seconds", "int", 300, "Seconds after which a login ends.", 30, 86400),
    ),
    ports=(PortSpec("http", 8350, "The page, for people and their browsers"),),
    want=want,
    requires=registered,
    secrets=always(SecretSpec(LOGIN, "Password with which people log in to Serving's admin")),
    runtime=JavaRuntime(),
    groups=True,
    unit_exceptions=JVM_EXCEPTIONS,
)
