"""Archives as upstream makes them, small: built by the layouts of `fixtures/packages/KIND@VERSION.txt`.

A line of a layout is a path, and what is there: nothing (a file with its own name in it), `text ...`, `-> TARGET` (a
link), `jar GROUP ARTIFACT VERSION`, or `jar` for one without a pom. A path that ends with a slash is a directory.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fatecloud.artifacts.packages.bounds import Bounds
from fatecloud.artifacts.packages.listing import listed, small_text
from fatecloud.artifacts.packages.md5 import add_sums
from fatecloud.artifacts.packages.recognise import Recognised, recognised
from fatecloud.catalogue.packages import kinds
from fatecloud.model.package import Entry, Level

FIXTURES = Path(__file__).parent / "fixtures" / "packages"
LAYOUTS = sorted(path.stem for path in FIXTURES.glob("*.txt"))
"""`KIND@VERSION` of each."""
Files = dict[str, bytes | None]
"""Path -> content; None for a directory. A link has a path that ends with `@`, and its target as content."""


def layout(name: str, top: str = "") -> Files:
    """What a package has in it, below a directory."""
    found: Files = {}
    for line in (FIXTURES / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        path, _, rest = line.partition(" ")
        kind, _, words = rest.partition(" ")
        inner = f"{top}/{path}" if top else path
        if path.endswith("/"):
            found[inner.rstrip("/")] = None
        elif kind == "->":
            found[f"{inner}@"] = words.encode()
        elif kind == "jar":
            found[inner] = jar(*words.split())
        else:
            found[inner] = words.replace("\\n", "\n").encode() if kind == "text" else path.encode()
    return found


def jar(group: str = "", artifact: str = "", version: str = "") -> bytes:
    """A jar with what Maven writes into it; without a group, one that Maven did not make."""
    if not group:
        return zip_of({"META-INF/MANIFEST.MF": b""})
    pom = f"#Generated\nversion={version}\ngroupId={group}\nartifactId={artifact}\n".encode()
    return zip_of({"META-INF/MANIFEST.MF": b"", f"META-INF/maven/{group}/{artifact}/pom.properties": pom})


def tar_of(files: Mapping[str, bytes | None], how: str = "gz", *more: tarfile.TarInfo) -> bytes:
    """A tar, compressed, with these files and then these members."""
    out = io.BytesIO()
    mode: Any = f"w:{how}"
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path.rstrip("@"))
            member.mode = 0o755 if content is None or path.endswith(".sh") else 0o644
            if path.endswith("@"):
                member.type, member.linkname = tarfile.SYMTYPE, (content or b"").decode()
                archive.addfile(member)
            elif content is None:
                member.type = tarfile.DIRTYPE
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        for member in more:
            archive.addfile(member)
    return out.getvalue()


def zip_of(files: Mapping[str, bytes | None]) -> bytes:
    """A zip with these files, without links."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            info = zipfile.ZipInfo(path if content is not None else f"{path}/")
            info.external_attr = (0o755 if path.endswith(".sh") else 0o644) << 16
            archive.writestr(info, content or b"", zipfile.ZIP_DEFLATED)
    return out.getvalue()


def archive_of(name: str, top: str = "") -> bytes:
    """A package as upstream packs it: FATE-Serving's are zips."""
    return (zip_of if name.startswith("serving-") else tar_of)(layout(name, top))


def install_set(version: str, modules: Mapping[str, bytes], listing: str = "") -> bytes:
    """What `fate_install_VERSION_release.tar.gz` is: a module's archive each, their list, and a few texts.

    Args:
        listing: in place of the list that upstream would write.
    """
    top = f"fate_install_{version}_release"
    files: Files = {f"{top}/{module}.tar.gz": content for module, content in modules.items()}
    files[f"{top}/packages_md5.txt"] = (listing or md5_list(modules)).encode()
    files[f"{top}/RELEASE.md"] = b"# Release"
    return tar_of(files)


def md5_list(modules: Mapping[str, bytes]) -> str:
    """As upstream's script writes it."""
    return "".join(f"{module}:{md5(content)}\n" for module, content in modules.items())


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def found_in(scratch: Path, bounds: Bounds | None = None, /, **files: bytes) -> Recognised:
    """What is recognised in files of these names and contents."""
    scratch.mkdir(exist_ok=True)
    above = Level(())
    limits, archives = bounds or Bounds(), {}
    for name, content in files.items():
        file = scratch / name
        file.write_bytes(content)
        if text := small_text(file, limits):
            above.entries[name] = Entry("file", len(content), text=text)
        else:
            listed(file, name, kinds(), scratch, limits, above)
            archives[name] = file
    add_sums(above, archives)
    return recognised(above, kinds())
