"""Makes one HTTP exchange on the node itself, as `v1/http_exchange.py`.

An answer about jobs has their whole descriptions. They stay on the node.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.flow.v1.http_exchange import exchange
from fatecloud.components.flow.v1_4.states import HEAVY

LIMIT = 64 << 20
"""Bytes."""


def lightened(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer without columns that are large and that no one reads."""
    body = answer.get("body")
    rows = body.get("data") if isinstance(body, dict) else None
    for row in (row for row in (rows if isinstance(rows, list) else ()) if isinstance(row, dict)):
        for name in HEAVY:
            row.pop(name, None)
    return answer


if __name__ == "__main__":
    json.dump(lightened(exchange(json.load(sys.stdin), LIMIT)), sys.stdout)
