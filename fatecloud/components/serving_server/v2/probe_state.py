"""Runs on the node: does the own server answer, and which models are loaded in it?"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.serving_server.messages import models, server

SECONDS = 8.0


def state(host: str, port: int) -> dict[str, Any]:
    """`models` are those that are loaded; a server without any works as well."""
    found = models(host, port, seconds=SECONDS)
    if found["ok"] or found["kind"] != "status":
        return found
    # A list that is too long for one answer says nothing about the server.
    return {"models": None, "unread": found["error"], **server(host, port, seconds=SECONDS)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(state(sys.argv[1], int(sys.argv[2]))) + "\n")
