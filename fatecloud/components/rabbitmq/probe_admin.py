"""Runs on the node: what state is the broker in, and has flow's account the rights that a task needs?

The accounts are read from the broker's own definitions. Any answer shows that the broker runs (`ok`); whether they work
is in `account` (flow's) and `monitor`, because a new password is applied only after the broker answers. The state is
read with the second one, which has no other right. Flow's is used for what only it can show: that it works, and the
links of running tasks, in vhosts to which no other account has access.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from typing import Any

from fatecloud.probing.http_get import get
from fatecloud.probing.patience import clock, patient

OK, UNAUTHORIZED = 200, 401
TIMEOUT = 5
SECONDS = 20.0
"""For all questions together; the links come last and get what is left, so that many vhosts cost no other answer."""
LINKS, VHOSTS = 50, 5
"""Limits for links that do not run: how many are listed, and in how many vhosts their tasks are looked up."""
MANAGEMENT = "rabbitmq_management"
"""The plugin that answers all of this."""
FULL = {"configure": ".*", "write": ".*", "read": ".*"}


class Api:
    """The management API under one account."""

    def __init__(self, host: str, port: int, account: dict[str, str]) -> None:
        token = base64.b64encode(f"{account['name']}:{account['password']}".encode()).decode("ascii")
        self.host, self.port, self.headers = host, port, {"Authorization": f"Basic {token}"}
        self.until = clock() + SECONDS

    def get(self, path: str) -> tuple[int, Any]:
        """Status and document of one page."""
        seconds = max(0.001, min(TIMEOUT, self.until - clock()))
        status, _, body = get(self.host, self.port, path, timeout=seconds, headers=self.headers)
        return status, json.loads(body or b"null")


def account_of(api: Api, name: str) -> dict[str, Any]:
    """Whether the account can log in, its tags, and whether it has full rights in the default vhost."""
    status, who = api.get("/api/whoami")
    if status == UNAUTHORIZED:
        reason = str((who or {}).get("reason", ""))
        # The broker has one status for a wrong password and for an account without the tag; only its words differ.
        kind = "rights" if "management user" in reason else "auth"
        return {"ok": False, "kind": kind, "error": f"401 {reason}"}
    tags = who.get("tags", [])
    # Older brokers give a text, newer ones a list.
    tags = tags.split(",") if isinstance(tags, str) else list(tags)
    if "administrator" not in tags:
        return {"ok": False, "kind": "rights", "error": "not an administrator", "tags": tags}
    status, rights = api.get(f"/api/users/{name}/permissions")
    default = [right for right in rights or [] if right.get("vhost") == "/"] if status == OK else []
    if not any(all(right.get(verb) == FULL[verb] for verb in FULL) for right in default):
        return {"ok": False, "kind": "rights", "error": "not all rights in vhost /", "tags": tags}
    return {"ok": True, "tags": tags}


def state_of(api: Api) -> dict[str, Any]:
    """Whether the account may read the state, and then version, alarms, plugins, use of resources."""
    status, overview = api.get("/api/overview")
    if status == UNAUTHORIZED:
        return {"monitor": {"ok": False, "error": f"401 {(overview or {}).get('reason', '')}"}}
    status, nodes = api.get("/api/nodes")
    if status == UNAUTHORIZED:
        return {"monitor": {"ok": False, "error": "it is not tagged monitoring"}}
    node = nodes[0]
    alarms = [name for name, key in (("memory", "mem_alarm"), ("disk", "disk_free_alarm")) if node.get(key)]
    kept = ("mem_used", "mem_limit", "disk_free", "disk_free_limit", "fd_used", "fd_total", "sockets_used", "uptime")
    return {
        "monitor": {"ok": True},
        "version": overview.get("rabbitmq_version", ""),
        "alarms": alarms,
        "plugins": plugins_of(node),
        "use": {name: node.get(name) for name in kept},
        "messages": (overview.get("queue_totals") or {}).get("messages", 0),
    }


def plugins_of(node: dict[str, Any]) -> list[str]:
    """The plugins that run. The broker's own list of enabled ones is what its file says, running or not."""
    return [str(part["name"]) for part in node.get("applications", ()) if str(part["name"]).startswith("rabbitmq_")]


