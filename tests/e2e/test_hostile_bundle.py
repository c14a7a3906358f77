"""A bundle is believed nothing: no byte of it counts that the release's lock does not name. No node is needed for this.

The bundles are made of the real one: its index and signature, and then a member that should not be there.
"""

from __future__ import annotations

import hashlib
import json
import os
import pty
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from program import PROGRAM, ensure_no_defect

from fatecloud import catalogue
from fatecloud.artifacts import bundle as bundles
from fatecloud.artifacts.index import locked
from fatecloud.model.artifact import Artifact

RELEASE = "fate-2.2.0"
STRANGER = f"SHA256:{'A' * 43}"

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def wheels() -> tuple[Artifact, ...]:
    """What a node installs of the release."""
    return catalogue.load(RELEASE).pythons["fate"].wheels


@dataclass
class Place:
    """A directory of an operator, with an inventory, a vault and an empty store."""

    directory: Path
    store: Path

    def run(self, *words: str, answer: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a verb here; `answer` is typed on a terminal."""
        environment = {
            **os.environ,
            "FATECLOUD_STORE": str(self.store),
            "XDG_STATE_HOME": str(self.directory / "state"),
        }
        controller, terminal = pty.openpty() if answer is not None else (-1, subprocess.DEVNULL)
        if answer is not None:
            os.write(controller, answer.encode())
        done = subprocess.run(
            [PROGRAM, *words],
            cwd=self.directory,
            env=environment,
            stdin=terminal,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if answer is not None:
            os.close(controller)
            os.close(terminal)
        ensure_no_defect(done.returncode, done.stdout + done.stderr)
        return done

    def key(self) -> str:
        """Fingerprint of the cluster's key."""
        return str(json.loads(self.run("key", "show", "-o", "json").stdout)["fingerprint"])


def place(directory: Path, store: Path | None = None) -> Place:
    directory.mkdir()
    made = Place(directory, store or directory / "store")
    assert made.run("init", "--template", "two-party").returncode == 0
    return made


@pytest.fixture(scope="module")
def key(sender: Place) -> str:
    """Fingerprint of the sender's key."""
    return sender.key()


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Place:
    return place(tmp_path_factory.mktemp("hostile") / "sender", store)


@pytest.fixture(scope="module")
def whole(sender: Place) -> Path:
    """The real bundle, signed with the sender's key."""
    target = sender.directory / "release.tar"
    done = sender.run("release", "bundle", RELEASE, "-o", str(target))
    assert done.returncode == 0, done.stderr
    assert sender.key() in done.stdout
    return target


@pytest.fixture(scope="module")
def fingerprint(sender: Place) -> str:
    """Of the interpreter."""
    document = json.loads(sender.run("release", "show", RELEASE, "-o", "json").stdout)
    return str(document["pythons"][0]["interpreter"]["fingerprint"])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place(tmp_path_factory.mktemp("hostile") / "receiver")


@pytest.fixture
def receiver(prepared: Place, tmp_path: Path) -> Place:
    """An operator whose store is empty."""
    return Place(prepared.directory, tmp_path / "store")


Member = tuple[tarfile.TarInfo, bytes]


def plain(name: str, content: bytes) -> Member:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    return member, content


def special(name: str, kind: bytes, target: str = "/etc/shadow") -> Member:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


def begun(whole: Path) -> list[Member]:
    """Index and signature of the real bundle."""
    with tarfile.open(whole) as archive:
        return [
            (member, (archive.extractfile(member) or BytesIO()).read())
            for member in (archive.next(), archive.next())
            if member
        ]


def written(directory: Path, members: list[Member]) -> Path:
    """A tar file of these members, also of those that claim more bytes than they have."""
    target = directory / "hostile.tar"
    with target.open("wb") as file:
        for member, content in members:
            file.write(member.tobuf(tarfile.GNU_FORMAT))
            file.write(content + bytes(-len(content) % tarfile.BLOCKSIZE))
        file.write(bytes(tarfile.RECORDSIZE))
    return target


def refused(receiver: Place, key: str, file: Path, fingerprint: str, *words: str) -> None:
    """The import is refused with these words, whatever the operator accepts, and nothing can be deployed from it."""
    accepted = ("--trust", key, "--confirm-fingerprint", fingerprint)
    done = receiver.run("release", "import", str(file), *accepted)
    assert done.returncode == 1, done
    assert all(word in done.stderr for word in words), done.stderr
    assert str(file) in done.stderr
    planned = receiver.run("plan", "-i", str(receiver.directory))
    assert planned.returncode == 1, planned
    assert not list(receiver.directory.rglob("outside*"))
    stored = [path for path in receiver.store.rglob("*") if path.is_file()] if receiver.store.exists() else []
    assert all(path.parent.name == hashlib.sha256(path.read_bytes()).hexdigest() for path in stored)


def test_rubbish_with_a_matching_list(receiver: Place, key: str, whole: Path, fingerprint: str, tmp_path: Path) -> None:
    """Every file has the hash that the list gives it, and the right name: this was `complete in the store` once."""
    index = json.loads(begun(whole)[0][1])
    members = []
    for entry in index["files"]:
        content = f"rubbish {entry['filename']}".encode()
        entry |= {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        members.append(plain(f"sha256/{entry['sha256']}", content))
    artifact = {key: index["files"][0][key] for key in ("filename", "sha256", "size")}
    index["interpreters"]["fate"]["artifact"] |= artifact
    assert len(members) == len(locked(catalogue.load(RELEASE))) + 1, "and the interpreter"
    text = json.dumps(index, sort_keys=True, separators=(",", ":")).encode()
    file = written(tmp_path, [plain(bundles.INDEX, text), *members])
    refused(receiver, key, file, fingerprint, "expected SHA-256", "uv-")
    assert receiver.run("release", "import", str(file), "--unsigned").returncode == 1
    assert receiver.run("release", "verify").returncode == 1


def test_a_jvm_that_the_release_has_no_use_for(
    receiver: Place, key: str, whole: Path, fingerprint: str, tmp_path: Path
) -> None:
    """The rest is the real bundle: a program does not come in beside it."""
    index, content = json.loads(begun(whole)[0][1]), b"not a JVM"
    digest = hashlib.sha256(content).hexdigest()
    artifact: dict[str, object] = {
        "name": "jdk==1.7.0_80",
        "filename": "jdk-1.7.0_80-linux-x86_64.tar.gz",
        "sha256": digest,
    }
    artifact |= {"size": len(content), "kind": "archive"}
    index["jdks"] = [{"artifact": artifact, "glibc": "2.17", "source": "x"}]
    index["files"].insert(0, {key: artifact[key] for key in ("filename", "sha256", "size")})
    text = json.dumps(index, sort_keys=True, separators=(",", ":")).encode()
    file = written(tmp_path, [plain(bundles.INDEX, text), plain(f"sha256/{digest}", content)])
    refused(receiver, key, file, fingerprint, "not a JVM for fate-2.2.0: Java 7")


def wrong_wheel(members: list[Member]) -> list[Member]:
    wheel = wheels()[0]
    return [*members, plain(f"sha256/{wheel.sha256}", b"x" * wheel.size)]


def too_large(members: list[Member]) -> list[Member]:
    wheel = wheels()[0]
    return [*members, plain(f"sha256/{wheel.sha256}", b"x" * (wheel.size + 1))]


def endless(members: list[Member]) -> list[Member]:
    member = tarfile.TarInfo(f"sha256/{catalogue.load(RELEASE).pythons['fate'].wheels[0].sha256}")
    member.size = 1 << 60
    return [*members, (member, b"")]


def a_long_name(members: list[Member]) -> list[Member]:
    return [*members, plain("sha256/" + "0" * 5000, b"x")]


def cut(members: list[Member]) -> list[Member]:
    return members


HOSTILE: dict[str, tuple[Callable[[list[Member]], list[Member]], str]] = {
    "a wheel of the right name and size with other bytes": (wrong_wheel, "expected SHA-256"),
    "a member that is too large": (too_large, "bytes, got"),
    "a member that claims an exabyte": (endless, "bytes, got 1152921504606846976"),
    "a name of five thousand characters": (a_long_name, "is not a plain file"),
    "a name that climbs out": (lambda found: [*found, plain("../outside", b"x")], "unexpected member"),
    "an absolute name": (lambda found: [*found, plain("/tmp/outside", b"x")], "unexpected member"),
    "a link": (lambda found: [*found, special("outside", tarfile.SYMTYPE)], "is not a plain file"),
    "a hard link": (lambda found: [*found, special("outside", tarfile.LNKTYPE)], "is not a plain file"),
    "a device": (lambda found: [*found, special("outside", tarfile.CHRTYPE)], "is not a plain file"),
    "a pipe": (lambda found: [*found, special("outside", tarfile.FIFOTYPE)], "is not a plain file"),
    "nothing after its list": (cut, "it lacks"),
    "a link in the place of its list": (
        lambda found: [special(bundles.INDEX, tarfile.SYMTYPE), *found],
        "is a link that leads out of it",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_signed_bundle_with_a_member_that_does_not_belong(
    receiver: Place, key: str, whole: Path, fingerprint: str, tmp_path: Path, name: str
) -> None:
    """A thief of the key signs what they like: the lock still decides."""
    change, words = HOSTILE[name]
    file = written(tmp_path, change(begun(whole)))
    refused(receiver, key, file, fingerprint, words)


def test_a_flipped_bit_of_the_signature(
    receiver: Place, key: str, whole: Path, fingerprint: str, tmp_path: Path
) -> None:
    index, (signature, text) = begun(whole)
    for at in (len(text) // 2, 60, 5):
        changed = text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :]
        refused(receiver, key, written(tmp_path, [index, (signature, changed)]), fingerprint, "signature")
    other = json.loads(index[1])
    other["interpreters"]["fate"]["source"] = "elsewhere"
    text = json.dumps(other, sort_keys=True, separators=(",", ":")).encode()
    file = written(tmp_path, [plain(bundles.INDEX, text), *begun(whole)[1:]])
    refused(receiver, key, file, fingerprint, "is not one of this content")


def test_unsigned_unknown_and_expired_are_three_messages(
    receiver: Place, key: str, whole: Path, fingerprint: str, tmp_path: Path
) -> None:
    found = begun(whole)
    unsigned, signed = written(tmp_path, found[:1]), tmp_path / "signed.tar"
    confirmed = ("--confirm-fingerprint", fingerprint)
    done = receiver.run("release", "import", str(unsigned), *confirmed)
    assert (done.returncode, "is not signed" in done.stderr) == (6, True), done
    written(tmp_path, found).rename(signed)
    for words in ((), ("--trust", STRANGER), ("--unsigned",)):
        done = receiver.run("release", "import", str(signed), *confirmed, *words)
        assert (done.returncode, "a key that you do not trust" in done.stderr) == (6, True), done
        assert key in done.stderr
    inventory = tmp_path / "inventory.yml"
    peer = {"proxy": "198.51.100.1:9370", "broker": "198.51.100.1:5672", "key": STRANGER}
    peer |= {"former_key": f"{key} until 2020-01-31"}
    inventory.write_text((receiver.directory / "inventory.yml").read_text() + f"peers: {json.dumps({'77': peer})}\n")
    done = receiver.run("release", "import", str(signed), *confirmed, "-i", str(inventory))
    assert (done.returncode, "a key that expired on 2020-01-31" in done.stderr) == (6, True), done
    assert not receiver.store.exists()


def test_the_senders_own_former_key_expires(
    sender: Place, key: str, whole: Path, tmp_path: Path, fingerprint: str
) -> None:
    """Rotated in a copy: the other tests use this sender."""
    copy = Place(tmp_path / "copy", tmp_path / "store")
    shutil.copytree(sender.directory, copy.directory, ignore=shutil.ignore_patterns("*.tar"))
    signed = written(tmp_path, begun(whole))
    words = ("release", "import", str(signed), "--confirm-fingerprint", fingerprint)
    for until, expected in (("2999-01-31", "it lacks"), ("2020-01-31", "expired on 2020-01-31")):
        shutil.copy(sender.directory / "inventory.secrets.yml", copy.directory)
        assert copy.run("key", "rotate", "--keep-until", until).returncode == 0
        assert copy.key() != key
        done = copy.run(*words)
        assert expected in done.stderr, done


def test_an_interpreter_is_confirmed_by_its_fingerprint_and_the_whole_bundle_then_arrives(
    receiver: Place, key: str, whole: Path, fingerprint: str
) -> None:
    words = ("release", "import", str(whole), "--trust", key)
    for more in ((), ("--confirm-fingerprint", STRANGER)):
        done = receiver.run(*words, *more)
        assert (done.returncode, fingerprint in done.stderr) == (6, True), done
    done = receiver.run(*words, answer="n\n")
    assert (done.returncode, fingerprint in done.stderr) == (6, True), done
    assert not receiver.store.exists()
    done = receiver.run(*words, answer="y\n")
    assert done.returncode == 0, done
    assert receiver.run("release", "verify").returncode == 0
    shown = json.loads(receiver.run("release", "show", RELEASE, "-o", "json").stdout)
    interpreter = shown["pythons"][0]["interpreter"]
    assert (shown["complete"], interpreter["fingerprint"]) == (True, fingerprint)
    assert interpreter["origin"] == "imported"
    done = receiver.run(*words)
    assert done.returncode == 0, f"what was confirmed once is not asked about again: {done}"
    shutil.rmtree(receiver.store)
