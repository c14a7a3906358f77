"""FATE's algorithms: `python/federatedml` in 1.x, `python/fate` in 2.x."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.package import Claim, Folder, PackageKind, setting_claim

_MARK = "python/federatedml/__init__.py|python/fate/__init__.py"


def _claims(folder: Folder) -> Iterator[Claim]:
    """2.x says it in its code; 1.x in `fate.env`, which lies in its code, its directory or beside its archive."""
    code, inside = "python/fate/_info.py", "python/fate.env"
    said = list(setting_claim(folder.text(code), code, "__version__"))
    said += setting_claim(folder.text(inside), inside, "FATE")
    yield from said or setting_claim(*folder.around("fate.env"), "FATE")


KIND = PackageKind(
    name="fate",
    title="FATE",
    mark=_MARK,
    needs=("python/fate/arch/__init__.py|python/fate_arch/__init__.py|python/arch/api/__init__.py",),
    claims=_claims,
    texts=("python/fate/_info.py", "fate.env"),
)
