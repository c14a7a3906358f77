"""Archives of models: what is in one is held to its list, its list to a signature, and each refusal has a name."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from model_world import ID, LATER, VERSION, World, archive, content, listing, world

from fatecloud.artifacts.index import canonical
from fatecloud.artifacts.trained.archive import LIST, SIGNATURE, opened
from fatecloud.artifacts.trained.content import content_of, files_of
from fatecloud.artifacts.trained.listing import listing_of
from fatecloud.components.serving_server.pipeline import PIPELINE
from fatecloud.errors import ArtifactError, FatecloudError, InputError, ModelRefused, NotTrusted
from fatecloud.model.trained import LARGEST, Reason
from fatecloud.probing.grpc.wire import field
from fatecloud.signing.keys import SigningKey, new_key
from fatecloud.signing.sshsig import BUNDLE, MODEL, signed

Members = list[tuple[tarfile.TarInfo, bytes]]
Change = Callable[[Members, SigningKey], Members]
GUEST = "guest/9999.json"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all: nothing that is refused changes it."""
    with pytest.MonkeyPatch.context() as patch, world(tmp_path_factory.mktemp("models"), patch) as found:
        yield found


@pytest.fixture
def whole(here: World, tmp_path: Path) -> Path:
    return archive(tmp_path / "model.tar", here.key)


def taken_apart(file: Path) -> Members:
    with tarfile.open(file) as source:
        return [(member, (source.extractfile(member) or io.BytesIO()).read()) for member in source]


def put_together(file: Path, members: Members, format_: int = tarfile.USTAR_FORMAT) -> None:
    with tarfile.open(file, "w", format=format_) as out:
        for member, octets in members:
            if member.isreg():
                member.size = len(octets)
            out.addfile(member, io.BytesIO(octets))


def plain(name: str, octets: bytes) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(octets)
    return member, octets


def special(name: str, kind: bytes, target: str) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


def with_member(extra: tuple[tarfile.TarInfo, bytes]) -> Change:
    return lambda members, _: [*members, extra]


def with_bytes(name: str, change: Callable[[bytes], bytes]) -> Change:
    return lambda members, _: [(m, change(octets) if m.name == name else octets) for m, octets in members]


def with_list(change: Callable[[dict[str, Any]], object]) -> Change:
    """A list that says something else, and is signed: a thief of the key writes what they like."""

    def made(members: Members, key: SigningKey) -> Members:
        data = json.loads(members[0][1])
        change(data)
        octets = canonical(data)
        return [plain(LIST, octets), plain(SIGNATURE, signed(octets, MODEL, key).encode()), *members[2:]]

    return made


def with_part(change: Callable[[dict[str, bytes]], dict[str, bytes]]) -> Change:
    """A guest's part with other files, which list and signature know."""

    def made(members: Members, key: SigningKey) -> Members:
        files = change(files_of(members[2][1], "guest"))
        octets = content_of(files)

        def relisted(data: dict[str, Any]) -> None:
            digests = {name: hashlib.sha256(text).hexdigest() for name, text in files.items()}
            entry = {"size": len(octets), "sha256": hashlib.sha256(octets).hexdigest(), "files": digests}
            data["parts"][0].update(entry)

        return with_list(relisted)([*members[:2], plain(GUEST, octets), *members[3:]], key)

    return made


def with_pipeline(number: int, value: str) -> Change:
    """A guest's part whose pipeline has another id (5) or version (6), which stand at its end."""

    def changed(files: dict[str, bytes]) -> dict[str, bytes]:
        texts = {5: ID, 6: VERSION}
        begin = files[PIPELINE][: -len(b"".join(field(n, text) for n, text in texts.items()))]
        return {**files, PIPELINE: begin + b"".join(field(n, text) for n, text in {**texts, number: value}.items())}

    return with_part(changed)


def of_others(files: dict[str, bytes]) -> dict[str, bytes]:
    return {**files, PIPELINE: files[PIPELINE].replace(b'"guest": [9999]', b'"guest": [7777]')}


