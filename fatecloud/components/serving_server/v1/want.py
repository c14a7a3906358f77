"""The desired state of one server of Serving 1.3 on its node."""

from __future__ import annotations

from fatecloud.components.serving_server.service import Program, server
from fatecloud.model.context import Context
from fatecloud.model.wanted import Wanted

PROGRAM = Program(
    main="com.webank.ai.fate.serving.ServingServer",
    template="serving-server/v1/serving-server.properties.j2",
    state="v1/probe_state.py",
    # Names without their package: it looks for them in its own.
    single={"sample": "TestFile"},
    takes_file=True,
    components=False,
    needs_redis=True,
    lists=False,
)


def want(ctx: Context) -> Wanted:
    """See `server`."""
    return server(ctx, PROGRAM)
