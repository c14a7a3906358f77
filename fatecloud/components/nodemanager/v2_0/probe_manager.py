"""Runs on the node: does the clustermanager answer the nodemanager's node?"""

from __future__ import annotations

import sys

from fatecloud.components.clustermanager.v2.asking_manager import main

if __name__ == "__main__":
    main(*sys.argv[1:])
