"""FATE-Serving of a guest and a host on a node each, from real packages: deployed, predicted with, restarted, updated.

The tests run in order. No registry has the packages, so they run only where FATECLOUD_PACKAGES names a directory with a
directory `serving`, which has upstream's zips of 2.1.6 and 2.1.7.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from own_store import import_confirmed, operator
from program import Program
from raised import RAISED
from two_parties import unit

from fatecloud.components.script import script_text
from fatecloud.components.serving_server import sample
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

PACKAGES = Path(os.environ.get("FATECLOUD_PACKAGES") or "none") / "serving"
ARCHIVES = sorted(PACKAGES.glob("*-2.1.*.zip"))
if not ARCHIVES:
    pytest.skip("FATECLOUD_PACKAGES names no directory with serving", allow_module_level=True)
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
MEMORY = 4 << 30
FIRST, LATER = "serving-2.1.6", "serving-2.1.7"
SIDES = {"guest": ("n1", 9999), "host": ("n2", 10000)}
SERVICES = ("zookeeper", "redis", "serving-server", "serving-proxy", "serving-admin")
KEPT = {"zookeeper", "redis"}
DATA = "find / -xdev -path '*/conf/serving-server.properties' -exec sed -n s/^model.cache.path=//p {} + | head -n 1"
"""Shows where a server keeps its models."""


@pytest.fixture(scope="module")
def sandbox(new_sandbox: Callable[..., Handed]) -> Handed:
    return new_sandbox("serving", 2, prepared=True, memory=MEMORY)


@pytest.fixture(scope="module")
def nodes(sandbox: Handed) -> Sandbox:
    return sandbox.sandbox


@pytest.fixture(scope="module")
def program(sandbox: Handed, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The operator of both groups; their store has nothing but upstream's zips."""
    place = tmp_path_factory.mktemp("serving")
    empty = place / "empty"
    empty.mkdir()
    program = operator(sandbox, place, empty, _pair)
    for release in (FIRST, LATER):
        program.ok("release", "fetch", release)
    import_confirmed(program, ARCHIVES)
    return program


def _pair(document: dict[str, Any]) -> None:
    for name in ("release", "architecture", "parties"):
        document.pop(name, None)
    document["groups"] = {
        side: {
            "release": FIRST,
            "services": dict.fromkeys(SERVICES, node),
            "config": {
                "serving-proxy": {"party": party},
                "serving-server": {"features": {"source": "sample"}},
                "redis": {"memory": "8MiB"},
            },
        }
        for side, (node, party) in SIDES.items()
    }


@pytest.fixture(scope="module", autouse=True)
def _running(program: Program) -> None:
    """Deployed from nothing; a request through both proxies is its proof."""
    with RAISED.anything():
        done = program.ok("deploy", "--yes", timeout=2400)
    assert "route guest -> host: success" in done.out + done.err


def healthy(program: Program) -> None:
    report = program.wait_for(lambda report: report["status"] == 0, timeout=300)
    assert (report["findings"], report["status"]) == ([], 0)


def predicted(program: Program, guest: str, host: str) -> None:
    """The score of a request is the one of both parties together, and the model is gone again."""
    document = json.loads(program.ok("test", "predict", "--from", guest, "--to", host, "-o", "json", timeout=400).out)
    assert document["figures"]["score"] == pytest.approx(sample.score(), abs=1e-9)
    assert document["not_removed"] == []


def test_it_is_healthy_and_a_second_deploy_has_nothing_to_do(program: Program) -> None:
    healthy(program)
    assert "nothing to do" in program.ok("deploy", "--yes").out


def test_both_parties_together_make_the_score_from_either_side(program: Program) -> None:
    predicted(program, "guest", "host")
    predicted(program, "host", "guest")


def said(program: Program, *words: str, status: int = 0) -> Any:
    done = program.run("serving", *words, "-o", "json")
    assert done.status == status, done.err
    return json.loads(done.out)


