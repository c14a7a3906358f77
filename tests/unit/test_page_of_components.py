"""What the page on adding a component shows as a whole one works as it is there."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-component.md"
BLOCK = re.compile(r"^`([\w/.-]+)`[^\n]*\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INVENTORY = """\
apiVersion: fatecloud/v1
cluster: demo
id: a123456789abcdef
nodes:
  n1: {address: 192.0.2.1}
groups:
  books: {release: shelf-1, services: {shelf: n1}, config: {shelf: {title: '<One> & "two"', ports: {http: PORT}}}}
"""
TRIED = """\
import json, sys
from pathlib import Path
from fatecloud import catalogue, components

place = Path(sys.argv[1])
components.__path__.append(str(place / "fatecloud" / "components"))
catalogue.__path__.append(str(place / "fatecloud" / "catalogue"))

from fatecloud.checks.engine import judge
from fatecloud.components.declared import component_checks
from fatecloud.inventory import load
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer
from fatecloud.render.files import render_specs
from fatecloud.resolve.desired import resolve

cluster = load(place / "inventory.yml")
desired = resolve(cluster, catalogue.releases_of(cluster))
(service,) = desired.services.values()
own = [spec for spec in service.specs if spec.template.startswith("shelf/")]
(page,) = render_specs(own, service.id.key, place / "templates")


def found(shown):
    answers = {f"{service.id.key}:shelf.page": ProbeAnswer(0, {"ok": True, "page": shown}, None, 0.1)}
    seen = {"n1": NodeFacts("n1", {"clock": Fact({"epoch": 1.0}), "services": Fact({})}, answers, 0.1)}
    return [finding.code for finding in judge(desired, Observed(seen, 1.0, 0.1, {}), component_checks()).findings]


(probe,) = service.probes
print(json.dumps({
    "page": page.text, "argv": service.process.argv, "probe": probe.argv, "stdin": probe.stdin,
    "healthy": found(page.text), "faulty": found("<title>other</title>"),
}))
"""


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the program makes of the page's component, in a process of its own."""
    place = tmp_path_factory.mktemp("page")
    for path, text in BLOCK.findall(PAGE.read_text()):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    with socket.create_server(("127.0.0.1", 0)) as any_port:
        (place / "inventory.yml").write_text(INVENTORY.replace("PORT", str(any_port.getsockname()[1])))
    done = subprocess.run([sys.executable, "-c", TRIED, place], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_its_page_has_the_title_of_the_inventory(tried: dict[str, Any]) -> None:
    assert tried["page"] == "<title>&lt;One&gt; &amp; &quot;two&quot;</title>\n"


def test_its_check_finds_another_page_and_only_that(tried: dict[str, Any]) -> None:
    assert (tried["healthy"], tried["faulty"]) == ([], ["SHELF_OTHER_PAGE"])


def test_its_probe_asks_the_process_that_it_starts(tried: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(tried["page"])
    *argv, _directory = tried["argv"]
    process = subprocess.Popen([sys.executable, *argv[1:], str(tmp_path)], stderr=subprocess.DEVNULL)
    try:
        answer = asked(tried)
        while answer["kind"] == "refused":  # it has not come so far
            assert process.poll() is None
            answer = asked(tried)
    finally:
        process.kill()
        process.wait()
    assert (answer["ok"], answer["page"]) == (True, tried["page"])
    assert asked(tried)["kind"] == "refused"


def asked(tried: dict[str, Any]) -> dict[str, Any]:
    """What the probe prints."""
    argv = [sys.executable, *tried["probe"][1:]]
    done = subprocess.run(argv, input=tried["stdin"], capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
