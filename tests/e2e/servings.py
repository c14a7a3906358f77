"""A guest and a host on FATE-Serving 2.1, each with two servers behind one proxy: upstream's, or the fixtures'."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from own_store import import_confirmed, operator
from program import Program
from raised import RAISED
from rolling import Rolling
from serving_packages import REAL, archives
from two_parties import home, user

from fatecloud.components.script import script_text
from fatecloud.components.serving_server import sample
from fatecloud.workflow.sandbox import Handed

FIRST, LATER = "serving-2.1.6", "serving-2.1.7"
MEMORY = (6 if REAL else 4) << 30
SIDES = {"guest": ("n1", 9999), "host": ("n2", 10000)}
"""Group -> its node, and the number of its party."""
SECOND = "n3"
"""Has one more server of each."""
SERVICES = ("zookeeper", "redis", "serving-proxy", "serving-admin")
PORTS = {"guest": {"n1": 8000, SECOND: 8000}, "host": {"n2": 8000, SECOND: 8001}}
PATIENCE = 20_000
"""Milliseconds for the other party: no request is to fail for the load of the tests' machine."""


def deployed(handed: Handed, place: Path) -> Rolling:
    """Both, deployed from nothing by an operator whose store has nothing but these archives.

    Args:
        handed: three nodes.
        place: an empty directory for the operator.
    """
    empty = place / "empty"
    empty.mkdir()
    program = operator(handed, place, empty, _pair)
    for release in (FIRST, LATER):
        program.ok("release", "fetch", release)
    import_confirmed(program, archives())
    with RAISED.anything():
        done = program.ok("deploy", "--yes", timeout=2400)
    assert "route guest -> host: success" in done.out + done.err
    return Rolling(program, handed.sandbox)


def _pair(document: dict[str, Any]) -> None:
    for name in ("release", "architecture", "parties"):
        document.pop(name, None)
    document["groups"] = {
        side: {
            "release": FIRST,
            "services": {
                **dict.fromkeys(SERVICES, node),
                "serving-server": [node, {"node": SECOND, "config": {"ports": _own(PORTS[side][SECOND])}}],
            },
            "config": {
                "serving-proxy": {"party": party, "timeout": PATIENCE},
                "serving-server": {"features": {"source": "sample"}},
                "redis": {"memory": "8MiB"},
            },
        }
        for side, (node, party) in SIDES.items()
    }


def _own(grpc: int) -> dict[str, int]:
    """Ports of a server that shares its node with another one."""
    return {"grpc": grpc, "http": grpc + 185}


def healthy(program: Program) -> None:
    report = program.wait_for(lambda report: report["status"] == 0, timeout=300)
    assert (report["findings"], report["status"]) == ([], 0)


def predicted(program: Program, guest: str, host: str) -> None:
    """The score of a request is the one of both parties together, and the model is gone again."""
    document = json.loads(program.ok("test", "predict", "--from", guest, "--to", host, "-o", "json", timeout=400).out)
    assert abs(document["figures"]["score"] - sample.score()) < 1e-9
    assert document["not_removed"] == []


@contextmanager
def models(servings: Rolling) -> Iterator[None]:
    """The sample's parts in all servers, for as long as it lasts."""
    try:
        _ask_all(servings, "load")
        yield
    finally:
        _ask_all(servings, "unload")


def _ask_all(servings: Rolling, what: str) -> None:
    parties = [str(party) for _, party in SIDES.values()]
    for role, ports in PORTS.items():
        own = user(servings.program, role, "serving-server")
        data = f"{home(servings.program)}/data/{servings.slug(role, 'serving-server')}"
        for node, port in ports.items():
            more = [data] if what == "load" else []
            address = servings.nodes.addresses[node]
            argv = ["python3", "-", what, address, str(port), *more, role, *parties]
            servings.nodes.write(node, "/srv/trial_model.py", script_text("serving-server", "trial_model.py").encode())
            done = servings.nodes.exec(node, ["sh", "-c", f"{shlex.join(argv)} < /srv/trial_model.py"], own)
            answer = json.loads(done.text)
            assert answer["ok"], (node, port, answer)


_REQUESTS = """\
import http.client, json, os, sys, threading, time, uuid
features, remote, expected = json.loads(sys.argv[1]), "sendToRemoteFeatureData", float(sys.argv[2])
asked, failed, lock = [], [], threading.Lock()

def request(call, body):
    connection = http.client.HTTPConnection("127.0.0.1", 8059, timeout=60)
    document = {"head": {"serviceId": sys.argv[3]}, "body": body}
    connection.request("POST", "/federation/v1/" + call, json.dumps(document), {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())

def one():
    return {"featureData": features, remote: {"id": uuid.uuid4().hex}}

def work(call):
    while not os.path.exists("/srv/stop"):
        try:
            if call == "inference":
                answer = request(call, one())
                scores = [answer["data"].get("score")]
            else:
                answer = request(call, {"batchDataList": [dict(index=index, **one()) for index in (1, 2)]})
                scores = [item["data"].get("score") for item in answer["batchDataList"]]
            well = answer["retcode"] == 0 and all(abs(score - expected) < 1e-9 for score in scores)
        except Exception as error:
            well, answer = False, repr(error)
        with lock:
            asked.append(call)
            if not well:
                failed.append(answer)
        time.sleep(0.1)

threads = [threading.Thread(target=work, args=(call,)) for call in ("inference", "inference", "batchInference")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
with open("/srv/requests.json", "w") as file:
    json.dump({"asked": len(asked), "failed": failed[:20], "failures": len(failed)}, file)
"""


@dataclass
class Requests:
    """What became of requests of an application; both numbers are known at the end."""

    asked: int = 0
    failed: tuple[Any, ...] = ()


@contextmanager
def requests(servings: Rolling) -> Iterator[Requests]:
    """An application beside the guest's proxy that asks all the time, for a single score and for batches."""
    node, found = SIDES["guest"][0], Requests()
    nodes = servings.nodes
    nodes.write(node, "/srv/requests.py", _REQUESTS.encode())
    nodes.check(node, ["rm", "-f", "/srv/stop", "/srv/requests.json"])
    features = json.dumps(sample.GUEST_FEATURES)
    argv = ["python3", "/srv/requests.py", features, repr(sample.score()), sample.SERVICE]
    nodes.check(node, ["systemd-run", "--unit=requests", "--collect", *argv])
    try:
        yield found
    finally:
        nodes.check(node, ["touch", "/srv/stop"])
        wait = (
            "for n in $(seq 900); do test -s /srv/requests.json && exec cat /srv/requests.json; sleep 0.1; done; exit 1"
        )
        said = json.loads(nodes.check(node, ["sh", "-c", wait], timeout=120))
        found.asked, found.failed = said["asked"], tuple(said["failed"])
