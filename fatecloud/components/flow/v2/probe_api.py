"""Runs on the node: is flow's API alive, does it reach its database, which version and providers does it have?

The information page answers from memory with the database down, so readiness is the job list. Only valid requests
are sent: flow logs a traceback for every invalid one.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from fatecloud.components.flow.v2.signing import as_admin
from fatecloud.probing.http_get import get
from fatecloud.probing.patience import patient

CLIENT_AUTH = range(5000, 5010)
DATABASE_SECONDS, LEAST_SECONDS = 10.0, 2.0
"""For the pages that take the database together, and what the last of them has at least."""
DATABASE_SIGNS = (
    ("Can't connect", "refused"),
    ("Access denied", "auth"),
    ("Unknown database", "schema"),
    ("doesn't exist", "schema"),
    ("Lost connection", "lost"),
    ("Too many connections", "full"),
    ("BusyError", "locked"),
    ("readonly database", "readonly"),
)


def ask(host: str, port: int, path: str, timeout: float, settings: str = "") -> dict[str, Any]:
    """GET one page, signed with what is in flow's `settings`.

    Returns `kind` and `error` if the answer is not an envelope of flow.
    """
    begin = time.monotonic()
    answer: dict[str, Any] = {}
    try:
        body = json.loads(get(host, port, path, timeout=timeout, headers=as_admin(settings))[2])
        answer = {"code": int(body["code"]), "message": str(body.get("message", ""))[:400], "data": body.get("data")}
    except TimeoutError:
        answer = {"kind": "timeout", "error": f"no answer to GET {path} within {patient(timeout):g} s"}
    except ConnectionRefusedError:
        answer = {"kind": "refused", "error": f"nothing listens on {host}:{port}"}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        answer = {"kind": "foreign", "error": f"what answers on {host}:{port} is not flow: {error!r}"[:300]}
    except OSError as error:
        answer = {"kind": "refused", "error": f"{host}:{port}: {error}"}
    answer["seconds"] = round(time.monotonic() - begin, 3)
    return answer


def trouble(page: dict[str, Any], what: str) -> dict[str, Any]:
    """The error that a page reports; empty for a success."""
    if "kind" in page:
        return {"ok": False, "kind": page["kind"], "error": page["error"]}
    if page["code"] == 0:
        return {}
    message = page["message"]
    if page["code"] in CLIENT_AUTH:
        return {"ok": False, "kind": "client-auth", "error": f"{what}: {page['code']} {message}"}
    kind = next((kind for sign, kind in DATABASE_SIGNS if sign in message), "other")
    return {"ok": False, "kind": kind, "error": f"{what}: {page['code']} {message}"}


def trouble_behind(page: dict[str, Any], what: str) -> dict[str, Any]:
    """The error of a page that needs the database, from a flow that has just answered from memory."""
    failed = trouble(page, what)
    return {**failed, "kind": "database-timeout"} if failed.get("kind") == "timeout" else failed


def judge(host: str, port: int, settings: str = "") -> dict[str, Any]:
    """Ask in order of depth and stop at the first page that fails."""
    # Answered from memory: where this page is slow, flow itself hangs, and not its database.
    alive = ask(host, port, "/v2/server/fateflow", 5, settings)
    result: dict[str, Any] = {"stage": "api", "seconds": {"api": alive["seconds"]}}
    failed = trouble(alive, "server information")
    if failed:
        return {**result, **failed}
    instances = [entry for entry in (alive["data"] or {}).values() if isinstance(entry, dict)]
    result["version"] = next((str(entry.get("version")) for entry in instances if entry.get("version")), "")
    jobs = ask(host, port, "/v2/job/list/query?limit=1&page=1", DATABASE_SECONDS, settings)
    result["stage"] = "database"
    result["seconds"]["database"] = jobs["seconds"]
    failed = trouble_behind(jobs, "job list")
    if failed:
        return {**result, **failed}
    # A busy flow gets the whole time for whichever of the two pages needs it.
    left = max(LEAST_SECONDS, DATABASE_SECONDS - jobs["seconds"] / patient(1))
    providers = ask(host, port, "/v2/provider/query?name=fate", left, settings)
    result["stage"] = "providers"
    failed = trouble_behind(providers, "providers")
    if failed:
        return {**result, **failed}
    result["providers"] = sorted({str(row.get("version")) for row in providers["data"] or []})
    return {**result, "ok": True, "stage": "ready"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1], int(sys.argv[2]), sys.argv[3])) + "\n")
