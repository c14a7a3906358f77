"""FATE-Serving's proxy 2.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fatecloud.components.party_tls import judge, keys
from fatecloud.components.serving_proxy.descriptor import descriptor
from fatecloud.components.serving_proxy.kinds import ROUTE, SMOKE
from fatecloud.components.serving_proxy.partners import KIND
from fatecloud.components.serving_proxy.v2.want import want
from fatecloud.components.serving_server.want import ADMIN, SERVER
from fatecloud.model.component import Contradiction
from fatecloud.model.node import Node

KEYS = keys(
    "serving-proxy",
    KIND,
    "Certificates in PEM of the CAs that may sign those of other parties. The one that has signed its own is among "
    "them, because fatecloud asks its port with it.",
)
"""Not of 1.3: 1.3.0 to 1.3.2 ignore such settings and send plaintext, and look the same as 1.3.3."""

_COMPONENT = descriptor(want, clients=(SERVER, ADMIN), proofs=(ROUTE, SMOKE))


def _judge(config: Mapping[str, Any], node: Node, architecture: str | None) -> tuple[Contradiction, ...]:
    return (*_COMPONENT.judge(config, node, architecture), *judge(config, node, architecture))


COMPONENT = replace(_COMPONENT, config=(*_COMPONENT.config, *KEYS), judge=_judge)
