"""FATE-Serving's proxy 1.3."""

from __future__ import annotations

from fatecloud.components.serving_proxy.descriptor import descriptor
from fatecloud.components.serving_proxy.kinds import ROUTE
from fatecloud.components.serving_proxy.v1.want import want
from fatecloud.components.serving_server.want import SERVER

COMPONENT = descriptor(want, clients=(SERVER,), proofs=(ROUTE,))
