"""The catalogue: complete, pinned, hashed, and free of addresses."""

import re
from pathlib import Path

import pytest
import yaml

from fatecloud import catalogue
from fatecloud.components.registry import all_components
from fatecloud.errors import FatecloudError
from fatecloud.model.python import PythonRequirement

FOLDER = Path(catalogue.__file__).parent


def project(requirement: str) -> str:
    return re.split(r"[\[=<>!~ ]", requirement)[0].lower().replace("_", "-")


SETS = [(name, python) for name in catalogue.names() for python in catalogue.load(name).pythons]


@pytest.fixture(params=catalogue.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=SETS, ids="/".join)
def python(request: pytest.FixtureRequest) -> PythonRequirement:
    release, name = request.param
    return catalogue.load(release).pythons[name]


def test_knows_fate_2_2_0() -> None:
    release = catalogue.load("fate-2.2.0")
    assert release.components["flow"] == "2.2.0"
    assert release.architectures == ("standalone", "eggroll", "rabbitmq")
    assert not release.unsupported


def test_an_unknown_release_names_the_nearest() -> None:
    with pytest.raises(FatecloudError) as caught:
        catalogue.load("fate-2.20")
    assert "'fate-2.20'" in caught.value.message
    assert caught.value.remedy == "use fate-2.2.0"
    assert caught.value.exit_status == 78


def test_every_architecture_says_why_it_needs_its_python(python: PythonRequirement) -> None:
    for architecture in catalogue.load(python.release).architectures:
        assert "3.1" in python.reasons[architecture] or "same as" in python.reasons[architecture]


def test_every_component_of_the_distribution_has_a_minimum(name: str) -> None:
    release = catalogue.load(name)
    assert {c for c, version in release.components.items() if version == "distribution"} == set(release.minimum)


def test_every_component_that_fatecloud_has_for_fate_2_2_0_has_a_version() -> None:
    assert set(all_components()) & {"flow", "mysql", "rabbitmq", "nginx"} <= set(
        catalogue.load("fate-2.2.0").components
    )


def test_every_wheel_of_the_lock_fits_the_interpreter(python: PythonRequirement) -> None:
    series = "cp" + python.minor.replace(".", "")
    for wheel in (artifact for artifact in python.lock if artifact.kind == "wheel"):
        tag, abi, platform = wheel.filename.removesuffix(".whl").split("-")[-3:]
        assert "py3" in tag or tag == series or abi == "abi3", wheel.filename
        assert platform == "any" or python.arch in platform, wheel.filename


def test_file_names_are_those_of_the_pins(python: PythonRequirement) -> None:
    for artifact in python.lock:
        pinned, _, version = artifact.name.partition("==")
        plain = artifact.filename.lower().replace("-", "_").replace(".", "_")
        assert plain.startswith(f"{pinned}_{version}".lower().replace("-", "_").replace(".", "_")), artifact


def test_python_sets_of_one_series_agree_about_its_modules() -> None:
    """They share the interpreter that was accepted, with the record of what it lacks."""
    sets = [python for name in catalogue.names() for python in catalogue.load(name).pythons.values()]
    for one, other in ((a, b) for a in sets for b in sets if (a.minor, a.arch) == (b.minor, b.arch)):
        assert set(one.wants_modules) == set(other.wants_modules)
        assert set(one.needs_modules) == set(other.needs_modules)


def test_no_two_artifacts_share_bytes_name_or_project(python: PythonRequirement) -> None:
    lock = python.lock
    for parts in ([a.sha256 for a in lock], [a.filename for a in lock], [project(a.name) for a in lock]):
        assert len(set(parts)) == len(parts)


def test_all_demands_and_overrides_are_locked(python: PythonRequirement) -> None:
    text = (FOLDER / f"{python.release}.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)["pythons"][python.name]
    locked = {project(artifact.name): artifact.name for artifact in python.lock}
    for demand in data["demands"]:
        assert project(demand["requirement"]) in locked, demand
        assert demand["why"]
    for override in data["overrides"]:
        assert override["requirement"] in locked.values(), override
        assert override["why"]


def test_the_builders_of_sdists_are_locked_as_wheels(python: PythonRequirement) -> None:
    assert [a.kind for a in python.lock if project(a.name) in python.builders] == ["wheel"] * len(python.builders)


def test_the_catalogue_contains_no_address() -> None:
    for file in FOLDER.iterdir():
        if file.suffix in (".yaml", ".txt"):
            assert not re.search(r"https?://|pypi\.org|maven\.org", file.read_text(encoding="utf-8")), file


@pytest.mark.parametrize("line", ["torch==1.12.1", "torch --hash=sha256:" + "0" * 64, "-i somewhere"])
def test_an_unpinned_or_unhashed_line_is_refused_in_a_lock(line: str) -> None:
    with pytest.raises(ValueError, match="not a locked artifact"):
        catalogue.parse_lock(line)


def test_a_release_of_a_folder_that_was_put_first_takes_the_place_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = catalogue.names()
    (tmp_path / "fate-2.2.0.yaml").touch()
    (tmp_path / "fate-2.2.0.fate.lock.txt").write_text("theirs")
    monkeypatch.setattr(catalogue, "__path__", [str(tmp_path), *catalogue.__path__])
    assert catalogue.names() == before
    assert catalogue.lock_text("fate-2.2.0", "fate") == "theirs"
