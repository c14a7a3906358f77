"""FATE-Serving's admin: a zip without a directory of its own; the jar, `lib`, `conf`, `bin` and `service.sh`."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.package import Claim, Folder, PackageKind, jar_claims, setting_claim

_JAR = "fate-serving-admin-2.*.jar|serving-admin-2.*.jar"
"""Not `lib/fate-serving-admin-ui-2.1.6.jar`, which is a part of it."""
_ARTIFACTS = dict.fromkeys(("fate-serving-admin", "serving-admin"), "com.webank.ai.fate")


def _claims(folder: Folder) -> Iterator[Claim]:
    yield from jar_claims(folder, _JAR, _ARTIFACTS)
    yield from setting_claim(folder.text("service.sh"), "service.sh", "module_version")


KIND = PackageKind(
    name="serving-admin",
    title="FATE-Serving's admin",
    mark=_JAR,
    needs=("service.sh", "bin/common.sh", "conf/application.properties", "lib/*.jar"),
    claims=_claims,
    texts=("service.sh",),
    jars=_JAR,
)
