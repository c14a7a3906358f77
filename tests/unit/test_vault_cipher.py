"""The format of vault files is Ansible's own: each side reads what the other has written."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from fatecloud.vault.cipher import Damaged, WrongPassword, decrypt, encrypt, is_encrypted

PASSWORD = "öpen sesame".encode()
LIBRARY = VaultLib([("default", VaultSecret(PASSWORD))])
TEXTS = [b"", b"x", b"fifteen letters", b"sixteen letters.", "机构甲: pässword\n".encode() * 4000]


@pytest.mark.parametrize("text", TEXTS, ids=len)
def test_ansible_reads_what_we_write(text: bytes) -> None:
    assert LIBRARY.decrypt(encrypt(text, PASSWORD)) == text


@pytest.mark.parametrize("text", TEXTS, ids=len)
@pytest.mark.parametrize("label", [None, "prod"])
def test_we_read_what_ansible_writes(text: bytes, label: str | None) -> None:
    written = LIBRARY.encrypt(text, VaultSecret(PASSWORD), vault_id=label)
    assert is_encrypted(written)
    assert decrypt(written, PASSWORD) == text
    assert decrypt(written.replace(b"\n", b"\r\n"), PASSWORD) == text


def test_the_layout_is_ansibles() -> None:
    ours, theirs = (written.splitlines() for written in (encrypt(b"x", PASSWORD), LIBRARY.encrypt(b"x")))
    assert ours[0] == theirs[0]
    assert [len(line) for line in ours] == [len(line) for line in theirs]
    assert encrypt(b"x", PASSWORD) != encrypt(b"x", PASSWORD)


def test_another_password_opens_nothing() -> None:
    with pytest.raises(WrongPassword):
        decrypt(encrypt(b"x", PASSWORD), PASSWORD + b".")


def test_no_changed_or_missing_byte_is_taken() -> None:
    written = encrypt(b"secret", PASSWORD)
    for at in range(written.index(b"\n"), len(written) - 1):
        for changed in (written[:at] + b"7" + written[at + 1 :], written[:at], written[:at] + written[at + 1 :]):
            if b"".join(changed.splitlines()) != b"".join(written.splitlines()):
                with pytest.raises((Damaged, WrongPassword)):
                    decrypt(changed, PASSWORD)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"$ANSIBLE_VAULT",
        b"$ANSIBLE_VAULT;1.1",
        b"$ANSIBLE_VAULT;1.1;AES",
        b"$ANSIBLE_VAULT;1.1;AES256",
        b"$ANSIBLE_VAULT;1.1;AES256\n0",
        b"$ANSIBLE_VAULT;1.1;AES256\n3030",
        b"$ANSIBLE_VAULT;1.1;AES256\n300a300a30",
        b"ANSIBLE_VAULT;1.1;AES256\n300a300a30",
    ],
)
def test_a_file_without_the_format_is_damaged(content: bytes) -> None:
    with pytest.raises(Damaged):
        decrypt(content, PASSWORD)


def test_other_files_do_not_claim_it() -> None:
    assert not is_encrypted(b"a: 1\n")
    assert not is_encrypted("$ANSIBLE_VAULT;1.1;AES256\nä".encode())


def test_ansible_itself_is_not_loaded() -> None:
    program = "import sys, fatecloud.workflow.project, fatecloud.vault.values; print('ansible' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "False\n"
