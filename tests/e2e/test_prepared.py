"""A prepared node is a bare one with packages and a store: it has nothing of the cluster that made it."""

from __future__ import annotations

import json

import pytest
import yaml
from conftest import NewSandbox
from prepared import BASE, LEFT

from fatecloud.workflow.sandbox import Handed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3000)]


@pytest.fixture(scope="module")
def ready(new_sandbox: NewSandbox) -> Handed:
    return new_sandbox("ready", 2, prepared=True)


def test_a_prepared_node_has_packages_and_release_and_nothing_of_a_cluster(ready: Handed) -> None:
    own, sandbox = yaml.safe_load(ready.inventory.read_text()), ready.sandbox
    for node in sandbox.nodes:
        assert sandbox.check(node, ["sh", "-ec", LEFT.format(base=BASE)]) == ""
        assert sandbox.check(node, ["sh", "-ec", f"ls {BASE}/store/venv/*/.complete {BASE}/store/artifacts"])
        assert "ii" in sandbox.check(node, ["dpkg", "-l", "mariadb-server", "rabbitmq-server"])
        assert sandbox.exec(node, ["pgrep", "-fa", "[m]ariadbd|[b]eam.smp|[n]ginx"]).text == ""
        record = json.loads(sandbox.check(node, ["cat", f"{BASE}/.fatecloud/manifest.json"]))
        assert (record["cluster"], record["id"]) == (own["cluster"], own["id"])
        assert record.keys() == {"cluster", "id", "layout", "artifacts", "made", "packages", "masked"}


def test_prepared_nodes_have_ids_and_host_keys_of_their_own(ready: Handed) -> None:
    sandbox = ready.sandbox
    for file in ("/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key.pub"):
        assert len({sandbox.check(node, ["cat", file]) for node in sandbox.nodes}) == len(sandbox.nodes)
