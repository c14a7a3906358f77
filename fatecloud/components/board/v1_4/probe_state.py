"""Runs on the node: does the own FATEBoard 1.4 show its page, and answer as FATEBoard does?"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.board.page import Board
from fatecloud.components.board.probe_state import SECONDS, shown

QUESTION = "/v1/tracking/component/metrics"
"""Without its parameters it is refused at once, with a code: neither flow nor the database is asked."""


def state(host: str, port: int) -> dict[str, Any]:
    """Whether it works; `kind` and `error` where not."""
    board = Board(host, port)
    found = board.call(QUESTION, SECONDS, {})
    if "kind" in found:
        return found
    page = shown(board)
    if not page["page"]:
        return {"ok": False, "kind": "page", "error": f"it shows no page: {page['answer']}", **page}
    return {"ok": True, **page}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(state(sys.argv[1], int(sys.argv[2]))) + "\n")
