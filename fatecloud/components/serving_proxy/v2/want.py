"""The desired state of one proxy of Serving 2.1 on its node."""

from __future__ import annotations

from fatecloud.components.serving_proxy.service import Program, proxy
from fatecloud.model.context import Context
from fatecloud.model.wanted import Wanted


def want(ctx: Context) -> Wanted:
    """See `proxy`."""
    return proxy(ctx, Program("v2"))
