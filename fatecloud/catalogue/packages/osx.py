"""OSX, the broker between parties from FATE 2.0 on: a directory `osx` with `service.sh`, `lib` and `conf`."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.package import Claim, Folder, PackageKind, jar_claims


def _claims(folder: Folder) -> Iterator[Claim]:
    yield from jar_claims(folder, "lib/osx-broker-*.jar|lib/osx-core-*.jar", {"osx-broker": "osx", "osx-core": "osx"})


KIND = PackageKind(
    name="osx",
    title="OSX",
    mark="conf/broker/broker.properties",
    needs=(
        "service.sh",
        "lib/osx-broker-*.jar",
        "lib/osx-core-*.jar",
        "conf/components/*.properties",
        "pb_lib/v3/*.jar|lib/osx-pb-v3-*.jar",
    ),
    claims=_claims,
    jars="osx-broker-*.jar|osx-core-*.jar",
)
