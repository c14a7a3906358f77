"""Runs on the node: the state of the own member, by ZooKeeper's commands `srvr` and `mntr`, which need no account."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from fatecloud.components.zookeeper.protocol import NOT_SERVING, TIMEOUT, words
from fatecloud.probing.dialing import readable, trouble

FIGURES = (
    "zk_synced_followers",
    "zk_num_alive_connections",
    "zk_outstanding_requests",
    "zk_open_file_descriptor_count",
    "zk_max_file_descriptor_count",
    "zk_approximate_data_size",
)


def state(host: str, port: int) -> dict[str, Any]:
    """Version and part of a member; `no_quorum` where it takes no requests."""
    try:
        answer = words(host, port, "srvr")
    except OSError as error:
        return trouble(error, TIMEOUT)
    if NOT_SERVING in answer:
        return {"ok": False, "kind": "no_quorum", "error": "it takes no requests: it is in no quorum"}
    mode = re.search(r"^Mode: (\w+)$", answer, re.MULTILINE)
    if not mode:
        return {"ok": False, "kind": "foreign", "error": f"not ZooKeeper: {readable(answer)!r}"}
    version = re.search(r"^Zookeeper version: ([\w.]+)", answer, re.MULTILINE)
    return {"ok": True, "mode": mode.group(1), "version": version.group(1) if version else ""}


def judge(host: str, port: int) -> dict[str, Any]:
    """The document: the state, and figures where it has some."""
    found = state(host, port)
    if found["ok"]:
        try:
            lines = [line.split("\t") for line in words(host, port, "mntr").splitlines()]
        except OSError as error:
            return trouble(error, TIMEOUT, "silent")
        # Some lines of `mntr` are texts, and which ones differs between versions.
        figures = {line[0]: line[1] for line in lines if len(line) > 1 and re.match(r"\d+(\.\d+)?$", line[1])}
        found["figures"] = {name: int(float(figures[name])) for name in FIGURES if name in figures}
    return found


if __name__ == "__main__":
    host, port = sys.argv[1:]
    sys.stdout.write(json.dumps(judge(host, int(port))) + "\n")
