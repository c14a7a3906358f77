"""Runs on the clustermanager's node: starts an empty session, with an egg on each nodemanager, and ends it."""

from __future__ import annotations

import json
import sys

from fatecloud.components.clustermanager.trial import tried
from fatecloud.components.clustermanager.v2.commands import nodes

if __name__ == "__main__":
    host, port, session, seconds = sys.argv[1:]
    sys.stdout.write(json.dumps(tried(host, int(port), session, float(seconds), nodes)) + "\n")
