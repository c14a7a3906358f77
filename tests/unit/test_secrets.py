"""Secret values in memory and in the vault file."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from inventory_fakes import COMPONENTS, GOOD, loaded

from fatecloud.atomic import write_private
from fatecloud.errors import InputError, SecretsError
from fatecloud.model.component import SecretSpec, no_secrets
from fatecloud.vault import values as secrets
from fatecloud.vault.changes import completed, needs, promoted, rotated
from fatecloud.vault.cipher import encrypt
from fatecloud.vault.file import Secret, Vault, path_of, read_vault, write_vault
from fatecloud.vault.password import VARIABLE, ask_on_terminal, beside, find_password, generate_password

PLANTED = "hunter2-planted"


def refuse(_: str) -> str:
    raise AssertionError("no question is allowed")


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "demo.yml"


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("open sesame\n")
    return file


@pytest.fixture
def vault(inventory: Path) -> Vault:
    vault = Vault(path_of(inventory), b"open sesame")
    vault.write({"9999.mysql.flow": Secret(PLANTED, None, "generated"), "sudo": Secret("s", "t", "supplied")})
    return vault


def test_the_vault_file_is_beside_the_inventory_and_only_its_owner_reads_it(vault: Vault, inventory: Path) -> None:
    assert vault.file == inventory.parent / "demo.secrets.yml"
    assert stat.S_IMODE(vault.file.stat().st_mode) == 0o600
    content = vault.file.read_text()
    assert content.startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    assert PLANTED not in content
    assert os.listdir(inventory.parent) == ["demo.secrets.yml"]  # noqa: PTH208


def test_what_was_written_is_read(vault: Vault, inventory: Path, password_file: Path) -> None:
    assert vault.read()["sudo"] == Secret("s", "t", "supplied")
    values = secrets.load(inventory, vault_password_file=password_file, prompt=refuse)
    assert dict(values.current) == {"9999.mysql.flow": PLANTED, "sudo": "s"}
    assert dict(values.next) == {"sudo": "t"}
    assert values.missing(["sudo", "b", "a", "a"]) == ("a", "b")


def test_no_file_means_no_values_and_no_question(inventory: Path) -> None:
    values = secrets.load(inventory, prompt=refuse)
    assert values.missing(["x"]) == ("x",)
    assert values.redact("text") == "text"


def test_a_named_secrets_file_must_be_there(inventory: Path, password_file: Path) -> None:
    with pytest.raises(SecretsError, match=r"other\.yml: the secrets cannot be read: No such file"):
        secrets.load(inventory, path=inventory.with_name("other.yml"), vault_password_file=password_file)


def test_a_wrong_password_is_one_line_with_a_remedy(vault: Vault, inventory: Path) -> None:
    with pytest.raises(SecretsError) as caught:
        secrets.load(inventory, prompt=lambda _: "wrong")
    assert caught.value.message == f"{vault.file}: the vault password is wrong, or the file is damaged"
    assert caught.value.remedy
    assert caught.value.exit_status == 78


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"9999.mysql.flow: x\n", "is not an ansible-vault file"),
        (b"", "is not an ansible-vault file"),
        (b"$ANSIBLE_VAULT;1.1;AES256\nzz\n", "the vault file is damaged"),
        (b"$ANSIBLE_VAULT\n", "the vault file is damaged"),
        (b"$ANSIBLE_VAULT;9.9;ROT13\n00\n", "the vault file is damaged"),
    ],
)
def test_damaged_files_are_reported(inventory: Path, content: bytes, words: str) -> None:
    file = path_of(inventory)
    file.write_bytes(content)
    with pytest.raises(SecretsError) as caught:
        read_vault(file, b"open sesame")
    assert words in caught.value.message
    assert len(caught.value.message.splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        f"a: {PLANTED}",
        f"[{PLANTED}]",
        f"a: {{current: {PLANTED}, next: 3}}",
        f"a: {{current: {PLANTED}, origin: guessed}}",
        f"a: {{current: '', next: {PLANTED}}}",
        f"a: [{PLANTED}",
        "a: {current: 12345}",
    ],
)
def test_content_that_is_not_ours_is_reported_without_its_values(inventory: Path, text: str) -> None:
    file = path_of(inventory)
    file.write_bytes(encrypt(text.encode(), b"open sesame"))
    with pytest.raises(SecretsError) as caught:
        read_vault(file, b"open sesame")
    assert PLANTED not in caught.value.message + caught.value.remedy
    assert "12345" not in caught.value.message


def test_no_repr_shows_a_value(vault: Vault, inventory: Path) -> None:
    values = secrets.load(inventory, prompt=lambda _: "open sesame")
    texts = [repr(values), str(values), f"{values.current}", f"{values.next!r}", repr(vault.read()), repr(vault)]
    for text in texts:
        assert PLANTED not in text
        assert "sesame" not in text


def test_redaction_is_by_value_in_every_usual_encoding() -> None:
    nasty = 'pa"ss/w\\örd &'
    values = secrets.SecretValues(
        {
            "a": Secret("abc", "abcdef", "generated"),
            "b": Secret(nasty, None, "supplied"),
        }
    )
    text = f'abcdef abc "{nasty}" pa\\"ss/w\\\\\\u00f6rd & pa%22ss%2Fw%5C%C3%B6rd%20%26 {nasty!r} xabcx'
    assert values.redact(text) == "*** *** \"***\" *** *** '***' x***x"


def test_password_sources_in_their_order(inventory: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("given", "named"):
        (tmp_path / name).write_text(f"{name}\n")
    assert find_password(inventory, None, lambda _: "asked") == b"asked"
    own = generate_password(inventory)
    assert find_password(inventory, None, refuse) == own.read_bytes().strip()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "named"))
    assert find_password(inventory, None, refuse) == b"named"
    assert find_password(inventory, tmp_path / "given", refuse) == b"given"


def test_a_generated_password_is_long_private_and_never_overwritten(inventory: Path) -> None:
    file = generate_password(inventory)
    assert file == inventory.parent / "demo.vault-password"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text().strip()) == 40
    before = file.read_bytes()
    with pytest.raises(InputError, match="exists already"):
        generate_password(inventory)
    assert file.read_bytes() == before


def test_a_password_file_that_others_may_read_is_refused(inventory: Path) -> None:
    generate_password(inventory).chmod(0o640)
    with pytest.raises(SecretsError, match="others may read the vault password") as caught:
        find_password(inventory, None, refuse)
    assert caught.value.remedy.startswith(f"chmod 600 {beside(inventory)}; operators who share the inventory")
    assert "FATECLOUD_VAULT_PASSWORD_FILE" in caught.value.remedy


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read: No such file"), (b" \n", "is empty"), (b"x" * 5000, "is larger than")],
)
def test_password_files_that_are_none(inventory: Path, tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SecretsError, match=words):
        find_password(inventory, file, refuse)


def test_without_file_and_terminal_there_is_a_remedy(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        with pytest.raises(SecretsError, match="no vault password") as caught:
            find_password(inventory, None, ask_on_terminal)
    assert VARIABLE in caught.value.remedy


def test_a_failed_write_leaves_the_old_file(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    before = vault.file.read_bytes()

    def broken(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(InputError, match="No space left"):
        write_vault(vault.file, b"open sesame", {})
    assert vault.file.read_bytes() == before
    assert len(list(vault.file.parent.iterdir())) == 1


def test_private_files_are_replaced_only_on_request(tmp_path: Path) -> None:
    file = tmp_path / "f"
    write_private(file, b"1", replace=False)
    with pytest.raises(InputError, match="not overwritten"):
        write_private(file, b"2", replace=False)
    write_private(file, b"3", replace=True)
    assert file.read_bytes() == b"3"
    with pytest.raises(InputError, match="cannot be written"):
        write_private(tmp_path / "absent" / "f", b"", replace=True)


def test_a_file_that_is_replaced_keeps_its_group_and_what_the_group_may_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "f"
    write_private(file, b"1", replace=False)
    file.chmod(0o664)
    if os.geteuid() == 0:
        os.chown(file, -1, 4711)
    group = file.stat().st_gid
    write_private(file, b"2", replace=True)
    assert (file.stat().st_mode & 0o777, file.stat().st_gid, file.read_bytes()) == (0o660, group, b"2")
    write_private(file, b"3", replace=True, mode=0o640)
    assert file.stat().st_mode & 0o777 == 0o660

    def refuse_group(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("fatecloud.atomic.os.chown", refuse_group)
    if os.geteuid() == 0:
        with pytest.raises(InputError, match="is shared with the group 4711") as caught:
            write_private(file, b"4", replace=True)
        assert "become a member of it" in caught.value.remedy
        assert file.read_bytes() == b"3"
        assert list(tmp_path.iterdir()) == [file]


def test_a_cluster_needs_the_secrets_of_its_services_and_of_its_nodes(tmp_path: Path) -> None:
    text = GOOD.replace("port: 2222}", "password: {secret: login}}")
    needed = needs(loaded(tmp_path, text), COMPONENTS)
    assert needed.generated == {"9999.flow.admin": 32, "9999.mysql.flow": 20}
    assert needed.supplied == {"login"}
    made = completed({"9999.flow.admin": Secret("kept", None, "supplied")}, needed)
    assert set(made) == {"9999.flow.admin", "9999.mysql.flow"}
    assert made["9999.flow.admin"].current == "kept"
    assert len(made["9999.mysql.flow"].current) == 20
    assert made["9999.mysql.flow"].current.isalnum()


@pytest.mark.parametrize(("setting", "made"), [("true", {"9999.flow.admin": 32}), ("false", {})])
def test_only_the_secrets_that_a_configuration_uses_are_made(
    tmp_path: Path, setting: str, made: dict[str, int]
) -> None:
    admin = SecretSpec("flow.admin", "Used where clients sign.")
    flow = replace(COMPONENTS["flow"], secrets=lambda ctx: (admin,) if ctx.config["auth"] else ())
    mysql = replace(COMPONENTS["mysql"], secrets=no_secrets)
    text = GOOD.replace("computing: {cores: 16}", f"auth: {setting}")
    needed = needs(loaded(tmp_path, text), {**COMPONENTS, "flow": flow, "mysql": mysql})
    assert needed.generated == made


def test_a_rotation_resumes_and_ends(tmp_path: Path) -> None:
    needed = needs(loaded(tmp_path, GOOD), COMPONENTS)
    start = completed({}, needed)
    once = rotated(start, ["9999.mysql.flow"], needed, {})
    again = rotated(once, ["9999.mysql.flow", "9999.flow.admin"], needed, {"9999.flow.admin": "given"})
    assert start["9999.mysql.flow"].next is None
    assert again["9999.mysql.flow"] == once["9999.mysql.flow"]
    assert again["9999.flow.admin"].next == "given"
    ended = promoted(again, ["9999.mysql.flow"])
    assert ended["9999.mysql.flow"] == Secret(str(once["9999.mysql.flow"].next), None, "generated")
    assert ended["9999.flow.admin"] == again["9999.flow.admin"]
    assert promoted(ended, ["9999.mysql.flow"]) == ended
