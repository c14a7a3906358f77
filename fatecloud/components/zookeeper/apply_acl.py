"""Runs on the node after a start: gives the top of the tree to the account of the service's own file."""

from __future__ import annotations

import struct
import sys

from fatecloud.components.zookeeper.protocol import ALL, Refused, Session, account_in, digest


def apply(host: str, port: int, path: str) -> str:
    """What went wrong; empty if nothing."""
    account, password = account_in(path)
    wanted = [(ALL, "digest", digest(account, password))]
    try:
        session = Session(host, port)
        try:
            session.login(account, password)
            if session.acl("/") != wanted:
                session.set_acl("/", wanted)
        finally:
            session.close()
    except Refused as error:
        return f"account {account} may not change who may use the tree (error {error}): it has another password there"
    except (OSError, ValueError, struct.error) as error:
        return f"ZooKeeper at {host}:{port} does not answer: {error}"
    return ""


if __name__ == "__main__":
    host, port, path = sys.argv[1:]
    sys.exit(apply(host, int(port), path))
