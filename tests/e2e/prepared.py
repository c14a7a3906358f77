"""Images of nodes on which the packages and the release are there already, for tests of what comes after them.

Such an image is what a deploy and a destroy leave on a bare node, with the store put back: packages, and entries that
are found by their content. It has no account, unit, key or data of the cluster that made it. It is named for all that
goes into it, so a change of that makes a new one.

No cluster takes a store that is not on record. So a node of such an image gets a record of its own cluster, with the
store and the packages and nothing else: what a destroy would leave if it left the store.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import docker
import yaml
from docker.errors import APIError, ImageNotFound
from program import Program
from two_parties import cluster_name, edit, home, state_of

from fatecloud.catalogue.architectures import ARCHITECTURES
from fatecloud.model.event import Event, Listener
from fatecloud.sandbox.controller import apt
from fatecloud.sandbox.engine import LABEL, refusals
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.sandbox.recipe import REPOSITORY, recipe
from fatecloud.workflow.sandbox import Handed

ROOT = Path(__file__).parents[2]
NODE = "n1"
BASE = "/data/projects/fate"
"""Where it is if an inventory does not say."""
CODE = (
    "fatecloud/catalogue",
    "fatecloud/components/*/__init__.py",
    "fatecloud/model/layout.py",
    "fatecloud/model/places.py",
    "playbooks/library",
    "playbooks/module_utils",
    "playbooks/roles/node",
    "tests/e2e/prepared.py",
)
"""What decides what a deploy puts there, beside the bare image."""
ASIDE = "/data/store-of-a-test"
KEPT_IMAGES = 3
"""Those of other branches stay, because making one takes minutes; each takes some 4 GiB."""
_RECORD = "/srv/prepared.json"
_OF_THE_STORE = ("layout", "artifacts", "made", "packages", "masked")
"""What of a record is about the store and the packages."""
_FORGET = f"""
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id /var/lib/systemd/random-seed
rm -rf /home/*/.ssh /home/*/.ansible /root/.ansible /var/log/journal/* /tmp/* /var/tmp/* {ASIDE}
: > /etc/machine-id
"""
"""Each node has host keys and an id of its own, as one of a bare image has."""
LEFT = r"""
find {base} -mindepth 1 -maxdepth 1 ! -name store ! -name .fatecloud
find /etc /var/lib -xdev -name '*fatecloud*' ! -name '*.list'
grep -o '^fc-[^:]*' /etc/passwd || true
"""
"""What of a cluster is there, beside store and record."""
_ADOPT = """
import json, os, sys
found, base, identity = sys.argv[1:]
with open(found) as file:
    record = dict(json.load(file), **json.loads(identity))
os.mkdir(base + "/.fatecloud", 0o700)
with open(os.open(base + "/.fatecloud/manifest.json", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
    json.dump(record, file)
os.unlink(found)
"""


def name_of(image: str) -> str:
    """The image that is prepared from a bare one: `debian-12`. Its name changes with all that goes into it."""
    content = hashlib.sha256(recipe(image, apt()).tag.encode())
    for path in _inputs():
        content.update(f"\0{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return f"{REPOSITORY}:prepared-{content.hexdigest()[:12]}"


def _inputs() -> Iterator[Path]:
    for pattern in CODE:
        for top in sorted(ROOT.glob(pattern)):
            files = sorted(top.rglob("*")) if top.is_dir() else [top]
            yield from (path for path in files if path.is_file() and "__pycache__" not in path.parts)


def present(client: docker.DockerClient, name: str) -> bool:
    """Whether there is such an image."""
    with refusals(f"looking for the image {name}"):
        try:
            client.images.get(name)
        except ImageNotFound:
            return False
    return True


def prepare(client: docker.DockerClient, bare: Handed, name: str, directory: Path, store: Path, say: Listener) -> None:
    """Make the image of a sandbox of one bare node, which is stopped by that.

    Args:
        client: the Docker Engine.
        bare: the sandbox.
        name: of the image.
        directory: for the operator's files.
        store: has the release.
        say: receives progress.
    """
    say(Event("step", f"making the image {name} by a deploy on a bare node"))
    inventory = directory / "inventory.yml"
    shutil.copy(bare.inventory, inventory)
    program = Program(inventory, directory / "state", {"FATECLOUD_STORE": str(store)})
    edit(program, lambda document: document.update(architecture=ARCHITECTURES[-1]))
    edit(program, lambda document: document.update(parties={"9999": {"services": {"flow": NODE}}}))
    program.ok("secrets", "init")
    state_of(program).mkdir(parents=True, mode=0o700)
    shutil.copy(bare.known_hosts, state_of(program) / "known_hosts")
    program.ok("deploy", "--yes", "--no-verify", timeout=1200)
    base, sandbox = home(program), bare.sandbox
    record = json.loads(_shell(sandbox, f"cat {base}/.fatecloud/manifest.json"))
    kept = json.dumps({name: record[name] for name in _OF_THE_STORE})
    _shell(sandbox, f"mv {base}/store {ASIDE}")
    program.ok("destroy", "--remove-data", "--cluster-name", cluster_name(program))
    _shell(sandbox, f"mkdir -p {base} && mv {ASIDE} {base}/store")
    left = _shell(sandbox, f"{LEFT.format(base=base)}\nls -d {base}/.fatecloud 2>/dev/null || true")
    assert not left, f"a destroyed cluster left:\n{left}"
    _shell(sandbox, _FORGET)
    sandbox.write(NODE, _RECORD, kept.encode(), mode=0o600)
    _commit(client, sandbox, name)


def adopt(ready: Handed) -> None:
    """Put the stores of new prepared nodes on record, as those of the cluster of their inventory."""
    document = yaml.safe_load(ready.inventory.read_text())
    identity = json.dumps({name: document[name] for name in ("cluster", "id")})
    for node in ready.sandbox.nodes:
        ready.sandbox.check(node, ["python3", "-c", _ADOPT, _RECORD, BASE, identity])


def _shell(sandbox: Sandbox, script: str) -> str:
    return sandbox.check(NODE, ["sh", "-ec", script], timeout=300)


def _commit(client: docker.DockerClient, sandbox: Sandbox, name: str) -> None:
    repository, tag = name.split(":")
    with refusals(f"making the image {name}"):
        container = sandbox.containers()[NODE]
        container.stop()
        container.commit(repository, tag, changes=[f"LABEL {LABEL}=image"])
        made = [image for image in client.images.list(REPOSITORY) if any(":prepared-" in tag for tag in image.tags)]
        for image in sorted(made, key=lambda image: str(image.attrs["Created"]))[:-KEPT_IMAGES]:
            try:
                client.images.remove(image.tags[0])
            except APIError:
                continue  # a node uses it
