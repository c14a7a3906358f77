"""Models that FATE 1.x trained, published to FATE-Serving: what they answer is what is computed from the export.

Real packages alone: FATECLOUD_PACKAGES names a directory with `fate-1.11.4` and `fate-1.4.5`, and with `serving`, which
has upstream's zips of 2.1.6 and 1.3.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from own_store import import_confirmed, operator
from program import Program
from raised import RAISED
from rolling import Rolling
from trained import FEATURES, lr
from two_parties import PARTIES

from fatecloud.artifacts.trained.archive import opened
from fatecloud.components.serving_server import sample
from fatecloud.probing.grpc.wire import fields
from fatecloud.workflow.sandbox import Handed

PACKAGES = Path(os.environ.get("FATECLOUD_PACKAGES") or "none")
SERVING = PACKAGES / "serving"
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(5400)]
MEMORY = 10 << 30
SERVICE = "credit"
WEIGHTS = "HeteroLogisticRegressionParam"
"""The file of a part that has them, an entry for each feature, and the intercept."""


@dataclass(frozen=True)
class Pair:
    """A release of FATE, and the release of Serving that takes its models."""

    fate: str
    serving: str
    zips: str

    @property
    def oldest(self) -> bool:
        return self.fate == "fate-1.4.5"

    @property
    def archives(self) -> list[Path]:
        return [*sorted((PACKAGES / self.fate).glob("*.tar.gz")), *sorted(SERVING.glob(self.zips))]


PAIRS = (
    Pair("fate-1.11.4", "serving-2.1.6", "*-2.1.6-*.zip"),
    Pair("fate-1.4.5", "serving-1.3.3", "*-1.3.*.zip"),
)
if not any((PACKAGES / pair.fate).is_dir() and list(SERVING.glob(pair.zips)) for pair in PAIRS):
    pytest.skip("FATECLOUD_PACKAGES names no directory with FATE 1.x and FATE-Serving", allow_module_level=True)


@dataclass(frozen=True)
class Published:
    """Two parties with their servers, and the model that they trained."""

    site: Rolling
    pair: Pair
    job: str
    version: str

    @property
    def program(self) -> Program:
        return self.site.program


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: pair.fate)
def published(
    request: pytest.FixtureRequest, new_sandbox: Callable[..., Handed], tmp_path_factory: pytest.TempPathFactory
) -> Published:
    """Everything deployed from nothing in one go, a regression trained, and published under a service id."""
    pair: Pair = request.param
    handed = new_sandbox("published", 2, prepared=True, memory=MEMORY)
    place = tmp_path_factory.mktemp("published")
    (place / "empty").mkdir()
    program = operator(handed, place, place / "empty", lambda document: _both(document, pair, handed))
    python = str((PACKAGES / pair.fate / "python").resolve())
    program.ok("release", "fetch", pair.fate, "--interpreter", python, timeout=1200)
    program.ok("release", "fetch", pair.serving)
    import_confirmed(program, pair.archives)
    site = Rolling(program, handed.sandbox)
    with RAISED.anything():
        program.ok("deploy", "--yes", timeout=3000)
        program.wait_for(lambda report: report["status"] == 0, timeout=300)
    job = lr(site, oldest=pair.oldest)
    done = json.loads(program.ok("serving", "publish", job, SERVICE, "--yes", "-o", "json", timeout=900).out)
    return Published(site, pair, job, done["model"])


def _both(document: dict[str, Any], pair: Pair, handed: Handed) -> None:
    addresses = handed.sandbox.addresses
    fate = ("flow", "mysql", "clustermanager", "rollsite", "nodemanager")
    serving = ("zookeeper", "redis", "serving-server", "serving-proxy")
    document["release"], document["architecture"] = pair.fate, "eggroll"
    document["parties"] = {
        party: {
            "addresses": [addresses[node]],
            "services": {**dict.fromkeys(fate, node), "serving-server": {"group": f"online{party}"}},
            "config": {"flow": {"jobs": {"cores": 2}}},
        }
        for node, party in PARTIES.items()
    }
    document["groups"] = {
        f"online{party}": {
            "release": pair.serving,
            "services": dict.fromkeys(serving, node),
            "config": {
                "serving-proxy": {"party": int(party)},
                "serving-server": {"features": {"source": "sample"}},
                "redis": {"memory": "8MiB"},
            },
        }
        for node, party in PARTIES.items()
    }


def answered(published: Published, tmp_path: Path) -> float:
    """The score of one request."""
    file = tmp_path / "features.json"
    file.write_text(json.dumps(sample.GUEST_FEATURES))
    done = published.program.ok("serving", "predict", SERVICE, "--guest-features", str(file), "-o", "json")
    return float(json.loads(done.out)["calls"][0]["scores"][0]["score"])


def exported(published: Published, tmp_path: Path) -> Path:
    """What the two flows have of the model."""
    (row,) = (
        item["models"][0]
        for entry in json.loads(published.program.ok("serving", "models", "-o", "json").out)["items"]
        for item in entry["instances"]
        if item["models"] and item["models"][0]["role"] == "guest"
    )
    archive = tmp_path / "credit.model.tar"
    name = str(row["id"]).split("#", 2)[2]
    words = ("--model-id", name, "--model-version", published.version)
    owners = [word for party in PARTIES.values() for word in ("--owner", party)]
    published.program.ok("model", "export", *words, *owners, "-o", str(archive), timeout=300)
    return archive


def offline(archive: Path, *, roles: tuple[str, ...] = ("guest", "host")) -> float:
    """The score of the sample's features, computed from the weights in an archive alone."""
    total = 0.0
    with opened(archive) as found:
        contents = found.contents()
    for part, (_, files) in contents.items():
        if part.role not in roles:
            continue
        (octets,) = (content for name, content in files.items() if name.endswith(WEIGHTS))
        message = fields(octets)
        (intercept,) = message.get(5, [bytes(8)])
        total += _double(intercept)
        for entry in message[4]:
            name, weight = (fields(entry)[number][0] for number in (1, 2))
            total += FEATURES[part.role][name.decode()] * _double(weight)
    return 1 / (1 + math.exp(-total))


def _double(octets: bytes) -> float:
    return float(struct.unpack("<d", octets)[0])


def test_a_request_has_the_score_that_is_computed_from_the_export(published: Published, tmp_path: Path) -> None:
    archive = exported(published, tmp_path)
    whole = offline(archive)
    assert abs(whole - offline(archive, roles=("guest",))) > 1e-4
    assert answered(published, tmp_path) == pytest.approx(whole, abs=1e-6)


def test_checks_find_nothing_and_a_second_deploy_has_nothing_to_do(published: Published) -> None:
    report = published.program.wait_for(lambda report: report["status"] == 0, timeout=300)
    assert (report["findings"], report["status"]) == ([], 0)
    assert "nothing to do" in published.program.ok("deploy", "--yes").out


def test_after_a_restart_of_all_servers_the_score_is_the_same(published: Published, tmp_path: Path) -> None:
    before = answered(published, tmp_path)
    with RAISED.anything():
        published.program.ok("restart", "serving-server", "serving-proxy", "--yes", timeout=900)
        published.program.wait_for(lambda report: report["status"] == 0, timeout=300)
    assert answered(published, tmp_path) == pytest.approx(before, abs=1e-9)
