"""Builds the service of `tests/fixtures/jvm` with Maven, outside of the checkout, and keeps it for the next time."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "fixtures" / "jvm"


@cache
def libraries(version: str) -> Path:
    """A directory with the jars of a version of it, and of all that it needs.

    Args:
        version: as `1.0.0`; its first digit is the generation.
    """
    files = [SOURCES / "pom.xml", *sorted((SOURCES / "src").rglob("*.*"))]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fatecloud" / "fixtures"
    kept = caches / f"jvm-{digest}" / version
    if not kept.is_dir():
        part = caches / f"part-{os.getpid()}"
        shutil.rmtree(part, ignore_errors=True)
        argv = ["mvn", "-B", "-q", f"-Dout={part}", f"-Drevision={version}", "package"]
        done = subprocess.run(argv, cwd=SOURCES, capture_output=True, text=True, check=False, timeout=600)
        assert done.returncode == 0, f"Maven could not build the fixture:\n{done.stdout}\n{done.stderr}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        (part / "lib").rename(kept)
        shutil.rmtree(part)
    return kept
