"""Keys, signatures in OpenSSH's format, and who is trusted until when."""

import subprocess
from datetime import date
from pathlib import Path

import pytest

from fatecloud.errors import ArtifactError, NotTrusted
from fatecloud.signing import keys, sshsig
from fatecloud.signing.fingerprint import fingerprint, from_hex, normal
from fatecloud.signing.trust import TrustedKey, judge
from fatecloud.signing.wire import packed, unpacked

KEY = keys.key_of("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
PRINT = KEY.public.fingerprint
MESSAGE = b'{"files":[]}'
TODAY = date(2026, 11, 28)


def signature(message: bytes = MESSAGE, namespace: str = sshsig.BUNDLE, key: keys.SigningKey = KEY) -> str:
    return sshsig.signed(message, namespace, key)


def test_openssh_knows_the_fingerprint_and_verifies_the_signature(tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_text(f"{KEY.public}\n")
    shown = subprocess.run(["ssh-keygen", "-lf", "key.pub"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert shown.stdout.split()[1] == PRINT
    (tmp_path / "allowed").write_text(f'a-cluster namespaces="{sshsig.BUNDLE}" {KEY.public}\n')
    (tmp_path / "sig").write_text(signature())
    verify = ["ssh-keygen", "-Y", "verify", "-f", "allowed", "-I", "a-cluster", "-n", sshsig.BUNDLE, "-s", "sig"]
    assert subprocess.run(verify, cwd=tmp_path, input=MESSAGE, capture_output=True, check=False).returncode == 0
    changed = subprocess.run(verify, cwd=tmp_path, input=MESSAGE + b" ", capture_output=True, check=False)
    assert changed.returncode != 0


def test_a_signature_of_openssh_is_read(tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key"], cwd=tmp_path, check=True)
    signing = ["ssh-keygen", "-q", "-Y", "sign", "-f", "key", "-n", sshsig.BUNDLE]
    done = subprocess.run(signing, cwd=tmp_path, input=MESSAGE, capture_output=True, check=True)
    read = sshsig.signature_of(done.stdout.decode())
    assert read.covers(MESSAGE, sshsig.BUNDLE)
    assert str(read.key) == " ".join((tmp_path / "key.pub").read_text().split()[:2])


def test_a_signature_counts_for_its_message_its_purpose_and_its_key_only() -> None:
    read = sshsig.signature_of(signature())
    assert read.covers(MESSAGE, sshsig.BUNDLE)
    assert not read.covers(MESSAGE + b" ", sshsig.BUNDLE)
    assert not read.covers(MESSAGE, "findings@fatecloud")
    assert not sshsig.signature_of(signature(namespace="findings@fatecloud")).covers(MESSAGE, sshsig.BUNDLE)
    other = sshsig.Signature(keys.new_key().public, read.namespace, read.value)
    assert not other.covers(MESSAGE, sshsig.BUNDLE)
    renamed = sshsig.Signature(read.key, "findings@fatecloud", read.value)
    assert not renamed.covers(MESSAGE, "findings@fatecloud")


def test_no_changed_character_of_a_signature_is_accepted() -> None:
    text = signature()
    for at, character in enumerate(text):
        for other in "Ab\n-":
            if other == character:
                continue
            try:
                read = sshsig.signature_of(text[:at] + other + text[at + 1 :])
            except ValueError:
                continue
            # The last characters of base64 may have bits that mean nothing.
            same = (read.key, read.namespace, read.value) == (
                KEY.public,
                sshsig.BUNDLE,
                sshsig.signature_of(text).value,
            )
            assert same or not read.covers(MESSAGE, sshsig.BUNDLE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
        "-----BEGIN SSH SIGNATURE-----\n????\n-----END SSH SIGNATURE-----\n",
        "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQAA\n-----END SSH SIGNATURE-----\n",
        "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAf////8=\n-----END SSH SIGNATURE-----\n",
        "x" * 100_000,
        "-----BEGIN PGP SIGNATURE-----\nU1NIU0lH\n-----END PGP SIGNATURE-----\n",
        "\ufffd",
    ],
)
def test_something_else_is_not_a_signature(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        sshsig.signature_of(text)


def test_strings_on_the_wire_are_exact() -> None:
    assert unpacked(packed(b"a", b"", b"bc"), 3) == [b"a", b"", b"bc"]
    for wrong in (
        packed(b"a"),
        packed(b"a", b"b", b"c"),
        packed(b"a", b"b")[:-1],
        packed(b"a", b"b") + b"x",
        b"\xff" * 8,
    ):
        with pytest.raises(ValueError, match="too"):
            unpacked(wrong, 2)


def test_a_private_key_shows_in_no_repr() -> None:
    assert KEY.text not in repr(KEY)
    assert repr(KEY.seed) not in repr(KEY)
    assert keys.key_of(KEY.text) == KEY
    assert keys.new_key() != keys.new_key()


@pytest.mark.parametrize("text", ["", "AAAA", "!!!!", KEY.text + "AAAA", "a secret of another kind"])
def test_a_damaged_private_key_is_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="not ") as caught:
        keys.key_of(text)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("line", ["", "ssh-rsa AAAA", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 ??"])
def test_a_damaged_public_key_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        keys.public_of_line(line)
    assert keys.public_of_line(str(KEY.public)) == KEY.public


def test_fingerprints_have_two_forms() -> None:
    assert fingerprint(b"") == "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
    sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert {normal(text) for text in (sha256, sha256.upper(), f"sha256:{sha256}", fingerprint(b""))} == {
        fingerprint(b"")
    }
    assert from_hex(sha256) == fingerprint(b"")
    for wrong in (
        "",
        "SHA256:",
        "SHA256:abc",
        sha256[:-1],
        "MD5:" + sha256,
        fingerprint(b"") + "=",
        fingerprint(b"")[:-1],
    ):
        with pytest.raises(ValueError, match="not a fingerprint"):
            normal(wrong)


def judged(text: str, *trusted: TrustedKey, message: bytes = MESSAGE, today: date = TODAY) -> TrustedKey:
    read = sshsig.signature_of(text) if text else None
    return judge("a.tar", read, message, sshsig.BUNDLE, trusted, today)


def test_unsigned_unknown_and_expired_are_three_messages() -> None:
    with pytest.raises(NotTrusted, match=r"a\.tar is not signed") as unsigned:
        judged("")
    with pytest.raises(NotTrusted, match="a key that you do not trust") as unknown:
        judged(signature(), TrustedKey(keys.new_key().public.fingerprint, "--trust"))
    with pytest.raises(NotTrusted, match=r"\(peer 10000\), a key that expired on 2026-11-27") as expired:
        judged(signature(), TrustedKey(PRINT, "peer 10000", date(2026, 11, 27)))
    assert "--unsigned" in unsigned.value.remedy
    assert f"--trust {PRINT}" in unknown.value.remedy
    assert "present key" in expired.value.remedy
    assert {caught.value.exit_status for caught in (unsigned, unknown, expired)} == {6}


def test_a_changed_message_is_not_a_question_of_trust() -> None:
    with pytest.raises(ArtifactError, match="is not one of this content") as caught:
        judged(signature(), TrustedKey(PRINT, "--trust"), message=MESSAGE + b" ")
    assert not isinstance(caught.value, NotTrusted)


def test_a_key_counts_through_its_last_day_and_the_longest_entry_counts() -> None:
    last = TrustedKey(PRINT, "peer 10000", TODAY)
    assert judged(signature(), last) == last
    over = TrustedKey(PRINT, "peer 10000", date(2020, 1, 1))
    assert judged(signature(), over, TrustedKey(PRINT, "--trust")).owner == "--trust"