CORRUPTIONS: dict[str, tuple[Change, str]] = {
    "a changed byte": (
        with_bytes(GUEST, lambda octets: octets[:100] + bytes([octets[100] ^ 1]) + octets[101:]),
        Reason.BYTES,
    ),
    "a file that is missing": (lambda members, _: members[:-1], Reason.MISSING),
    "a file that is too much": (with_member(plain("guest/readme.txt", b"x")), Reason.SURPLUS),
    "a file twice": (lambda members, _: [*members[:3], members[2], *members[3:]], Reason.TWICE),
    "a file of another size": (with_bytes(GUEST, lambda octets: octets + b" "), Reason.SIZE),
    "a path out of it": (with_member(plain("../../etc/cron.d/x", b"x")), Reason.PATH),
    "an absolute path": (with_member(plain("/etc/cron.d/x", b"x")), Reason.PATH),
    "a symbolic link": (with_member(special("guest/9999.json", tarfile.SYMTYPE, "/etc/shadow")), Reason.SPECIAL),
    "a hard link": (with_member(special("x", tarfile.LNKTYPE, LIST)), Reason.SPECIAL),
    "a device": (with_member(special("x", tarfile.CHRTYPE, "")), Reason.SPECIAL),
    "a signature of another list": (
        lambda members, key: [members[0], plain(SIGNATURE, signed(b"other", MODEL, key).encode()), *members[2:]],
        "is not one of this content",
    ),
    "a signature for another purpose": (
        lambda members, key: [
            members[0],
            plain(SIGNATURE, signed(members[0][1], BUNDLE, key).encode()),
            *members[2:],
        ],
        "signed for another purpose",
    ),
    "a list that was changed after it was signed": (
        with_bytes(LIST, lambda octets: octets.replace(b"serving-2.1.6", b"serving-2.1.5")),
        "is not one of this content",
    ),
    "an unknown signer": (
        lambda members, _: [
            members[0],
            plain(SIGNATURE, signed(members[0][1], MODEL, new_key()).encode()),
            *members[2:],
        ],
        "a key that you do not trust",
    ),
    "no signature": (lambda members, _: [members[0], *members[2:]], "is not signed"),
    "a damaged signature": (with_bytes(SIGNATURE, lambda octets: octets[:-60]), "the signature is damaged"),
    "a signature that is too large": (with_bytes(SIGNATURE, lambda _: b"x" * 5000), Reason.TOO_LARGE),
    "an unknown format": (with_list(lambda data: data.update(format=2)), Reason.FORMAT),
    "a list of another form": (with_bytes(LIST, lambda octets: octets + b" "), Reason.LIST),
    "a list that is not JSON": (with_bytes(LIST, lambda octets: octets[:-1]), Reason.LIST),
    "a list without its parts": (with_list(lambda data: data.pop("parts")), Reason.LIST),
    "a path in a list": (with_list(lambda data: data["parts"][0].update(party="../1")), Reason.LIST),
    "no part": (with_list(lambda data: data.update(parts=[])), Reason.MISSING),
    "a part of a role that has none": (with_list(lambda data: data["parts"][0].update(role="arbiter")), Reason.ROLE),
    "a part of another party": (with_list(lambda data: data["parts"][0].update(party="7")), Reason.ROLE),
    "a part that is too large": (with_list(lambda data: data["parts"][0].update(size=LARGEST + 1)), Reason.TOO_LARGE),
    "one part listed twice": (
        with_list(lambda data: data["parts"].append(data["parts"][0])),
        Reason.TWICE,
    ),
    "a part of another version": (with_pipeline(6, LATER), Reason.VERSION),
    "a part of another model": (with_pipeline(5, "guest-1#host-2#model"), Reason.MODEL),
    "a list of another version than its parts": (with_list(lambda data: data.update(version=LATER)), Reason.VERSION),
    "the host's part in the place of the guest's": (
        with_part(lambda _: files_of(content("host"), "host")),
        Reason.ROLE,
    ),
    "a part that was trained with others": (with_part(of_others), Reason.PARTY),
    "a part without its pipeline": (
        with_part(lambda files: {k: v for k, v in files.items() if "pipeline" not in k}),
        Reason.CONTENT,
    ),
    "a part that is not a model": (with_part(lambda _: {PIPELINE: b"\xff\xff"}), Reason.CONTENT),
    "a file name that leads out": (with_part(lambda files: {**files, "../x.y": b""}), Reason.PATH),
    "other components than the list says": (
        with_list(lambda data: data["parts"][0].update(components=["hetero_lr_0 HeteroLRGuest"])),
        Reason.COMPONENTS,
    ),
    "a newer release": (with_list(lambda data: data["needs"].update(since="2.9")), Reason.NEEDS),
    "a model for another component": (with_list(lambda data: data["needs"].update(component="other")), Reason.NEEDS),
    "something else at its beginning": (lambda members, _: members[1:], Reason.NO_ARCHIVE),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_is_refused_by_its_name_and_changes_nothing(here: World, whole: Path, name: str) -> None:
    change, words = CORRUPTIONS[name]
    put_together(whole, change(taken_apart(whole), here.key))
    error = here.refused("import", str(whole), "--yes")
    expected = f"refused ({words})" if words in list(Reason) else words
    assert expected in error.message
    assert isinstance(error, ArtifactError)


RAW: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut in a file": (lambda octets: octets[:6000], Reason.CUT_OFF),
    "cut in a header": (lambda octets: octets[: 512 * 2 + 100], Reason.CUT_OFF),
    "cut at its end": (lambda octets: octets[:-1024], Reason.CUT_OFF),
    "more after its end": (lambda octets: octets + b"x" * 10240, Reason.AFTER_END),
    "zeros without end": (lambda octets: octets + b"\0" * (1 << 20), Reason.AFTER_END),
    "compressed": (gzip.compress, Reason.COMPRESSED),
    "a bomb": (lambda _: gzip.compress(b"\0" * (64 << 20)), Reason.COMPRESSED),
    "a damaged header": (lambda octets: octets.replace(b"guest/9999.json", b"guest/9999.jsom"), Reason.DAMAGED),
    "empty": (lambda _: b"", Reason.NO_ARCHIVE),
    "text": (lambda _: b"model" * 1000, Reason.NO_ARCHIVE),
    "a few bytes": (lambda _: b"model", Reason.NO_ARCHIVE),
}


