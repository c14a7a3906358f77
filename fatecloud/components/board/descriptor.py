"""What the descriptors of a board's generations share."""

from __future__ import annotations

from fatecloud.components.board.want import JVM, LOGIN, Program, wanted
from fatecloud.components.java import JVM_EXCEPTIONS
from fatecloud.model.component import Component, ConfigKey, PortSpec, SecretSpec, always
from fatecloud.model.context import Context
from fatecloud.model.runtime import JavaRuntime
from fatecloud.model.wanted import Wanted


def descriptor(program: Program) -> Component:
    """A generation, which runs this program."""

    def want(ctx: Context) -> Wanted:
        return wanted(ctx, program)

    return Component(
        name="board",
        summary="FATEBoard",
        # A page of which a cluster has no need: a party gets it where the inventory names it.
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
            ConfigKey("session.hours", "int", 4, "Hours without a click after which a login ends.", 1, 168),
        ),
        ports=(PortSpec("http", 8080, "The page, for people and their browsers"),),
        want=want,
        secrets=always(SecretSpec(LOGIN, "Password with which people log in to FATEBoard")),
        runtime=JavaRuntime(),
        unit_exceptions=JVM_EXCEPTIONS,
    )
