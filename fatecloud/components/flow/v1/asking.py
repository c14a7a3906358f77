"""Runs on the node: one question to flow's API, which takes all of them as JSON documents."""

from __future__ import annotations

import json
import time
from typing import Any

from fatecloud.probing.http_get import post
from fatecloud.probing.patience import patient

LIMIT = 4 << 20
"""Bytes of an answer."""


def ask(host: str, port: int, path: str, body: dict[str, Any], timeout: float) -> dict[str, Any]:
    """`code`, `message` and `data` of flow's envelope; `kind` and `error` if the answer is none."""
    begin = time.monotonic()
    answer: dict[str, Any] = {}
    try:
        octets = post(host, port, path, json.dumps(body).encode(), timeout=timeout, headers={}, limit=LIMIT)[2]
        found = json.loads(octets)
        message = str(found.get("retmsg", ""))[:400]
        answer = {"code": int(found["retcode"]), "message": message, "data": found.get("data")}
    except TimeoutError:
        answer = {"kind": "timeout", "error": f"no answer to {path} within {patient(timeout):g} s"}
    except ConnectionRefusedError:
        answer = {"kind": "refused", "error": f"nothing listens on {host}:{port}"}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        answer = {"kind": "foreign", "error": f"what answers on {host}:{port} is not flow: {error!r}"[:300]}
    except OSError as error:
        answer = {"kind": "refused", "error": f"{host}:{port}: {error}"}
    answer["seconds"] = round(time.monotonic() - begin, 3)
    return answer
