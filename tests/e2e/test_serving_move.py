"""A model goes from one FATE-Serving to another that shares nothing with it: real packages, two inventories, two keys.

The first has Serving 2.1.6, the second 2.1.7; each has a guest and a host on a node each. The tests run in order, only
where FATECLOUD_PACKAGES names a directory with a directory `serving`, which has upstream's zips of both.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from own_store import import_confirmed, operator
from prepared import BASE
from program import Program
from raised import RAISED
from two_parties import home
from waiting import wait_until

from fatecloud.artifacts.index import canonical
from fatecloud.artifacts.trained.archive import LIST, SIGNATURE, write_archive
from fatecloud.artifacts.trained.content import content_of, files_of
from fatecloud.artifacts.trained.listing import Listing, listed
from fatecloud.components.script import script_text
from fatecloud.components.serving_server import sample
from fatecloud.components.serving_server.pipeline import PIPELINE, judge
from fatecloud.model.trained import ModelPart, Needs, roles_in
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.signing.keys import SigningKey, new_key
from fatecloud.signing.sshsig import BUNDLE, MODEL, signed
from fatecloud.vault.signing_keys import signing_key
from fatecloud.workflow.sandbox import Handed
from fatecloud.workflow.secrets import SecretsFiles, open_vault

PACKAGES = Path(os.environ.get("FATECLOUD_PACKAGES") or "none") / "serving"
ARCHIVES = sorted(PACKAGES.glob("*-2.1.*.zip"))
if not ARCHIVES:
    pytest.skip("FATECLOUD_PACKAGES names no directory with serving", allow_module_level=True)
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
MEMORY = 3 << 30
PARTIES = {"guest": "9999", "host": "10000"}
SERVICES = ("zookeeper", "serving-server", "serving-proxy")
ID, VERSION, LATER = sample.model_id(*PARTIES.values()), sample.VERSION, "202001020000000000002"
SERVICE = "score"
IDS = {"ours": "a000000000000001", "theirs": "b000000000000002"}
HAND_OVER = """
import json, sys
path, identity = sys.argv[1:]
with open(path, "r+") as file:
    record = dict(json.load(file), **json.loads(identity))
    file.seek(0)
    file.truncate()
    json.dump(record, file)
"""
"""The store of a prepared node is on record for the cluster of its sandbox, and becomes that of another one."""


@dataclass
class Place:
    """A serving environment: who operates it, and its nodes by role."""

    program: Program
    nodes: dict[str, str]

    @property
    def key(self) -> SigningKey:
        key = signing_key(open_vault(SecretsFiles(self.program.inventory)).read())
        assert key
        return key

    def healthy(self) -> None:
        report = self.program.wait_for(lambda report: report["status"] == 0, timeout=300)
        assert (report["findings"], report["status"]) == ([], 0)


@pytest.fixture(scope="module")
def sandbox(new_sandbox: Callable[..., Handed]) -> Handed:
    return new_sandbox("move", 4, prepared=True, memory=MEMORY)


@pytest.fixture(scope="module")
def nodes(sandbox: Handed) -> Sandbox:
    return sandbox.sandbox


def environment(sandbox: Handed, place: Path, label: str, release: str, where: dict[str, str]) -> Place:
    """Deployed from nothing by an operator of its own."""
    empty = place / "empty"
    empty.mkdir()

    def pair(document: dict[str, Any]) -> None:
        for name in ("release", "architecture", "parties"):
            document.pop(name, None)
        document["cluster"], document["id"] = label, IDS[label]
        document["nodes"] = {node: document["nodes"][node] for node in where.values()}
        document["groups"] = {
            role: {
                "release": release,
                "services": dict.fromkeys(SERVICES, node),
                "config": {
                    "serving-proxy": {"party": int(PARTIES[role])},
                    "serving-server": {"features": {"source": "sample"}},
                },
            }
            for role, node in where.items()
        }

    program = operator(sandbox, place, empty, pair)
    identity = json.dumps({"cluster": label, "id": IDS[label]})
    for node in where.values():
        sandbox.sandbox.check(node, ["python3", "-c", HAND_OVER, f"{BASE}/.fatecloud/manifest.json", identity])
    program.ok("release", "fetch", release)
    import_confirmed(program, [file for file in ARCHIVES if release.removeprefix("serving-") in file.name])
    with RAISED.anything():
        done = program.ok("deploy", "--yes", timeout=2400)
    assert "route guest -> host: success" in done.out + done.err
    return Place(program, where)


@pytest.fixture(scope="module")
def ours(sandbox: Handed, tmp_path_factory: pytest.TempPathFactory) -> Place:
    where = {"guest": "n1", "host": "n2"}
    return environment(sandbox, tmp_path_factory.mktemp("ours"), "ours", "serving-2.1.6", where)


@pytest.fixture(scope="module")
def theirs(sandbox: Handed, tmp_path_factory: pytest.TempPathFactory) -> Place:
    where = {"guest": "n3", "host": "n4"}
    return environment(sandbox, tmp_path_factory.mktemp("theirs"), "theirs", "serving-2.1.7", where)


def archive(target: Path, key: SigningKey, version: str = VERSION) -> Path:
    """The sample, as a training side would have exported it."""
    contents, parts = {}, []
    for role, party in PARTIES.items():
        part = ModelPart(ID, version, role, party)
        files = files_of(canonical(json.loads(sample.model(role, *PARTIES.values()))), role)
        files[PIPELINE] = files[PIPELINE].replace(VERSION.encode(), version.encode())
        octets = content_of(files)
        contents[part] = octets
        parts.append(listed(part, octets, files, judge(part, files)))
    made = Listing(
        ID, version, SERVICE, roles_in(ID), tuple(parts), "fate-1.11.4", "flow 1.11.2", Needs("serving-server", "2.1")
    )
    write_archive(target, made, contents, lambda octets: signed(octets, MODEL, key))
    return target


def score(nodes: Sandbox, place: Place) -> float:
    """Of one request through both parties, once their connections are there."""
    found: dict[str, Any] = {}

    def answered() -> bool:
        document = {
            "head": {"serviceId": SERVICE},
            "body": {"featureData": sample.GUEST_FEATURES, "sendToRemoteFeatureData": {"id": os.urandom(8).hex()}},
        }
        ask = 'printf %s "$1" | python3 -c "$2" 127.0.0.1 8059 inference'
        script = script_text("serving-proxy", "trial_request.py")
        text = nodes.check(place.nodes["guest"], ["sh", "-c", ask, "sh", json.dumps(document), script])
        found.update(json.loads(text))
        return bool(found.get("retcode") == 0)

    wait_until(answered, 180)
    return float(found["answer"]["data"]["score"])


def state(nodes: Sandbox, place: Place) -> str:
    """All files of the servers' models and their notes, with their digests."""
    script = f"cd {home(place.program)}/data && find . -path '*serving-server*' -type f "
    script += "\\( -name 'model_*' -o -name '*former*' \\) -exec sha256sum {} + | sort"
    return "\n".join(nodes.check(node, ["sh", "-c", script]) for node in place.nodes.values())


