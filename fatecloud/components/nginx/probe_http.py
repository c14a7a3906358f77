"""Runs on the node: does nginx answer for its party, and which routes does its running configuration have?"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.probing.http_get import get
from fatecloud.probing.patience import patient

TIMEOUT = 5
LOOPBACK = "127.0.0.1"


def page(host: str, port: int, path: str, party: str = "") -> dict[str, Any]:
    """One JSON page of nginx itself."""
    headers = {"dest-party-id": party} if party else {}
    return dict(json.loads(get(host, port, path, timeout=TIMEOUT, headers=headers)[2]))


def judge(host: str, port: int, party: str, inside: int, others: list[str]) -> dict[str, Any]:
    """Ask for the health page, then for the route to each party that should have one.

    Args:
        host: where it answers other parties.
        port: there.
        party: its own.
        inside: port of the own flow's requests, on loopback, where it also shows its routes.
        others: the parties that it should have routes to.
    """
    try:
        health = page(host, port, "/fatecloud/health")
        if health.get("party") != party:
            return {"ok": False, "kind": "foreign", "error": f"{host}:{port} answers for {health}"[:300]}
        routes = {other: page(LOOPBACK, inside, "/fatecloud/route", other)["route"] for other in [party, *others]}
    except TimeoutError:
        return {"ok": False, "kind": "timeout", "error": f"no answer on {host}:{port} within {patient(TIMEOUT):g} s"}
    except OSError as error:
        return {"ok": False, "kind": "refused", "error": f"{host}:{port}: {error}"}
    except (ValueError, KeyError, TypeError) as error:
        return {"ok": False, "kind": "foreign", "error": f"{host}:{port} is not our nginx: {error!r}"[:300]}
    return {"ok": True, "party": party, "missing": sorted(other for other, route in routes.items() if not route)}


if __name__ == "__main__":
    host, port, party, inside, *others = sys.argv[1:]
    sys.stdout.write(json.dumps(judge(host, int(port), party, int(inside), others)) + "\n")
