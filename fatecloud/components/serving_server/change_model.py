"""Runs on the node of a server: binds a model to a service id, or takes it away. As the server's own user."""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.serving_server.publishing import publish_bind, remove, unbind


def changed(what: str, host: str, port: int, model: dict[str, Any]) -> dict[str, Any]:
    """Whether the server did it.

    Args:
        what: `bind`, `unbind` or `unload`.
        host: of the server.
        port: of its gRPC.
        model: one of its list, with the `services` that are bound or taken away.
    """
    if what == "bind":
        (service,) = model["services"]
        return publish_bind(host, port, model, model["partners"], service)
    if what == "unbind":
        return unbind(host, port, model, model["services"])
    return remove(host, port, model)


if __name__ == "__main__":
    what, host, port, model = sys.argv[1:]
    sys.stdout.write(json.dumps(changed(what, host, int(port), json.loads(model))) + "\n")
