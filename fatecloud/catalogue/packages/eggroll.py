"""EggRoll: `lib bin conf python deploy` at the archive's top, or below one directory."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.package import Claim, Folder, PackageKind, jar_claims, setting_claim

_JARS = "lib/core-*.jar|lib/eggroll-core-*.jar|lib/cluster_manager-*.jar|lib/node_manager-*.jar"
_ARTIFACTS = {
    "core": "org.fedai.eggroll",
    "cluster_manager": "org.fedai.eggroll",
    "node_manager": "org.fedai.eggroll",
    "eggroll-core": "com.webank.eggroll",
}


def _claims(folder: Folder) -> Iterator[Claim]:
    """Upstream's script packs no file with the version; FATE's packs `BUILD_INFO`. The Python part says it from 2.2."""
    yield from jar_claims(folder, _JARS, _ARTIFACTS)
    yield from setting_claim(folder.text("BUILD_INFO"), "BUILD_INFO", "eggroll.version")
    code = "python/eggroll/__init__.py"
    yield from setting_claim(folder.text(code), code, "__version__")
    yield from setting_claim(*folder.around("fate.env"), "EGGROLL")


KIND = PackageKind(
    name="eggroll",
    title="EggRoll",
    mark="bin/eggroll.sh",
    needs=(
        "conf/eggroll.properties",
        "lib/core-*.jar|lib/eggroll-core-*.jar",
        "bin/eggroll_boot.sh",
        "bin/roll_pair/egg_pair_bootstrap.sh",
        "python/eggroll/__init__.py",
    ),
    claims=_claims,
    texts=("BUILD_INFO", "python/eggroll/__init__.py", "fate.env"),
    jars="core-*.jar|eggroll-core-*.jar|cluster_manager-*.jar|node_manager-*.jar",
)
