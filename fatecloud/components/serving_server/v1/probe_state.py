"""Runs on the node: does the own server answer? Serving 1 has no list of its models."""

from __future__ import annotations

import json
import sys

from fatecloud.components.serving_server.messages import old_server

SECONDS = 8.0

if __name__ == "__main__":
    sys.stdout.write(json.dumps({"models": None, **old_server(sys.argv[1], int(sys.argv[2]), seconds=SECONDS)}) + "\n")
