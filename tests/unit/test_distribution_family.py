"""One place decides what family a distribution is of, and the collector and the module for packages both ask it."""

from pathlib import Path

import pytest
from modules import module

from fatecloud.collect.node import family, system

FOLDER = Path(__file__).parent / "fixtures" / "os-release"
KNOWN = {
    "anolis-8": "redhat",
    "debian-12": "debian",
    "kylin-desktop-v10": "debian",
    "openeuler-22.03": "redhat",
    "opensuse-leap-15": "suse",
    "rocky-8": "redhat",
    "ubuntu-22.04": "debian",
    "uos-server-20-anolis": "redhat",
    "alpine-3.19": "alpine",
}
"""Text of /etc/os-release -> family, wherever it is read."""
MIXED = ("kylin-server-v10", "uos-server-20", "uos-desktop-20")
"""Texts that do not say what their distribution is like."""


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_collector_and_module_agree_on_a_distribution(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (FOLDER / name).read_text()
    monkeypatch.setattr(system, "text_of", lambda _path: text)
    monkeypatch.setattr(system, "output_of", lambda _argv: pytest.fail("a program was asked"))
    assert system.family() == KNOWN[name]
    assert module("fatecloud_system").family_here(str(FOLDER / name)) == KNOWN[name]


@pytest.mark.parametrize("name", MIXED)
@pytest.mark.parametrize(("expected", "manager"), family.MANAGERS)
def test_the_package_manager_decides_where_the_names_do_not(
    name: str, expected: str, manager: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.path.exists", lambda path: path == manager)
    assert family.family_of((FOLDER / name).read_text()) == expected
    assert module("fatecloud_system").family_here(str(FOLDER / name)) == expected


def test_every_family_and_file_is_known() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*KNOWN, *MIXED}
