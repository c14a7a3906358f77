"""FATE-Flow as FATE's archives have it: `fateflow` in 1.7 to 1.11, `fate_flow` in 2.x."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.package import Claim, Folder, PackageKind, setting_claim


def _claims(folder: Folder) -> Iterator[Claim]:
    code = "python/fate_flow/_info.py"
    yield from setting_claim(folder.text(code), code, "__version__")
    yield from setting_claim(folder.text("fateflow.env"), "fateflow.env", "FATE_FLOW")
    yield from setting_claim(*folder.around("fate.env"), "FATEFlow")


KIND = PackageKind(
    name="fateflow",
    title="FATE-Flow",
    mark="python/fate_flow/fate_flow_server.py",
    needs=("bin/service.sh", "conf/*", "python/fate_flow/__init__.py"),
    claims=_claims,
    texts=("python/fate_flow/_info.py", "fateflow.env", "fate.env"),
)
