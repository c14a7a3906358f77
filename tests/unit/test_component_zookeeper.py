"""How a member of an ensemble knows its superuser, and how that one gives a tree to an account."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from serving_world import FOLLOWER, desired

from fatecloud.components.script import script_text
from fatecloud.components.zookeeper.apply_acl import hand_over
from fatecloud.components.zookeeper.protocol import ALL, GONE, NO_AUTH, Refused, digest
from fatecloud.render.files import render_specs
from fatecloud.shipped import folder

OLD, NEW, THEIRS = digest("fate", "old"), digest("fate", "new"), digest("other", "old")
WORLD = (1, "world", "anyone")

Rights = list[tuple[int, str, str]]


@dataclass
class Tree:
    """As much of a session as the program uses, over nodes that are there."""

    nodes: dict[str, Rights]
    gone: str = ""
    """A path that is listed and not there."""
    refuses: bool = False
    changed: list[str] = field(default_factory=list)

    def acl(self, path: str) -> Rights:
        if path == self.gone:
            raise Refused(GONE)
        return self.nodes[path]

    def set_acl(self, path: str, entries: Rights) -> None:
        if self.refuses:
            raise Refused(NO_AUTH)
        self.nodes[path] = entries
        self.changed.append(path)

    def children(self, path: str) -> list[str]:
        return [
            name.rpartition("/")[2] for name in self.nodes if name != "/" and (name.rpartition("/")[0] or "/") == path
        ]


def a_tree(**more: Any) -> Tree:
    return Tree(
        {
            "/": [(ALL, "digest", OLD)],
            "/zookeeper": [WORLD],
            "/a": [(ALL, "digest", OLD), WORLD],
            "/a/b": [(3, "digest", OLD)],
            "/a/theirs": [(ALL, "digest", THEIRS)],
        },
        **more,
    )


def given_to_new(tree: Any) -> Tree:
    hand_over(tree, "fate", NEW)
    assert isinstance(tree, Tree)
    return tree


def test_what_the_account_had_with_another_password_it_has_with_this_one() -> None:
    tree = given_to_new(a_tree())
    assert tree.nodes == {
        "/": [(ALL, "digest", NEW)],
        "/zookeeper": [WORLD],
        "/a": [(ALL, "digest", NEW), WORLD],
        "/a/b": [(3, "digest", NEW)],
        "/a/theirs": [(ALL, "digest", THEIRS)],
    }
    tree.changed.clear()
    assert given_to_new(tree).changed == []


def test_a_node_that_goes_meanwhile_is_left_out_and_another_refusal_is_not() -> None:
    assert given_to_new(a_tree(gone="/a/b")).changed == ["/", "/a"]
    with pytest.raises(Refused):
        given_to_new(a_tree(refuses=True))


def test_the_line_of_the_configuration_has_the_digest_and_not_the_password(tmp_path: Path) -> None:
    file = tmp_path / "superuser.json"
    file.write_text('{"account": "super", "password": "a secret"}')
    argv = [sys.executable, "-I", "-B", "-S", "-", str(file)]
    done = subprocess.run(
        argv, input=script_text("zookeeper", "superuser.py"), capture_output=True, text=True, check=True
    )
    assert done.stdout == f"DigestAuthenticationProvider.superDigest={digest('super', 'a secret')}\n"


def test_the_superuser_logs_in_on_its_own_node_alone() -> None:
    service = desired().services[FOLLOWER]
    files = {file.path.rpartition("/")[2]: file for file in render_specs(service.specs, FOLLOWER, folder("templates"))}
    (port,) = (port for port in service.ports if port.name == "client")
    assert f"apply_acl.py {port.bind} {port.number} " in files["objects"].text
    assert {name for name, file in files.items() if "zookeeper.super" in file.text} == {"superuser.json"}
    assert files["superuser.json"].mode & 0o007 == 0
