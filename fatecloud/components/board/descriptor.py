"""What the descriptors of a board's generations share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fatecloud.components.board.want import JVM, LOGIN, Program, wanted
from fatecloud.components.java import JVM_EXCEPTIONS
from fatecloud.model.component import Component, ConfigKey, PortSpec, SecretSpec, always, nothing
from fatecloud.model.context import Context
from fatecloud.model.contribution import Contribution
from fatecloud.model.runtime import JavaRuntime
from fatecloud.model.wanted import Wanted

_PORT = PortSpec("http", 8080, "The page, for people and their browsers")


def descriptor(program: Program) -> Component:
    """A generation with a login, which runs this program."""

    def want(ctx: Context) -> Wanted:
        return wanted(ctx, program)

    return replace(
        without_login(want),
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
        secrets=always(SecretSpec(LOGIN, "Password with which people log in to FATEBoard")),
    )


def without_login(
    want: Callable[[Context], Wanted], requires: Callable[[Context], tuple[Contribution, ...]] = nothing
) -> Component:
    """A generation whose page all see who reach it: it listens on loopback, and no setting opens it further."""
    return Component(
        name="board",
        summary="FATEBoard",
        # A page of which a cluster has no need: a party gets it where the inventory names it.
        architectures=(),
        config=JVM.keys,
        # Without a key `bind` and without clients among services, it listens on loopback.
        ports=(_PORT,),
        want=want,
        requires=requires,
        runtime=JavaRuntime(),
        unit_exceptions=JVM_EXCEPTIONS,
    )