def test_the_verbs_show_ask_bind_and_take_away_a_model(program: Program, nodes: Sandbox, tmp_path: Path) -> None:
    guest, host = (str(party) for _, party in SIDES.values())
    script = script_text("serving-server", "trial_model.py")
    for role, (node, _) in reversed(SIDES.items()):
        data = nodes.check(node, ["sh", "-c", DATA]).strip()
        loaded = nodes.check(node, ["python3", "-c", script, "load", "127.0.0.1", "8000", data, role, guest, host])
        assert json.loads(loaded) == {"ok": True}, loaded
    ((own, *_), (other, *_)) = (item["instances"] for item in said(program, "models")["items"])
    ((model,), (partner,)) = own["models"], other["models"]
    assert (model["version"], model["services"], model["role"]) == (sample.VERSION, [sample.SERVICE], "guest")
    assert (partner["role"], partner["services"], model["partners"][0]["id"]) == ("host", [], partner["id"])
    assert time.time() - 600 < datetime.fromisoformat(model["since"]).timestamp() < time.time() + 60
    assert own["registered"][sample.SERVICE]
    assert [where for where in other["registered"].values() if where]
    file = tmp_path / "features.json"
    file.write_text(json.dumps(sample.GUEST_FEATURES))
    predict = ("predict", sample.SERVICE, "--guest-features", str(file))
    # The first request after a start may come too early for a connection.
    program.run("serving", *predict)
    (call,) = said(program, *predict)["calls"]
    assert call["scores"][0]["score"] == pytest.approx(sample.score(), abs=1e-9)
    services = [hop["service"].partition("@")[0] for hop in call["hops"]]
    assert services == ["guest/serving-proxy", "guest/serving-server", "host/serving-server"]
    file.write_text(json.dumps([sample.GUEST_FEATURES] * 3))
    (batch,) = said(program, *predict)["calls"]
    assert [one["score"] for one in batch["scores"]] == [pytest.approx(sample.score(), abs=1e-9)] * 3
    assert said(program, "cache", "--owner", "guest")["items"][0]["answers"] >= 1
    assert said(program, "cache", "--owner", "guest", "--ttl", "0", "--yes")["items"][0]["changed"] >= 1
    assert said(program, "cache", "--owner", "guest")["items"][0]["answers"] == 0
    assert said(program, "bind", "lr", sample.VERSION, "--yes")["before"] == {}
    file.write_text(json.dumps(sample.GUEST_FEATURES))
    (bound,) = said(program, "predict", "lr", "--guest-features", str(file))["calls"]
    assert bound["scores"][0]["score"] == pytest.approx(sample.score(), abs=1e-9)
    healthy(program)
    assert "it has models" in program.run("serving", "smoke").err
    assert len(said(program, "unpublish", "lr", "--yes")["servers"]) == 1
    assert len(said(program, "unpublish", sample.SERVICE, "--yes")["servers"]) == 2
    assert all(not one["models"] for item in said(program, "models")["items"] for one in item["instances"])
    assert said(program, "predict", "lr", "--guest-features", str(file), "--owner", "guest", status=1)


def test_a_restart_of_everything_changes_nothing_about_the_score(program: Program) -> None:
    with RAISED.anything():
        program.ok("restart", "--yes", timeout=1200)
        healthy(program)
    predicted(program, "guest", "host")


def test_after_a_reboot_of_both_nodes_the_score_is_the_same(program: Program, nodes: Sandbox) -> None:
    nodes.restart(*nodes.nodes)
    with RAISED.anything():
        program.wait_for(lambda report: report["status"] == 0, timeout=900)
    healthy(program)
    predicted(program, "guest", "host")


def test_an_update_keeps_what_is_registered_and_the_score(program: Program, nodes: Sandbox) -> None:
    before = {(node, name): _pid(program, nodes, side, name) for side, (node, _) in SIDES.items() for name in SERVICES}
    text = program.inventory.read_text().replace(FIRST, LATER)
    program.inventory.write_text(text)
    with RAISED.anything():
        program.ok("deploy", "--yes", timeout=1800)
    after = {(node, name): _pid(program, nodes, side, name) for side, (node, _) in SIDES.items() for name in SERVICES}
    kept = {key for key in before if before[key] == after[key]}
    assert kept >= {(node, name) for node, _ in SIDES.values() for name in KEPT}
    assert not {name for _, name in kept} & {"serving-server", "serving-proxy"}
    healthy(program)
    predicted(program, "guest", "host")


def _pid(program: Program, nodes: Sandbox, side: str, component: str) -> str:
    node = SIDES[side][0]
    return nodes.check(node, ["systemctl", "show", "-P", "MainPID", unit(program, side, component)]).strip()
