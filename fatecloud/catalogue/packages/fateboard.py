"""FATEBoard: a jar with the script that starts it and its configuration; from 2.0 on with the libraries beside it."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.package import Claim, Folder, PackageKind, jar_claims, setting_claim

_JAR = "fateboard-*.jar|fateboard.jar"


def _claims(folder: Folder) -> Iterator[Claim]:
    """The group of its pom changed from release to release."""
    yield from jar_claims(folder, _JAR, {"fateboard": ""})
    yield from setting_claim(*folder.around("fate.env"), "FATEBoard")


KIND = PackageKind(
    name="fateboard",
    title="FATEBoard",
    mark=_JAR,
    # 1.x has its libraries in the jar.
    needs=("service.sh", "conf/application.properties", "lib/*.jar|fateboard-1.*.jar|fateboard.jar"),
    claims=_claims,
    texts=("fate.env",),
    jars=_JAR,
)
