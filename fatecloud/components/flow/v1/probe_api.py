"""Runs on the node: is flow's API alive, and does it reach its database?

The version comes from memory, so the second question is for jobs. Of an error of its database flow says the number
alone, or the error with its number first; numbers of jobs and ports may have the same digits.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from fatecloud.components.flow.v1.asking import ask
from fatecloud.components.flow.v1.version_question import PATH

ALIVE_SECONDS, DATABASE_SECONDS = 5.0, 10.0
KINDS = {
    "2003": "refused",
    "2002": "refused",
    "1040": "full",
    "1203": "full",
    "1045": "auth",
    "1044": "schema",
    "1049": "schema",
    "1146": "schema",
    "2006": "lost",
    "2013": "lost",
}
_NUMBER = re.compile(r"""^\s*'?(\d{4})'?\s*$|(?:^|Error)(?:: )?\(['"]?\(?(\d{4}), """)
"""`2003`; or `OperationalError(2003, "Can't connect")` and the same error in other forms, or its tuple alone."""


def judge(host: str, port: int, nothing: int = 0) -> dict[str, Any]:
    """Ask in order of depth, and stop at the first question that fails; `nothing` is a code for "no such job"."""
    alive = ask(host, port, PATH, {"module": "FATE"}, ALIVE_SECONDS)
    result: dict[str, Any] = {"stage": "api", "seconds": {"api": alive["seconds"]}}
    failed = _trouble(alive, "version")
    if failed:
        return {**result, **failed}
    result["version"] = str((alive["data"] or {}).get("FATE", ""))
    jobs = ask(host, port, "/v1/job/query", {"status": "running"}, DATABASE_SECONDS)
    result["stage"] = "database"
    result["seconds"]["database"] = jobs["seconds"]
    failed = {} if nothing and jobs.get("code") == nothing else _trouble(jobs, "jobs")
    if failed:
        return {**result, **failed, **({"kind": "database-timeout"} if failed["kind"] == "timeout" else {})}
    return {**result, "ok": True, "stage": "ready"}


def _trouble(page: dict[str, Any], what: str) -> dict[str, Any]:
    """The error that an answer reports; empty for a success."""
    if "kind" in page:
        return {"ok": False, "kind": page["kind"], "error": page["error"]}
    if page["code"] == 0:
        return {}
    message = page["message"]
    found = _NUMBER.search(message)
    kind = KINDS.get(found.group(1) or found.group(2), "other") if found else "other"
    return {"ok": False, "kind": kind, "error": f"{what}: {page['code']} {message}"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1], int(sys.argv[2]))) + "\n")
