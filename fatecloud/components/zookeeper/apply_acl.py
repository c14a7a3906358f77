"""Runs on the node after a start: gives the tree to the account of the service's own file.

The superuser does it: it needs no password that the account had before.
"""

from __future__ import annotations

import struct
import sys

from fatecloud.components.zookeeper.protocol import ALL, GONE, Refused, Session, account_in, digest

SYSTEM = "/zookeeper"
"""ZooKeeper's own nodes; everyone may read them."""


def apply(host: str, port: int, path: str, superuser: str) -> str:
    """What went wrong; empty if nothing."""
    account, password = account_in(path)
    try:
        session = Session(host, port)
        try:
            session.login(*account_in(superuser))
            hand_over(session, account, digest(account, password))
        finally:
            session.close()
    except Refused as error:
        return f"its superuser may not change who may use the tree (error {error})"
    except (OSError, ValueError, struct.error) as error:
        return f"ZooKeeper at {host}:{port} does not answer: {error}"
    return ""


def hand_over(session: Session, account: str, name: str) -> None:
    """Let only the account use the top; below it, give it the rights that it had with another password."""
    wanted = [(ALL, "digest", name)]
    if session.acl("/") != wanted:
        session.set_acl("/", wanted)
    waiting = [f"/{child}" for child in session.children("/")]
    while waiting:
        path = waiting.pop()
        if path == SYSTEM:
            continue
        try:
            before = session.acl(path)
            after = [
                (rights, scheme, name if scheme == "digest" and who.startswith(f"{account}:") else who)
                for rights, scheme, who in before
            ]
            if after != before:
                session.set_acl(path, after)
            waiting += [f"{path}/{child}" for child in session.children(path)]
        except Refused as error:
            if error.args != (GONE,):  # nodes of a session end with it
                raise


if __name__ == "__main__":
    host, port, path, superuser = sys.argv[1:]
    sys.exit(apply(host, int(port), path, superuser) or None)
