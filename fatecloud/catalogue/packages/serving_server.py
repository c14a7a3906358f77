"""FATE-Serving's server: a zip without a directory of its own; the jar, `lib`, `conf`, `bin` and `service.sh`."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.package import Claim, Folder, PackageKind, jar_claims, setting_claim

_JAR = "fate-serving-server-*.jar|serving-server-*.jar"
_ARTIFACTS = dict.fromkeys(("fate-serving-server", "serving-server"), "com.webank.ai.fate")


def _claims(folder: Folder) -> Iterator[Claim]:
    yield from jar_claims(folder, _JAR, _ARTIFACTS)
    yield from setting_claim(folder.text("service.sh"), "service.sh", "module_version")


KIND = PackageKind(
    name="serving-server",
    title="FATE-Serving's server",
    mark=_JAR,
    needs=("service.sh", "bin/common.sh", "conf/serving-server.properties", "lib/*.jar"),
    claims=_claims,
    texts=("service.sh",),
    jars=_JAR,
)
