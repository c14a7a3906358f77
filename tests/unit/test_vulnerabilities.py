"""Known vulnerabilities: the data fits the lock, `release show` lists it, and the bill of materials is valid."""

from __future__ import annotations

import datetime as dt
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from artifact_world import NAME, artifact, filled, use_small
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.version import Version
from typer.testing import CliRunner

from fatecloud import catalogue
from fatecloud.artifacts.licences import licences
from fatecloud.artifacts.store import Store
from fatecloud.catalogue.known import vulnerabilities
from fatecloud.cli.verbs import app
from fatecloud.model.artifact import Artifact
from fatecloud.model.vulnerability import SEVERITIES


def show(store: Path, *options: str) -> str:
    done = CliRunner().invoke(app, ["release", "show", NAME, "--store", str(store), *options])
    assert done.exit_code == 0, done.output
    return done.output


def bill(store: Path) -> dict[str, Any]:
    text = show(store, "--sbom")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    return dict(json.loads(text))


@pytest.mark.parametrize("name", catalogue.names())
def test_the_data_are_about_what_the_release_really_has(name: str) -> None:
    there = {
        artifact.name
        for python in catalogue.load(name).pythons.values()
        for artifact in (*python.lock, python.installer, *([python.registry.artifact] if python.registry else []))
    }
    known = vulnerabilities(name)
    assert dt.date.fromisoformat(known.as_of) <= dt.datetime.now(dt.UTC).date()
    seen = [advisory.id for entry in known.packages for advisory in entry.advisories]
    assert len(seen) == len(set(seen))
    for entry in known.packages:
        assert f"{entry.package}=={entry.version}" in there
        assert entry.stays
        assert entry.narrows
        assert entry.advisories
        for advisory in entry.advisories:
            assert re.fullmatch(r"CVE-\d{4}-\d{4,}|GHSA(-[23456789cfghjmpqrvwx]{4}){3}", advisory.id)
            assert advisory.severity in SEVERITIES
            assert Version(entry.version) < Version(advisory.fixed)
            assert advisory.summary


def test_release_show_lists_them_with_why_they_stay_and_what_narrows_them(tmp_path: Path) -> None:
    text = " ".join(show(tmp_path / "store").split())
    known = vulnerabilities(NAME)
    assert f"known vulnerabilities on {known.as_of}: " in text
    assert "It is not the outcome of a scan, and the severities were not all compared with one database." in text
    for entry in known.packages:
        assert f"{entry.package} {entry.version} stays: {entry.stays} narrowed: {entry.narrows}" in text
        assert all(f"{a.id} {a.severity} fixed in {a.fixed} {a.summary}" in text for a in entry.advisories)


def test_those_of_an_interpreter_that_the_store_does_not_have_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "CVE-2022-42919" in show(tmp_path / "other")
    use_small(monkeypatch)
    filled(tmp_path / "store")
    assert "CVE-2022-42919" not in show(tmp_path / "store")
    document = json.loads(show(tmp_path / "store", "-o", "json"))
    assert document["vulnerable"] == []


def test_the_bill_of_materials_of_a_release_that_is_not_fetched_yet(tmp_path: Path) -> None:
    document = bill(tmp_path / "store")
    release = catalogue.load(NAME)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["component"]["bom-ref"] == NAME
    parts = {part["bom-ref"]: part for part in document["components"]}
    assert set(parts) >= {a.name for a in release.pythons["fate"].lock} | {
        "mysql",
        "rabbitmq",
        "nginx",
        release.pythons["fate"].installer.name,
    }
    torch = parts["torch==1.12.1"]
    assert torch["purl"] == "pkg:pypi/torch@1.12.1"
    shipped = next(a for a in release.pythons["fate"].wheels if a.name == "torch==1.12.1")
    assert torch["hashes"] == [{"alg": "SHA-256", "content": shipped.sha256}]
    locked = next(a for a in release.pythons["fate"].lock if a.name == "torch==1.12.1")
    changed = {"name": "fatecloud:made-from-sha256", "value": locked.sha256}
    assert (changed in torch["properties"]) == (locked.sha256 != shipped.sha256)
    known = [advisory.id for entry in vulnerabilities(NAME).packages for advisory in entry.advisories]
    assert sorted(found["id"] for found in document["vulnerabilities"]) == sorted(known)
    affected = {target["ref"] for found in document["vulnerabilities"] for target in found["affects"]}
    assert affected <= set(parts)


def test_the_bill_of_materials_has_what_the_store_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_small(monkeypatch)
    _, index = filled(tmp_path / "store")
    document = bill(tmp_path / "store")
    hashes = {part["hashes"][0]["content"] for part in document["components"] if "hashes" in part}
    assert hashes == {a.sha256 for a in index.artifacts}
    python = next(part for part in document["components"] if part["name"] == "cpython")
    assert (python["purl"], python["type"]) == ("pkg:generic/cpython@3.10.13", "platform")
    assert bill(tmp_path / "store")["serialNumber"] == document["serialNumber"]


def test_a_bill_of_materials_has_no_other_form(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["release", "show", NAME, "--store", str(tmp_path), "--sbom", "-o", "yaml"])
    assert done.exit_code != 0
    assert "CycloneDX" in str(done.exception)


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: MIT OR Apache-2.0\n", "MIT OR Apache-2.0"),
        ("License: BSD-3-Clause\n", "BSD-3-Clause"),
        ("License: BSD\nClassifier: License :: OSI Approved :: BSD License\n", "BSD License"),
        ("License: Copyright\n        (c) all of it\n", ""),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved\n", ""),
        (
            "".join(f"Classifier: License :: OSI Approved :: {name}\n" for name in ("MIT License", "Apache License")),
            "MIT License and Apache License",
        ),
        ("Name: x\n", ""),
    ],
)
def test_a_wheel_says_its_licence_in_one_of_three_ways(tmp_path: Path, metadata: str, licence: str) -> None:
    file = tmp_path / "wheel"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x-1.dist-info/METADATA", f"Metadata-Version: 2.4\n{metadata}\nLicense: of the description\n")
    assert read(tmp_path, file.read_bytes()) == ({"x==1": licence} if licence else {})


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_a_damaged_wheel_says_nothing(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content) == {}


def read(place: Path, wheel: bytes) -> dict[str, str]:
    store = Store(place / "store")
    held: Artifact = artifact(store, "x==1", "x-1-py3-none-any.whl", "wheel", wheel)
    missing = Artifact("y==1", "y-1-py3-none-any.whl", "0" * 64, 1, "wheel")
    return licences([held, missing], store)
