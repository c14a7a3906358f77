"""Sandboxes, as far as they need no Docker."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from docker.errors import ImageNotFound

from fatecloud import inventory
from fatecloud.errors import SandboxError
from fatecloud.model.event import Event
from fatecloud.sandbox import controller, handout, image, lifecycle
from fatecloud.sandbox.engine import engine
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.sandbox.recipe import Apt, recipe
from fatecloud.workflow.sandbox import inventory_for, sandbox_up

PLAIN = recipe("debian-12", Apt())


def test_an_image_is_named_for_all_that_goes_into_it() -> None:
    assert re.fullmatch(r"debian-12-[0-9a-f]{12}", PLAIN.tag)
    assert recipe("debian-12", Apt()).tag == PLAIN.tag
    others = [
        recipe("debian-13", Apt()),
        recipe("debian-12", Apt(mirror="http://mirror.example/debian")),
        recipe("debian-12", Apt(settings={"Acquire::http::Proxy": "http://proxy.example:3128"})),
        recipe("debian-12", Apt(authorities={"own.crt": "PEM"})),
    ]
    assert len({made.fingerprint for made in [PLAIN, *others]}) == 5


def test_apt_on_the_nodes_uses_the_mirror_its_settings_and_authorities() -> None:
    apt = Apt("https://m.example/debian", "https://m.example/sec", {"Acquire::Check-Date": "false"}, {"own.crt": "PEM"})
    made = recipe("debian-13", apt)
    files = made.files()
    assert files["/etc/apt/sources.list"][1].splitlines() == [
        "deb https://m.example/debian trixie main",
        "deb https://m.example/debian trixie-updates main",
        "deb https://m.example/sec trixie-security main",
    ]
    assert 'Acquire::Check-Date "false";' in files["/etc/apt/apt.conf.d/90sandbox"][1]
    assert files["/usr/local/share/ca-certificates/own.crt"] == (0o644, "PEM")
    assert ("update-ca-certificates",) in made.commands()
    assert ("update-ca-certificates",) not in PLAIN.commands()


def test_an_image_that_we_do_not_know_is_answered_with_those_we_do() -> None:
    with pytest.raises(SandboxError) as caught:
        recipe("centos-7", Apt())
    assert "debian-12" in caught.value.remedy


@pytest.fixture
def apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """A controller's apt, to be filled in."""
    said: dict[str, Any] = {"apt-config": "", "apt-get": "", "os": {"ID": "debian", "VERSION_CODENAME": "bookworm"}}
    monkeypatch.setattr("shutil.which", lambda _name: "/usr/bin/apt-config")
    monkeypatch.setattr(controller, "_output", lambda program, *_: said[program])
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: said["os"])
    monkeypatch.setattr(controller, "_AUTHORITIES", tmp_path)
    (tmp_path / "own.crt").write_text("PEM")
    return said


def test_the_controllers_mirrors_and_settings_are_found(apt: dict[str, Any]) -> None:
    apt["apt-get"] = (
        "https://other.example/repo/ tool-bookworm\n"
        "http://m.example/debian/ bookworm\n"
        "http://m.example/debian-security/ bookworm-security\n"
    )
    apt["apt-config"] = (
        'Acquire::http::Proxy "http://proxy.example:3128";\nAcquire::Check-Date "false";\nAPT::Architecture "amd64";\n'
    )
    found = controller.apt()
    assert (found.mirror, found.security) == ("http://m.example/debian", "http://m.example/debian-security")
    assert found.settings == {"Acquire::http::Proxy": "http://proxy.example:3128", "Acquire::Check-Date": "false"}
    assert found.authorities == {}, "a mirror without HTTPS needs no authority"


def test_authorities_go_along_with_a_mirror_that_speaks_https(apt: dict[str, Any]) -> None:
    apt["apt-get"] = "https://m.example/debian/ bookworm\n"
    assert controller.apt().authorities == {"own.crt": "PEM"}


def test_the_mirrors_of_another_distribution_are_not_taken(apt: dict[str, Any]) -> None:
    apt["os"] = {"ID": "ubuntu", "VERSION_CODENAME": "noble"}
    apt["apt-get"] = "http://ubuntu.example/ubuntu/ noble\n"
    assert controller.apt().mirror == Apt().mirror


class _NoImages:
    """A Docker Engine without images."""

    class images:  # noqa: N801
        @staticmethod
        def get(name: str) -> None:
            raise ImageNotFound(name)


