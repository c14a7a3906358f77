"""Runs on the node: see `peers`."""

from __future__ import annotations

import sys

from fatecloud.components.serving_proxy.peers import main

if __name__ == "__main__":
    main(sys.argv[1:])
