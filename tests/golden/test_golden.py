"""Every inventory beside this test renders to the files that are kept here; `make golden` rewrites them.

The templates of `init` are not among them: their wording and comments may change without a change of what is deployed.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from fatecloud import catalogue, inventory
from fatecloud.inventory import nodes
from fatecloud.model.artifact import Artifact
from fatecloud.model.python import PythonSet
from fatecloud.render.placeholders import names
from fatecloud.render.project import RunInfo, write_project
from fatecloud.resolve.desired import resolve
from fatecloud.shipped import folder
from fatecloud.transport.sshconfig import ssh_config
from fatecloud.workflow.needed_secrets import needed_secrets
from fatecloud.workflow.rendered import rendered

HERE = Path(__file__).parent
EXAMPLES = sorted(HERE.glob("*.yml"))
TEMPLATES = sorted(folder("inventories").glob("*.yml"))
UPDATE = bool(os.environ.get("FATECLOUD_UPDATE_GOLDEN"))

ANSIBLE = "ansible"
"""Folder beside the nodes' own: the parts of the Ansible project that depend on the inventory."""
KEPT = ("ansible.cfg", "ssh_config", "inventory/hosts.yml", "group_vars/all/vars.yml")

INTERPRETER = Artifact("cpython==3.10.0", "cpython-3.10.0.tar.gz", "1" * 64, 30_000_000, "interpreter")
INSTALLER = Artifact("uv==1.0", "uv-1.0.whl", "2" * 64, 20_000_000, "installer")
WHEEL = Artifact("pyfate==2.2.0", "pyfate-2.2.0.whl", "3" * 64, 1_000_000, "wheel")
PYTHONS = {
    (name, python): PythonSet(replace(needed, lock=(WHEEL,), made={}, installer=INSTALLER), INTERPRETER)
    for name in catalogue.names()
    for python, needed in catalogue.load(name).pythons.items()
}
"""Replaces what the store would hold, so that a new lock does not change the configuration."""

_SCRIPT = re.compile(r"^( *)stdin: (?:!unsafe )?\|[-+0-9]*\n(?:\1 +.*\n|\n)+", re.MULTILINE)
"""A probe's program in the variables: code with tests of its own, not configuration."""


_SWEEPS = re.compile(r"\A(?P<head>(?:#.*\n)+)[^#](?s:.*)\nmain\(json\.loads\((?P<settings>.*)\)\)\n\Z")
"""The program that removes residues: its settings are configuration."""


@pytest.fixture
def one_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples mean the user who runs fatecloud; here that is always the same one."""
    monkeypatch.setenv("HOME", "/home/ops")
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "ops")
    monkeypatch.setattr(nodes, "_group", lambda user, *, mine: user)  # noqa: ARG005 - named where it is called


def tree(root: Path) -> dict[str, str]:
    """Relative path -> text of every file below `root`."""
    return {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


def without_programs(text: str) -> str:
    """A file as it is kept: of a program that removes residues only what is configured."""
    match = _SWEEPS.match(text)
    if match is None:
        return text
    settings = json.loads(json.loads(match["settings"]))
    if settings["question"]:
        settings["question"] |= {"stdin": "(a probe's program)"}
    settings["chores"] = [chore | {"stdin": "(a program)"} for chore in settings["chores"]]
    return f"{match['head']}{json.dumps(settings, indent=1, sort_keys=True)}\n"


def render(example: Path, directory: Path) -> dict[str, str]:
    """What is kept of an example: each node's files, and the Ansible project's inventory and variables."""
    cluster = inventory.load(example)
    desired = rendered(resolve(cluster, catalogue.releases_of(cluster), PYTHONS))
    write_project(
        desired,
        directory,
        ssh_config=ssh_config(cluster.nodes.values(), known_hosts="known_hosts"),
        known_hosts=None,
        store=lambda sha256: Path("/store") / sha256,
        vault_text="",
        run=RunInfo("golden", "ops@controller", "0" * 16),
    )
    names_kept = [*KEPT, *(f"host_vars/{path.name}" for path in sorted((directory / "host_vars").iterdir()))]
    kept = {name: _SCRIPT.sub(r"\1stdin: (a probe's program)\n", (directory / name).read_text()) for name in names_kept}
    found = {path: without_programs(text) for path, text in tree(directory / "files").items()}
    asked = set().union(*(names(text) for text in found.values()))
    assert asked == set(needed_secrets(desired)), "a file needs a secret that is never made, or none needs one that is"
    return found | {f"{ANSIBLE}/{name}": text for name, text in kept.items()}


def difference(kept: dict[str, str], found: dict[str, str]) -> str:
    """A unified diff over all files, empty when they agree."""
    lines: list[str] = []
    for name in sorted(kept.keys() | found.keys()):
        old, new = kept.get(name), found.get(name)
        if old == new:
            continue
        before = "/dev/null" if old is None else f"kept/{name}"
        after = "/dev/null" if new is None else f"rendered/{name}"
        lines += difflib.unified_diff((old or "").splitlines(), (new or "").splitlines(), before, after, lineterm="")
        lines += [f"({name} is {'new' if old is None else 'gone'})"] if not (old and new) else []
    return "\n".join(lines)


def write(root: Path, found: dict[str, str]) -> None:
    """Replace what is kept of an example."""
    shutil.rmtree(root, ignore_errors=True)
    for name, text in found.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.usefixtures("one_operator")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_renders_to_what_is_kept(example: Path, tmp_path: Path) -> None:
    found = render(example, tmp_path / "project")
    if UPDATE:
        write(HERE / example.stem, found)
    changed = difference(tree(HERE / example.stem), found)
    assert not changed, f"the rendered files changed; if that is meant, run `make golden`\n{changed}"


@pytest.mark.usefixtures("one_operator")
@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_of_init_renders(template: Path, tmp_path: Path) -> None:
    assert render(template, tmp_path / "project")


def test_nothing_is_kept_of_an_example_that_is_gone() -> None:
    folders = {path.name for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == {path.stem for path in EXAMPLES}


@pytest.mark.usefixtures("one_operator")
def test_a_change_is_shown_line_by_line(tmp_path: Path) -> None:
    found = render(EXAMPLES[0], tmp_path / "project")
    name = next(iter(found))
    first = found[name].splitlines()[0]
    changed = difference(found | {"extra": "old\n"}, found | {name: found[name].replace(first, "other", 1)})
    assert f"-{first}" in changed
    assert "+other" in changed
    assert "-old" in changed


@pytest.mark.parametrize("example", ["all-in-one", "two-party", "board"])
@pytest.mark.usefixtures("one_operator")
def test_an_older_release_of_the_same_generation_is_data(tmp_path: Path, example: str) -> None:
    """Its services, ports and files are the same: only versions, and what follows from its Python, are others."""

    versions = re.compile(r"2\.[12]\.0|3\.[12]\.0|3\.(?:8|10)\b")

    def written(release: str) -> dict[tuple[str, str], str]:
        file = tmp_path / f"{release}.yml"
        file.write_text((HERE / f"{example}.yml").read_text().replace("fate-2.2.0", release))
        cluster = inventory.load(file)
        wanted = rendered(resolve(cluster, catalogue.releases_of(cluster), PYTHONS))
        files = [(node, file) for node, found in wanted.files.items() for file in found]
        return {(node, versions.sub("VERSION", one.path)): versions.sub("VERSION", one.text) for node, one in files}

    assert written("fate-2.1.0") == written("fate-2.2.0")
