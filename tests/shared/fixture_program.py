"""fatecloud with a component that only the tests have: `tests/fixtures/jvm/component`.

The component is added in this process, so nothing that a service can write is looked at for more of them.

    python tests/shared/fixture_program.py PLACE check -i inventory.yml
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from jvm import SOURCES, libraries

from fatecloud import catalogue, components, shipped
from fatecloud.components.script import script_text

COMPONENT = SOURCES / "component"
VERSIONS = ("1.0.0", "2.0.0")


def prepared(place: Path) -> Path:
    """Lay out what the program needs of it: the releases, and what ships beside the code with the component's part.

    Returns:
        The same place.
    """
    for name in ("playbooks", "templates", "inventories", "runbooks"):
        shutil.copytree(shipped.folder(name), place / name)
        if (COMPONENT / name).is_dir():
            shutil.copytree(COMPONENT / name, place / name, dirs_exist_ok=True)
    (place / "catalogue").mkdir()
    for version in VERSIONS:
        release = place / "catalogue" / f"tally-{version}"
        text = (COMPONENT / "catalogue" / "release.yaml").read_text().replace("VERSION", version)
        release.with_name(f"{release.name}.yaml").write_text(text)
        lock = (COMPONENT / "catalogue" / "libraries.lock.txt").read_text() + locked(jar(version))
        release.with_name(f"{release.name}.tally.lock.txt").write_text(lock)
    return place


def jar(version: str) -> Path:
    """What no registry has."""
    return libraries(version) / f"tally-{version}.jar"


def locked(path: Path) -> str:
    """A line of a lock."""
    data = path.read_bytes()
    return (
        f"{path.stem.replace('-', '==')} --hash=sha256:{hashlib.sha256(data).hexdigest()}  # {path.name} {len(data)}\n"
    )


def add(place: Path) -> None:
    """Make the component known in this process, before anything was asked for components."""
    components.__path__.append(str(COMPONENT / "components"))
    catalogue.__path__.append(str(place / "catalogue"))
    shipped.PLACES.insert(0, place)


def trouble() -> str:
    """A script for the node that makes the service hang, leak or exit: port, word and amount are its arguments."""
    components.__path__.append(str(SOURCES))
    try:
        return script_text("faults", "trouble.py")
    finally:
        components.__path__.remove(str(SOURCES))


if __name__ == "__main__":
    from fatecloud.cli.main import main

    add(Path(sys.argv.pop(1)))
    main()
