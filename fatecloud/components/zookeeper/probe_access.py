"""Runs on the node: whether the account of the service's own file may do all with the top of the tree.

It reads alone; the session that this needs is closed at once.
"""

from __future__ import annotations

import json
import struct
import sys
from typing import Any

from fatecloud.components.zookeeper.protocol import ALL, TIMEOUT, Refused, Session, account_in, digest
from fatecloud.probing.dialing import trouble


def judge(host: str, port: int, path: str) -> dict[str, Any]:
    """The document."""
    account, password = account_in(path)
    try:
        session = Session(host, port)
        try:
            session.login(account, password)
            entries = session.acl("/")
        finally:
            session.close()
    except Refused as error:
        return {"ok": False, "kind": "refused", "error": f"account {account} may not read the list of rights: {error}"}
    except OSError as error:
        return trouble(error, TIMEOUT, "silent")
    except (ValueError, struct.error) as error:
        return {"ok": False, "kind": "foreign", "error": f"not ZooKeeper: {error}"}
    wanted = (ALL, "digest", digest(account, password))
    if entries == [wanted]:
        return {"ok": True}
    others = ", ".join(sorted({f"{scheme}:{name.partition(':')[0]}" for _, scheme, name in entries}))
    # The tree belongs to who comes first: a client without an account leaves it open to all.
    kind = "open" if any(scheme == "world" for _, scheme, _ in entries) else "password"
    return {"ok": False, "kind": kind, "error": f"/ is for {others}", "who": others}


if __name__ == "__main__":
    host, port, path = sys.argv[1:]
    sys.stdout.write(json.dumps(judge(host, int(port), path)) + "\n")
