"""FATE-Serving of two parties: a guest with two servers and a host with one, which have the sample model.

Each check sends a request whose score is known, the last witness of all else.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fault_sites import SITES
from faults import Site
from own_store import import_confirmed, operator
from raised import RAISED
from rolling import Rolling, codes
from two_parties import home, label

from fatecloud.components.script import script_text
from fatecloud.components.serving_server import sample
from fatecloud.components.zookeeper import protocol
from fatecloud.workflow.sandbox import Handed

PACKAGES = Path(os.environ.get("FATECLOUD_PACKAGES") or "none") / "serving"
ARCHIVES = sorted(PACKAGES.glob("*-2.1.6-*.zip"))
RELEASE = "serving-2.1.6"
MEMORY = 4 << 30
SITE = SITES["serving"]
PARTIES = {"guest": "9999", "host": "10000"}
MODEL, LEAVING, CODE = "/opt/model.py", "/opt/leaving.py", "/opt/asking.zip"
"""On each node: loads the sample model, and removes it; makes a server leave its work to others; and what faults.sh
asks with, as Python imports it."""


def deployed(handed: Handed, place: Path) -> Rolling:
    """Both parties on FATE-Serving, deployed from nothing, with the sample model in every server.

    Args:
        handed: three nodes.
        place: an empty directory for the operator.
    """
    empty = place / "empty"
    empty.mkdir()
    program = operator(handed, place, empty, _inventory)
    program.ok("release", "fetch", RELEASE)
    import_confirmed(program, ARCHIVES)
    with RAISED.anything():
        # Its check says that the request with the known score finds no model yet.
        program.run("deploy", "--yes", "--no-verify", timeout=2400)
        servings = Rolling(program, handed.sandbox)
        load(servings, SITE.nodes)
        report = program.wait_for(lambda report: not codes(report), timeout=400)
    assert not codes(report), report["findings"]
    return servings


def load(servings: Rolling, nodes: Iterable[str]) -> None:
    """Put the sample model into the servers of nodes."""
    script, code = script_text("serving-server", "trial_model.py").encode(), _code()
    for node in nodes:
        servings.nodes.write(node, MODEL, script)
        servings.nodes.write(node, LEAVING, script_text("serving-server", "v2/rolling.py").encode())
        servings.nodes.write(node, CODE, code)
        site = Site(servings.nodes, label(servings.program), node, SITE.nodes[node], home(servings.program), SITE.nodes)
        answer = json.loads(site.shell(site.script("model load", SITE.components)))
        assert answer["ok"], answer


def shadow(document: dict[str, Any]) -> None:
    """A request with the sample's features, in the settings of the guest's proxy."""
    document["groups"]["guest"]["config"]["serving-proxy"]["shadow"] = {
        "service": sample.SERVICE,
        "features": json.dumps(sample.GUEST_FEATURES),
        "score": sample.score(),
    }


def _code() -> bytes:
    root, packed = Path(protocol.__file__).parents[2], io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in (root / "__init__.py", *sorted((root / "probing").rglob("*.py"))):
            archive.write(file, f"fatecloud/{file.relative_to(root)}")
        for name in ("sample", "trial_model", "messages", "listing"):
            archive.write(
                Path(sample.__file__).with_name(f"{name}.py"), f"fatecloud/components/serving_server/{name}.py"
            )
        archive.write(protocol.__file__, "zoo.py")
    return packed.getvalue()


def _inventory(document: dict[str, Any]) -> None:
    for name in ("release", "architecture", "parties"):
        document.pop(name, None)
    document["groups"] = {
        owner: {
            "release": RELEASE,
            "services": {name: _places(owner, name) for name in SITE.components},
            "config": {
                "serving-proxy": {"party": int(number)},
                "serving-server": {"features": {"source": "sample"}},
                "redis": {"memory": "8MiB"},
            },
        }
        for owner, number in PARTIES.items()
    }
    shadow(document)


def _places(owner: str, component: str) -> list[str]:
    nodes = [node for node, name in SITE.nodes.items() if name == owner]
    return nodes if component == "serving-server" else nodes[:1]
