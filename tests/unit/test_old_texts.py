"""The old texts of the nodes' files are read from all nodes at once, and only from nodes that have some."""

from __future__ import annotations

import base64
import hashlib
import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from check_world import healthy_documents, observed, the_desired
from sessions import stand_in

from fatecloud.errors import TransportError
from fatecloud.model.desired import DesiredFile
from fatecloud.workflow.plan import _old_texts
from fatecloud.workflow.texts import verified_texts


def a_file(name: str) -> DesiredFile:
    return DesiredFile(f"/conf/{name}", "new", 0o640, "service", "node", restarts=False, digest="new")


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


OLD = {name: digest_of(f"text of {name}") for name in ("a1", "a2")}


class Nodes:
    """Each node keeps one old text; it answers only once all that are expected were asked."""

    def __init__(self, *changed: str, together: int = 1) -> None:
        desired = the_desired()
        self.desired = replace(desired, files={name: (a_file(name),) for name in desired.cluster.nodes})
        documents = healthy_documents()
        for name, document in documents.items():
            digest = OLD[name] if name in changed else "new"
            document["manifest"]["files"] = {f"/conf/{name}": {"digest": digest, "sha256": "x"}}
        self.observed = observed(documents)
        self.barrier = threading.Barrier(together, timeout=10)
        self.closed: list[str] = []
        self.lost = ""

    def connect(self, node: Any) -> Any:
        if node.name == self.lost:
            raise TransportError(node.name, "NODE_UNREACHABLE", "is gone")

        def run(argv: tuple[str, ...], **_: Any) -> Any:
            self.barrier.wait()
            path = argv[-1]
            assert path == f"/data/fate/.fatecloud/rendered/{OLD[node.name]}"
            text = base64.b64encode(f"text of {node.name}".encode()).decode()
            return SimpleNamespace(stdout=f"{path}\n{text}\n/missing\n\n".encode())

        return SimpleNamespace(run=run, close=lambda: self.closed.append(node.name))

    def texts(self) -> dict[str, str]:
        return _old_texts(stand_in(self.desired, connect=self.connect), self.observed)


def test_all_changed_nodes_are_read_at_the_same_time() -> None:
    nodes = Nodes("a1", "a2", together=2)
    assert nodes.texts() == {OLD["a1"]: "text of a1", OLD["a2"]: "text of a2"}
    assert sorted(nodes.closed) == ["a1", "a2"]


def test_a_node_where_nothing_changes_is_not_asked() -> None:
    nodes = Nodes("a2")
    assert nodes.texts() == {OLD["a2"]: "text of a2"}
    assert nodes.closed == ["a2"]
    assert Nodes().texts() == {}


def test_a_text_that_many_nodes_have_is_read_once() -> None:
    nodes = Nodes("a1")
    nodes.observed.nodes["a2"].facts["manifest"].value["files"]["/conf/a2"]["digest"] = OLD["a1"]  # type: ignore[union-attr]
    assert nodes.texts() == {OLD["a1"]: "text of a1"}
    assert nodes.closed == ["a1"]


def test_a_node_that_went_away_meanwhile_is_reported() -> None:
    nodes = Nodes("a1", "a2")
    nodes.lost = "a1"
    with pytest.raises(TransportError, match="is gone"):
        nodes.texts()


@pytest.mark.parametrize("digest", ["../../../../etc/shadow", "", "x" * 64, 7])
def test_what_a_manifest_names_is_read_only_where_it_is_a_digest(digest: object) -> None:
    nodes = Nodes()
    nodes.observed.nodes["a1"].facts["manifest"].value["files"]["/conf/a1"]["digest"] = digest  # type: ignore[union-attr]
    assert nodes.texts() == {}
    assert nodes.closed == []


def test_a_text_that_is_not_what_its_digest_says_is_not_shown_for_any_node() -> None:
    path, text = f"/data/{OLD['a1']}", base64.b64encode(b"rm -rf /").decode()
    assert verified_texts(f"{path}\n{text}\n".encode()) == {}
    assert verified_texts(f"{path}\n???\n\xff\n".encode()) == {}
    text = base64.b64encode(b"text of a1").decode()
    assert verified_texts(f"{path}\n{text}\n".encode()) == {OLD["a1"]: "text of a1"}
