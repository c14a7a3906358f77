"""Runs on flow's node: can the party's own OSX be reached from here, and does it work for this party?"""

from __future__ import annotations

import json
import sys

from fatecloud.components.osx.probe_state import state

if __name__ == "__main__":
    sys.stdout.write(json.dumps(state(sys.argv[1], int(sys.argv[2]), sys.argv[3])) + "\n")
