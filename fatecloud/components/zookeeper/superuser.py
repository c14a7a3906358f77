"""Runs on the node before each start: the line of ZooKeeper's configuration that names its superuser.

ZooKeeper knows the superuser by a digest. It changes who may use a tree without the password that the tree has now.
"""

from __future__ import annotations

import sys

from fatecloud.components.zookeeper.protocol import account_in, digest

if __name__ == "__main__":
    sys.stdout.write(f"DigestAuthenticationProvider.superDigest={digest(*account_in(sys.argv[1]))}\n")
