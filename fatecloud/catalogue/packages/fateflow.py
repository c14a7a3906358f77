"""FATE-Flow as FATE's archives have it: `fateflow` in 1.7 to 1.11, `fate_flow` in 2.x. In 1.4 it is a part of FATE."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.package import Claim, Folder, PackageKind, setting_claim


def _claims(folder: Folder) -> Iterator[Claim]:
    """2.x says it in its code (its `fateflow.env` still has the version before); 1.x in the `fate.env` around it."""
    code = "python/fate_flow/_info.py"
    said = list(setting_claim(folder.text(code), code, "__version__"))
    yield from said or setting_claim(*folder.around("fate.env"), "FATEFlow")


KIND = PackageKind(
    name="fateflow",
    title="FATE-Flow",
    mark="python/fate_flow/fate_flow_server.py",
    needs=("bin/service.sh", "conf/*", "python/fate_flow/__init__.py"),
    claims=_claims,
    texts=("python/fate_flow/_info.py", "fate.env"),
    unless="python/federatedml/__init__.py",
)