def test_a_model_comes_in_and_both_parties_make_its_score(nodes: Sandbox, ours: Place, tmp_path: Path) -> None:
    file = archive(tmp_path / "model.tar", ours.key)
    dry = ours.program.ok("model", "import", str(file), "--dry-run").out
    assert "load version" in dry
    assert "nothing was changed" in dry
    ours.program.ok("model", "import", str(file), "--yes")
    assert score(nodes, ours) == pytest.approx(sample.score(), abs=1e-9)
    assert "nothing to do" in ours.program.ok("model", "import", str(file), "--yes").out
    ours.healthy()


@pytest.fixture(scope="module")
def exported(ours: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("carried") / "model.tar"
    done = ours.program.ok("model", "export", "--service-id", SERVICE, "-o", str(file))
    assert ours.key.public.fingerprint in done.out
    return file


def test_where_nothing_is_shared_it_gives_the_same_score(
    nodes: Sandbox, ours: Place, theirs: Place, exported: Path
) -> None:
    assert ours.key.public != theirs.key.public
    refused = theirs.program.run("model", "import", str(exported), "--yes")
    assert (refused.status, "a key that you do not trust" in refused.err) == (6, True), refused
    theirs.program.ok("model", "import", str(exported), "--yes", "--trust", ours.key.public.fingerprint)
    assert score(nodes, theirs) == score(nodes, ours)
    theirs.healthy()


def test_after_a_restart_of_everything_it_is_the_same(nodes: Sandbox, ours: Place, theirs: Place) -> None:
    with RAISED.anything():
        theirs.program.ok("restart", "--yes", timeout=1200)
        theirs.healthy()
    assert score(nodes, theirs) == score(nodes, ours)


Members = list[tuple[tarfile.TarInfo, bytes]]


def _member(name: str, octets: bytes = b"x", kind: bytes = tarfile.REGTYPE) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, "/etc/shadow", len(octets)
    return member, octets


def _relisted(members: Members, key: SigningKey, **changed: Any) -> Members:
    octets = canonical({**json.loads(members[0][1]), **changed})
    return [_member(LIST, octets), _member(SIGNATURE, signed(octets, MODEL, key).encode()), *members[2:]]


def _signed(members: Members, namespace: str, key: SigningKey, message: bytes = b"") -> Members:
    text = signed(message or members[0][1], namespace, key).encode()
    return [members[0], _member(SIGNATURE, text), *members[2:]]


def _first_part(members: Members, **changed: Any) -> list[Any]:
    parts = json.loads(members[0][1])["parts"]
    return [{**parts[0], **changed}, *parts[1:]]


CORRUPTIONS: dict[str, tuple[Callable[[Members, SigningKey], Members], str]] = {
    "changed byte": (
        lambda m, _: [*m[:2], (m[2][0], m[2][1][:50] + b"!" + m[2][1][51:]), *m[3:]],
        "refused (changed bytes)",
    ),
    "missing file": (lambda m, _: m[:-1], "refused (missing file)"),
    "surplus file": (lambda m, _: [*m, _member("x")], "refused (surplus file)"),
    "file twice": (lambda m, _: [*m[:3], m[2], *m[3:]], "refused (file twice)"),
    "wrong size": (lambda m, _: [*m[:2], _member(m[2][0].name, m[2][1] + b" "), *m[3:]], "refused (wrong size)"),
    "path out of it": (lambda m, _: [*m, _member("../../etc/cron.d/x")], "refused (foreign path)"),
    "link": (lambda m, _: [*m, _member("x", b"", tarfile.SYMTYPE)], "refused (link or device)"),
    "device": (lambda m, _: [*m, _member("x", b"", tarfile.CHRTYPE)], "refused (link or device)"),
    "no signature": (lambda m, _: [m[0], *m[2:]], "is not signed"),
    "damaged signature": (lambda m, _: [m[0], _member(SIGNATURE, b"x"), *m[2:]], "signature is damaged"),
    "signature of something else": (lambda m, k: _signed(m, MODEL, k, b"other"), "is not one of this content"),
    "signature of a bundle": (lambda m, k: _signed(m, BUNDLE, k), "signed for another purpose"),
    "unknown signer": (lambda m, _: _signed(m, MODEL, new_key()), "a key that you do not trust"),
    "unknown format": (lambda m, k: _relisted(m, k, format=9), "refused (unknown format)"),
    "unusable list": (lambda m, k: _relisted(m, k, parts=None), "refused (unusable list)"),
    "mixed version": (lambda m, k: _relisted(m, k, version=LATER), "refused (mixed version)"),
    "mixed model": (
        lambda m, k: _relisted(m, k, model=ID.replace("fatecloud", "other")),
        "refused (mixed model)",
    ),
    "wrong role": (lambda m, k: _relisted(m, k, parts=_first_part(m, role="arbiter")), "refused (wrong role)"),
    "wrong party": (lambda m, k: _relisted(m, k, parts=_first_part(m, party="7")), "refused (wrong role)"),
    "too large": (lambda m, k: _relisted(m, k, parts=_first_part(m, size=1 << 40)), "refused (too large)"),
    "other components": (
        lambda m, k: _relisted(m, k, parts=_first_part(m, components=["x"])),
        "refused (other components)",
    ),
    "newer release": (
        lambda m, k: _relisted(m, k, needs={"component": "serving-server", "since": "3.0"}),
        "refused (wrong release)",
    ),
}


def test_each_corruption_is_refused_by_its_name_and_changes_nothing(
    nodes: Sandbox, ours: Place, theirs: Place, exported: Path, tmp_path: Path
) -> None:
    """Signed again with the trusted key where that is what a thief of it would do."""
    with tarfile.open(exported) as source:
        whole = [(member, (source.extractfile(member) or io.BytesIO()).read()) for member in source]
    before, trust = state(nodes, theirs), ("--trust", ours.key.public.fingerprint)
    assert "model_" in before
    for name, (change, words) in CORRUPTIONS.items():
        file = tmp_path / "changed.tar"
        with tarfile.open(file, "w", format=tarfile.USTAR_FORMAT) as out:
            for member, octets in change(list(whole), ours.key):
                out.addfile(member, io.BytesIO(octets))
        done = theirs.program.run("model", "import", str(file), "--yes", *trust)
        assert done.status in (1, 6), (name, done)
        assert words in done.err, (name, done)
    for words, octets in (("cut off", exported.read_bytes()[:-5000]), ("compressed", b"\x1f\x8b" + b"\0" * 1000)):
        file = tmp_path / "changed.tar"
        file.write_bytes(octets)
        assert f"refused ({words})" in theirs.program.run("model", "import", str(file), "--yes", *trust).err
    assert state(nodes, theirs) == before
    assert score(nodes, theirs) == pytest.approx(sample.score(), abs=1e-9)


def test_a_former_version_stays_and_comes_back(nodes: Sandbox, theirs: Place, tmp_path: Path) -> None:
    file = archive(tmp_path / "later.tar", theirs.key, LATER)
    said = theirs.program.ok("model", "import", str(file), "--yes").out
    assert f"service id {SERVICE} leads to version {LATER}; now to version {VERSION}" in said
    assert score(nodes, theirs) == pytest.approx(sample.score(), abs=1e-9)
    assert f"leads to version {VERSION}" in theirs.program.ok("model", "back", SERVICE, "--yes").out
    assert score(nodes, theirs) == pytest.approx(sample.score(), abs=1e-9)
    theirs.healthy()


def test_another_partys_archive_is_refused(ours: Place, theirs: Place, tmp_path: Path) -> None:
    file = tmp_path / "host.tar"
    ours.program.ok("model", "export", "--service-id", SERVICE, "-o", str(file), "--owner", "guest")
    trust = ("--trust", ours.key.public.fingerprint)
    done = theirs.program.run("model", "import", str(file), "--yes", "--owner", "host", *trust)
    assert "refused (wrong party): it has parts of guest 9999, and host is party 10000" in done.err, done
