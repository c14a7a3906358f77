"""FATE-Serving 1.3.3 of a guest and a host, from real packages: deployed from nothing, given a model, predicted with.

Its servers take models from a flow alone, so a small stand-in for flow is on each node. The tests run in order, only
where FATECLOUD_PACKAGES names a directory with a directory `serving`, which has upstream's zips of 1.3.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from program import Program
from raised import RAISED
from serving_groups import deploy, healthy, operator_of, pair
from waiting import wait_until

from fatecloud.components.script import script_text
from fatecloud.components.serving_server import sample, trial_model
from fatecloud.components.serving_server.publishing import publish_request
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

PACKAGES = Path(os.environ.get("FATECLOUD_PACKAGES") or "none") / "serving"
ARCHIVES = sorted(PACKAGES.glob("*-1.3.*.zip"))
if not ARCHIVES:
    pytest.skip("FATECLOUD_PACKAGES names no directory with serving 1.3", allow_module_level=True)
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
RELEASE = "serving-1.3.3"
SIDES = {"guest": ("n1", 9999), "host": ("n2", 10000)}
SERVICES = ("zookeeper", "redis", "serving-server", "serving-proxy")
MODELS, CODE = "/opt/models", "/opt/asking.zip"
STAND_IN = f"""
import http.server, json, pathlib
class Flow(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        data = json.loads(pathlib.Path("{MODELS}", asked["namespace"].split("#")[0]).read_text())
        body = json.dumps({{"retcode": 0, "data": data}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("127.0.0.1", 9380), Flow).serve_forever()
"""
LOAD = f"""
import json, sys
sys.path.insert(0, "{CODE}")
from fatecloud.probing.grpc.asking import asked
from fatecloud.probing.grpc.wire import fields
for method, message in json.loads(sys.argv[1]):
    path = "/com.webank.ai.fate.api.mlmodel.manager.ModelService/" + method
    answer, body = asked("127.0.0.1", 8000, path, bytes.fromhex(message), timeout=60)
    assert answer["ok"] and not fields(body).get(1), (method, answer, body)
"""


@pytest.fixture(scope="module")
def sandbox(new_sandbox: Callable[..., Handed]) -> Handed:
    return new_sandbox("serving1", 2, prepared=True, memory=4 << 30)


@pytest.fixture(scope="module")
def nodes(sandbox: Handed) -> Sandbox:
    return sandbox.sandbox


@pytest.fixture(scope="module")
def program(sandbox: Handed, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The operator of both groups; their store has nothing but upstream's zips."""
    return operator_of(sandbox, tmp_path_factory.mktemp("serving1"), _groups, RELEASE, ARCHIVES)


def _groups(document: dict[str, Any]) -> None:
    document["groups"] = pair(RELEASE, SIDES, SERVICES, flow="127.0.0.1:9380")


@pytest.fixture(scope="module", autouse=True)
def _running(program: Program) -> None:
    """Deployed from nothing; a request through both proxies is its proof."""
    deploy(program)


def predicted(nodes: Sandbox) -> dict[str, Any]:
    """What the guest's proxy answers to a request with features of its side; the host's are in its file."""
    document = {
        "head": {"serviceId": sample.SERVICE},
        "body": {"featureData": sample.GUEST_FEATURES, "sendToRemoteFeatureData": {"id": os.urandom(8).hex()}},
    }
    ask = 'printf %s "$1" | python3 -c "$2" 127.0.0.1 8059 inference'
    argv = ["sh", "-c", ask, "sh", json.dumps(document), script_text("serving-proxy", "trial_request.py")]
    answer: dict[str, Any] = json.loads(nodes.check("n1", argv))["answer"]
    return answer


def test_it_is_healthy_and_a_second_deploy_has_nothing_to_do(program: Program) -> None:
    healthy(program, 300)
    assert "nothing to do" in program.ok("deploy", "--yes").out


def test_both_parties_together_make_the_score(nodes: Sandbox) -> None:
    code = _code()
    guest, host = (str(party) for _, party in SIDES.values())
    for role, (node, _) in reversed(SIDES.items()):
        nodes.write(node, CODE, code)
        nodes.write(node, f"{MODELS}/{role}", sample.model(role, guest, host))
        nodes.write(node, f"{MODELS}/stand_in.py", STAND_IN.encode())
        nodes.check(node, ["systemd-run", "--unit=stand-in", "python3", f"{MODELS}/stand_in.py"])
        nodes.check(
            node, ["sh", "-c", "for n in $(seq 50); do ss -ltn | grep -q :9380 && exit 0; sleep 0.2; done; exit 1"]
        )
        own, partner = trial_model.parts(role, guest, host)
        service = sample.SERVICE if role == "guest" else ""
        message = publish_request(own, [partner], service).hex()
        steps = ["publishLoad", *(["publishBind"] if role == "guest" else [])]
        nodes.check(node, ["python3", "-c", LOAD, json.dumps([[step, message] for step in steps])], timeout=180)
    wait_until(lambda: predicted(nodes).get("retcode") == 0, 120)
    data = predicted(nodes)["data"]
    assert data["prob"] == pytest.approx(sample.score(), abs=1e-9)


def test_the_verbs_read_the_record_ask_once_for_each_request_and_take_nothing_away(
    program: Program, tmp_path: Path
) -> None:
    listed = json.loads(program.ok("serving", "models", "-o", "json").out)["items"]
    ((own, *_), (other, *_)) = (item["instances"] for item in listed)
    ((model,), (partner,)) = own["models"], other["models"]
    assert (model["version"], model["services"], own["recorded"]) == (sample.VERSION, [sample.SERVICE], True)
    assert (partner["role"], model["partners"][0]["id"]) == ("host", partner["id"])
    file = tmp_path / "features.json"
    file.write_text(json.dumps([sample.GUEST_FEATURES] * 2))
    done = program.ok("serving", "predict", sample.SERVICE, "--guest-features", str(file), "-o", "json")
    calls = json.loads(done.out)["calls"]
    assert [call["scores"][0]["score"] for call in calls] == [pytest.approx(sample.score(), abs=1e-9)] * 2
    assert "no call that takes a model" in program.run("serving", "unpublish", sample.SERVICE, "--yes").err


def _code() -> bytes:
    """What the nodes ask with, as Python imports it from one file."""
    root, packed = Path(trial_model.__file__).parents[2], io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in (root / "__init__.py", *sorted((root / "probing").rglob("*.py"))):
            archive.write(file, f"fatecloud/{file.relative_to(root)}")
    return packed.getvalue()


def test_after_a_restart_of_everything_the_score_is_the_same(program: Program, nodes: Sandbox) -> None:
    with RAISED.anything():
        program.ok("restart", "--yes", timeout=1200)
        healthy(program, 300)
    wait_until(lambda: predicted(nodes).get("retcode") == 0, 180)
    assert predicted(nodes)["data"]["prob"] == pytest.approx(sample.score(), abs=1e-9)
