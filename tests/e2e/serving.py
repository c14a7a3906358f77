"""The small JVM service of `tests/fixtures/serve`: its release, an archive of a JDK, the program that knows both."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import yaml
from program import Program

FIXTURE = Path(__file__).parents[1] / "fixtures" / "serve"
NAME = "serve-1"
RELEASE = """\
name: serve-1
summary: A small service in a JVM, for tests
arch: x86_64
components: {serve: "1"}
minimum: {}
architectures: [standalone]
unsupported: {}
java:
  serve: {minimum: 8, maximum: 99, reason: its class is of Java 8}
trees:
  serve: {}
"""


@dataclass
class WithServe(Program):
    """fatecloud as it is with the component and a release of it."""

    catalogue: Path = Path()

    def argv(self, *words: str) -> list[str]:
        """The same words, for the program of the fixture."""
        return [sys.executable, str(FIXTURE / "with_serve.py"), str(self.catalogue), *super().argv(*words)[1:]]


def write_release(folder: Path) -> Path:
    """Compile the service, and write its release and the lock of its jar beside it; the jar."""
    classes = folder / "classes"
    argv = ["javac", "--release", "8", "-Xlint:-options", "-d", str(classes), str(FIXTURE / "Serve.java")]
    subprocess.run(argv, check=True)
    jar = folder / "serve-1.jar"
    with zipfile.ZipFile(jar, "w") as packed:
        for file in sorted(classes.glob("*.class")):
            packed.write(file, file.name)
    digest = hashlib.sha256(jar.read_bytes()).hexdigest()
    (folder / f"{NAME}.yaml").write_text(RELEASE)
    lock = f"serve==1 --hash=sha256:{digest}  # {jar.name} {jar.stat().st_size}\n"
    (folder / f"{NAME}.serve.lock.txt").write_text(lock)
    return jar


def jdk_archive(folder: Path) -> Path:
    """The controller's own JDK as a vendor would pack one: with its files in the place of links out of it."""
    javac = shutil.which("javac")
    assert javac
    home = Path(javac).resolve().parents[1]
    target = folder / "some-jdk.tar.gz"
    with tarfile.open(target, "w:gz", compresslevel=1, dereference=True) as archive:
        for path in sorted(home.rglob("*")):
            within = path.relative_to(home)
            if path.is_file() and within.parts[0] not in ("docs", "jmods", "man"):  # is_file: some links lead nowhere
                archive.add(path, f"{home.name}/{within}")
    return target


def write_inventory(program: Program, nodes: dict[str, str], config: str = "{}") -> None:
    """One service on each node; on the second one in an imported JVM.

    Args:
        nodes: lines of the sandbox's own inventory, by name.
        config: of the second party's service, as YAML.
    """
    document = yaml.safe_load(program.inventory.read_text())
    document["release"], document["architecture"] = NAME, "standalone"
    document["nodes"] = {name: {"address": address} for name, address in nodes.items()}
    first, second = nodes
    document["nodes"][second]["java"] = "imported"
    document["parties"] = {
        "9999": {"services": {"serve": first}},
        "10000": {"services": {"serve": second}, "config": {"serve": yaml.safe_load(config)}},
    }
    program.inventory.write_text(yaml.safe_dump(document))
