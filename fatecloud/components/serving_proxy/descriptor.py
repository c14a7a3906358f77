"""What the descriptors of the proxy's generations share."""

from __future__ import annotations

from collections.abc import Callable

from fatecloud.components.serving_proxy.partners import KIND, PARTY, judge_parties
from fatecloud.components.serving_proxy.service import JVM
from fatecloud.components.serving_proxy.shadow import KEYS, judge_shadow
from fatecloud.components.serving_server.want import UNIT_EXCEPTIONS, registered
from fatecloud.model.component import Component, ConfigKey, PortSpec
from fatecloud.model.context import Context
from fatecloud.model.proof import ProofKind
from fatecloud.model.runtime import JavaRuntime
from fatecloud.model.wanted import Wanted


def descriptor(want: Callable[[Context], Wanted], clients: tuple[str, ...], proofs: tuple[ProofKind, ...]) -> Component:
    """A generation.

    Args:
        want: its desired state.
        clients: components of its group that send requests over the inner port.
        proofs: its smoke tests.
    """
    return Component(
        name="serving-proxy",
        summary="FATE-Serving's proxy",
        architectures=(),
        config=(
            *JVM.keys,
            PARTY,
            ConfigKey(
                "bind",
                "host",
                None,
                "Address at which applications reach its HTTP; derived: 127.0.0.1. It asks no one for a password.",
            ),
            ConfigKey(
                "timeout",
                "int",
                3000,
                "Milliseconds that it waits for another party. Its servers and its HTTP wait longer by themselves, so "
                "that an error there comes back whole.",
                100,
                600_000,
            ),
            ConfigKey("threads", "int", 100, "Requests at a time over gRPC.", 1, 10000),
            ConfigKey("queue", "int", 10, "Requests that wait for one of these; more are refused.", 0, 100000),
            *KEYS,
        ),
        ports=(
            PortSpec("http", 8059, "Requests of applications"),
            PortSpec(
                "intra",
                8879,
                "Requests of the own servers for other parties, and its routes; the software listens on all addresses",
                clients=clients,
                filtered=True,
            ),
            PortSpec(
                "inter",
                8869,
                "Requests of other parties' proxies; the software listens on all addresses",
                public=KIND,
            ),
        ),
        want=want,
        requires=registered,
        judge=judge_shadow,
        judge_parties=judge_parties,
        runtime=JavaRuntime(),
        peer_kind=KIND,
        groups=True,
        proofs=proofs,
        unit_exceptions=UNIT_EXCEPTIONS,
    )
