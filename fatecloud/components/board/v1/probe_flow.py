"""Runs on the node: does a flow of FATE 1.11 answer the own FATEBoard?"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.board.way import INFO, Flow, judge
from fatecloud.components.flow.v1.version_question import PADDING, PATH, body, judged
from fatecloud.probing.http_get import post

MOST = 64 << 10
SIGNED = (109,)
"""Of a flow whose settings were changed by hand."""


def _ask(host: str, port: int, padding: int, seconds: float) -> dict[str, Any]:
    return judged(post(host, port, PATH, body(padding), timeout=seconds, headers={}, limit=MOST)[2])


def _own(host: str, port: int, seconds: float) -> Any:
    # FATEBoard passes on this very question.
    return json.loads(post(host, port, INFO, b"{}", timeout=seconds, headers={}, limit=MOST)[2])["data"]


FLOW = Flow(_ask, _own, PADDING, SIGNED)

if __name__ == "__main__":
    path, host, port, endpoint = sys.argv[1:]
    sys.stdout.write(json.dumps(judge(path, host, int(port), endpoint, FLOW)) + "\n")