def links(api: Api) -> dict[str, Any]:
    """Links to other brokers, or why they cannot be read."""
    try:
        return {"links": links_of(api)}
    except (OSError, ValueError, LookupError, AttributeError) as error:
        return {"links": None, "links_error": f"its links to other brokers cannot be read: {error!r}"[:300]}


def links_of(api: Api) -> list[dict[str, Any]]:
    """The links to other brokers that tasks have asked for and that do not run, the first `LINKS` of them.

    A broker lists no state for a link that still waits for its connection, so the requested links come from the
    upstreams. `connected` is how many seconds ago a task of the vhost connected to this broker; None if none is.
    """
    status, upstreams = api.get("/api/parameters/federation-upstream")
    if status != OK or not upstreams:
        return []
    status, states = api.get("/api/federation-links")
    known = {(state.get("vhost"), state.get("upstream")): state for state in (states if status == OK else [])}
    down = []
    for upstream in upstreams:
        vhost, name = str(upstream["vhost"]), str(upstream["name"])
        state = known.get((vhost, name), {"status": "connecting"})
        if state.get("status") != "running":
            down.append(
                {
                    "vhost": vhost,
                    "queue": name,
                    # The address has the task's password before it.
                    "endpoint": str(upstream["value"].get("uri", "")).rpartition("@")[2].partition("/")[0],
                    "status": str(state.get("status")),
                    "error": str(state.get("error", ""))[:200],
                }
            )
    ages = {vhost: connected(api, vhost) for vhost in sorted({link["vhost"] for link in down})[:VHOSTS]}
    return [dict(link, connected=ages.get(link["vhost"])) for link in down[:LINKS]]


def connected(api: Api, vhost: str) -> float | None:
    """Seconds since the first of a vhost's tasks connected to this broker."""
    from urllib.parse import quote  # noqa: PLC0415 - a broker whose links run, or that has none, does not pay for the import

    status, lines = api.get(f"/api/vhosts/{quote(vhost, safe='')}/connections")
    # A task comes over the network; what the broker does by itself says nothing about one.
    began = [line["connected_at"] for line in (lines if status == OK else []) if line.get("type") == "network"]
    return round(time.time() - min(began) / 1000, 1) if began else None


def judge(host: str, port: int, definitions: str) -> dict[str, Any]:
    """Ask the broker about itself."""
    try:
        with open(definitions, encoding="utf-8") as file:
            account, monitor = json.load(file)["users"]
    except (OSError, ValueError, LookupError) as error:
        return {"ok": False, "kind": "config", "error": f"{definitions}: {type(error).__name__}"}
    api = Api(host, port, account)
    try:
        known, state = account_of(api, account["name"]), state_of(Api(host, port, monitor))
        if MANAGEMENT not in state.get("plugins", (MANAGEMENT,)):
            # That plugin runs, so the list is an older one: on a loaded node the next one is late after a start.
            early = f"{host}:{port}: the broker is starting, and does not list its plugins yet"
            return {"ok": False, "kind": "starting", "error": early}
        return {"ok": True, "account": known, **state, **(links(api) if known["ok"] else {})}
    except TimeoutError:
        return {"ok": False, "kind": "timeout", "error": f"no answer on {host}:{port} within {patient(TIMEOUT):g} s"}
    except OSError as error:
        return {"ok": False, "kind": "refused", "error": f"{host}:{port}: {error}"}
    except (ValueError, LookupError, AttributeError) as error:
        return {"ok": False, "kind": "foreign", "error": f"{host}:{port} is not a management API: {error!r}"[:300]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1], int(sys.argv[2]), sys.argv[3])) + "\n")
