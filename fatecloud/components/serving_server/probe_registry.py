"""Runs on the node: does ZooKeeper answer from here, with the own account, and what is registered in it?"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

from fatecloud.components.serving_server.registry import listed
from fatecloud.components.zookeeper.probe_members import FIGURES_LENGTH, state_of
from fatecloud.components.zookeeper.protocol import TIMEOUT
from fatecloud.probing.dialing import address_of, asked
from fatecloud.probing.properties import settings
from fatecloud.probing.sized import sized


def ask(_node: str, endpoint: str) -> dict[str, Any]:
    """The state of one member, as it is reached from here."""
    return sized(functools.partial(state_of, *address_of(endpoint)), FIGURES_LENGTH, (TIMEOUT, TIMEOUT, TIMEOUT))


def judge(conf: str, paths: tuple[str, ...], members: list[str]) -> dict[str, Any]:
    """The document: `peers` are the members, `found` is what one that answers has.

    Args:
        conf: the service's own settings, with its account.
        paths: see `listed`.
        members: `node=host:port` of each.
    """
    state = asked(members, ask, TIMEOUT * 4)
    answering = [str(answer["endpoint"]) for _, answer in sorted(state["peers"].items()) if answer["ok"]]
    if not answering:
        return {**state, "kind": "down"}
    try:
        login = login_in(conf)
    except (OSError, KeyError) as error:
        why = f"it has no {error.args[0]}" if isinstance(error, KeyError) else error.strerror
        return {"ok": False, "kind": "config", "error": f"{conf}: {why}", "peers": state["peers"]}
    return {**listed(*address_of(answering[0]), login, paths), "peers": state["peers"]}


def login_in(conf: str) -> tuple[str, str] | None:
    """Account and password of a service's settings; None where they use none. Raises OSError and KeyError."""
    own = settings(conf)
    return (own["acl.username"], own["acl.password"]) if own.get("acl.enable") == "true" else None


if __name__ == "__main__":
    conf, paths, *members = sys.argv[1:]
    sys.stdout.write(json.dumps(judge(conf, tuple(paths.split(",")), members)) + "\n")