def test_without_debootstrap_the_remedy_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(SandboxError) as caught:
        image.ensure_image(_NoImages(), PLAIN, (), _silent)  # type: ignore[arg-type]
    assert "apt-get install debootstrap" in caught.value.remedy


def test_an_image_is_not_made_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: "/usr/sbin/debootstrap")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(SandboxError, match="needs root"):
        image.ensure_image(_NoImages(), PLAIN, (), _silent)  # type: ignore[arg-type]


def _silent(event: Event) -> None:
    """No server listens."""


def test_an_absent_docker_is_one_line_with_a_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    with pytest.raises(SandboxError) as caught:
        engine()
    assert (
        caught.value.message == f"the Docker Engine does not answer: {tmp_path}/docker.sock: No such file or directory"
    )
    assert "apt-get install docker.io" in caught.value.remedy


@pytest.mark.parametrize("name", ["", "Bad", "a_b", "1a", "a-", "-a", "a" * 21, "a b", "../a"])
def test_a_bad_name_is_refused_before_docker_is_asked(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    with pytest.raises(SandboxError, match="invalid sandbox name"):
        sandbox_up(name, 1, "debian-12", cache_packages=False, say=_silent)


def test_nodes_take_the_images_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, int]] = []
    monkeypatch.setattr(lifecycle, "_allow_inotify", lambda *_: None)
    monkeypatch.setattr(lifecycle, "_network", lambda *_: "10.9.8")
    monkeypatch.setattr(
        lifecycle, "_start_node", lambda _client, _sandbox, image, index, *_: started.append((image, index))
    )
    monkeypatch.setattr(Sandbox, "wait", lambda *_, **__: None)
    lifecycle.create(None, "mixed", ["one:11", "one:13"], 3, _silent)  # type: ignore[arg-type]
    assert started == [("one:11", 1), ("one:13", 2), ("one:11", 3)]


@pytest.mark.parametrize("name", ["a", "dev", "a-1", "a" * 20])
def test_good_names(name: str) -> None:
    lifecycle.check_name(name)


@pytest.mark.parametrize(
    ("count", "architecture", "parties"),
    [(1, "standalone", ["9999"]), (2, "rabbitmq", ["9999", "10000"]), (3, "rabbitmq", ["9999", "10000", "10001"])],
)
def test_the_inventory_loads_and_gives_each_node_a_party(
    tmp_path: Path, count: int, architecture: str, parties: list[str]
) -> None:
    addresses = {f"n{index}": f"10.0.0.{index}" for index in range(1, count + 1)}
    file = tmp_path / "inventory.yml"
    file.write_text(inventory_for("dev", addresses, tmp_path / "id_ed25519"))
    cluster = inventory.load(file)
    assert cluster.architecture == architecture
    assert sorted(cluster.parties) == sorted(parties)
    assert {node.ssh.key for node in cluster.nodes.values()} == {str(tmp_path / "id_ed25519")}
    for party, node in zip(parties, addresses, strict=True):
        assert cluster.parties[party].nodes == (node,)


def test_new_host_keys_replace_those_of_earlier_nodes_and_leave_others(tmp_path: Path) -> None:
    file = tmp_path / "state" / "known_hosts"
    handout.trust(file, ["10.0.0.1"], "10.0.0.1 ssh-ed25519 OLD\n")
    with file.open("a") as more:
        more.write("10.0.0.10 ssh-ed25519 OTHER\n")
    handout.trust(file, ["10.0.0.1"], "10.0.0.1 ssh-ed25519 NEW\n")
    assert file.read_text() == "10.0.0.10 ssh-ed25519 OTHER\n10.0.0.1 ssh-ed25519 NEW\n"
    assert file.stat().st_mode & 0o777 == 0o600
    handout.trust(file, ["10.0.0.1"], "")
    assert file.read_text() == "10.0.0.10 ssh-ed25519 OTHER\n"
    handout.trust(file, ["10.0.0.10"], "")
    assert not file.exists()
    handout.trust(file, ["10.0.0.10"], "")


def test_a_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    key = handout.ensure_key(tmp_path / "dev")
    first = key.read_bytes()
    assert handout.ensure_key(tmp_path / "dev").read_bytes() == first
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700
    assert subprocess.run(["ssh-keygen", "-y", "-P", "", "-f", key], capture_output=True, check=False).returncode == 0
