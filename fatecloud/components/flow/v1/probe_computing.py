"""Runs on flow's node: does EggRoll's clustermanager answer, from which each task gets its workers?"""

from __future__ import annotations

import sys

from fatecloud.components.clustermanager.v2.asking_manager import main

if __name__ == "__main__":
    main(*sys.argv[1:])
