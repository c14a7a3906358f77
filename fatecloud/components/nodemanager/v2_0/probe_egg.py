"""Runs on the node, as the user of eggs: has an egg all that it needs to start?"""

from __future__ import annotations

import json
import sys

from fatecloud.components.nodemanager.egg_look import judge

MODULES = ("eggroll", "federatedml", "arch", "grpc", "google", "lmdb", "cloudpickle", "psutil", "numba", "numpy")

if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1], MODULES)) + "\n")
