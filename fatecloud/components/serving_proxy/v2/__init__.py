"""FATE-Serving's proxy 2.1."""

from __future__ import annotations

from fatecloud.components.serving_proxy.descriptor import descriptor
from fatecloud.components.serving_proxy.kinds import ROUTE, SMOKE
from fatecloud.components.serving_proxy.v2.want import want
from fatecloud.components.serving_server.want import ADMIN, SERVER

COMPONENT = descriptor(want, clients=(SERVER, ADMIN), proofs=(ROUTE, SMOKE))