@pytest.mark.parametrize("name", RAW)
def test_a_file_that_is_cut_packed_or_grown_is_refused_by_its_name(here: World, whole: Path, name: str) -> None:
    change, reason = RAW[name]
    whole.write_bytes(change(whole.read_bytes()))
    assert f"refused ({reason})" in here.refused("import", str(whole), "--yes").message


def test_a_zip_of_a_flow_is_refused(here: World, tmp_path: Path) -> None:
    file = tmp_path / "model.zip"
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("../x", "x")
    assert "refused (compressed)" in here.refused("import", str(file), "--yes").message


def test_a_file_that_is_not_there_is_an_error_of_the_operator(here: World, tmp_path: Path) -> None:
    assert isinstance(here.refused("import", str(tmp_path / "none.tar"), "--yes"), InputError)


def test_an_extended_header_is_refused(here: World, whole: Path) -> None:
    members = taken_apart(whole)
    members[2][0].pax_headers = {"comment": "x"}
    put_together(whole, members, tarfile.PAX_FORMAT)
    assert "refused (link or device)" in here.refused("import", str(whole), "--yes").message


def test_the_same_model_gives_the_same_list(here: World, whole: Path, tmp_path: Path) -> None:
    again = archive(tmp_path / "again.tar", here.key)
    assert taken_apart(whole)[0][1] == taken_apart(again)[0][1]
    assert whole.stat().st_mode & 0o077 == 0, "a model is private"


def test_what_is_written_is_what_is_read(whole: Path) -> None:
    with opened(whole) as found:
        assert found.listing == listing()
        assert [octets for octets, _ in found.contents().values()] == [content("guest"), content("host")]


def test_a_trusted_stranger_and_an_expired_one(here: World, whole: Path) -> None:
    stranger = new_key()
    octets = listing().octets
    put_together(
        whole,
        [plain(LIST, octets), plain(SIGNATURE, signed(octets, MODEL, stranger).encode()), *taken_apart(whole)[2:]],
    )
    error = here.refused("import", str(whole), "--dry-run")
    assert isinstance(error, NotTrusted)
    assert stranger.public.fingerprint in error.remedy
    assert "load version" in here.said("import", str(whole), "--dry-run", "--trust", stranger.public.fingerprint)
    text = (here.place / "inventory.yml").read_text()
    former = f"{stranger.public.fingerprint} until 2020-01-31"
    peer = f'  "11000": {{key: "{new_key().public.fingerprint}", former_key: "{former}", '
    (here.place / "expired.yml").write_text(text.replace('  "11000": {', peer))
    error = here.refused("import", str(whole), "--dry-run", "-i", str(here.place / "expired.yml"))
    assert "a key that expired on 2020-01-31" in error.message


def test_a_list_can_say_only_what_a_reader_takes() -> None:
    with pytest.raises(ModelRefused, match=r"unusable list"):
        listing_of(replace(listing(), service="a/b").octets)
    with pytest.raises(FatecloudError):
        listing_of(b"[]")
