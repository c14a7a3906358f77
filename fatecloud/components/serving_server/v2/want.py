"""The desired state of one server of Serving 2.1 on its node."""

from __future__ import annotations

from fatecloud.components.serving_server.service import Program, server
from fatecloud.model.context import Context
from fatecloud.model.wanted import Wanted

_ADAPTORS = "com.webank.ai.fate.serving.adaptor.dataaccess."
PROGRAM = Program(
    main="com.webank.ai.fate.serving.Bootstrap",
    template="serving-server/v2/serving-server.properties.j2",
    state="v2/probe_state.py",
    single={"http": f"{_ADAPTORS}HttpAdapter", "sample": f"{_ADAPTORS}TestFileAdapter"},
    # None over HTTP: upstream's class for that cannot be made in 2.1.6.
    batch={"sample": f"{_ADAPTORS}BatchTestFileAdapter"},
    classes=("extension",),
    rolling="v2/rolling.py",
    http_since="2.1.7",
)


def want(ctx: Context) -> Wanted:
    """See `server`."""
    return server(ctx, PROGRAM)
