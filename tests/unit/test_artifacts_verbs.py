"""`fatecloud release` as a user types it."""

import io
import tarfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from artifact_world import NAME, artifact, filled, small_release, small_set, use_small, with_python
from typer.testing import CliRunner

from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.cli.release import app
from fatecloud.errors import ArtifactError, HashMismatch, NotTrusted, SecretsError, UsageError
from fatecloud.signing.fingerprint import from_hex
from fatecloud.signing.keys import new_key
from fatecloud.vault.file import Vault
from fatecloud.workflow import acceptance, release
from fatecloud.workflow.acceptance import Acceptance
from fatecloud.workflow.key import rotate_key, show_keys
from fatecloud.workflow.release import import_files, verify_store
from fatecloud.workflow.secrets import SecretsFiles, init_secrets

RUN = CliRunner()
TODAY = date(2026, 11, 28)
STRANGER = new_key().public.fingerprint
INVENTORY = """\
apiVersion: fatecloud/v1
cluster: demo
id: c3f9a2b1d4e5f607
release: fate-2.2.0
architecture: rabbitmq
nodes:
  a1: {address: 192.0.2.1}
parties:
  "9999": {}
peers:
  "10000": {proxy: "198.51.100.1:9370", broker: "198.51.100.1:5672"KEYS}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_small(monkeypatch)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for variable in ("FATECLOUD_INVENTORY", "FATECLOUD_VAULT_PASSWORD_FILE", "FATECLOUD_SECRETS"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return filled(tmp_path / "store")[0]


def run(store: Store, *arguments: str) -> str:
    done = RUN.invoke(app, [*arguments, "--store", str(store.root)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_list_says_what_is_in_the_store(store: Store, tmp_path: Path) -> None:
    assert f"{NAME}  in the store" in run(store, "list")
    assert "3 files to fetch" in run(Store(tmp_path / "empty"), "list")


def test_show_names_versions_reasons_and_files(store: Store) -> None:
    text = run(store, "show", NAME)
    assert "flow         2.2.0" in text
    assert "mariadb 10.5 or mysql 8.0 or newer" in text
    assert "architectures: standalone, eggroll, rabbitmq" in text
    assert "Deserialization is restricted" in text
    assert "in the store: 4 files" in text
    assert "interpreter SHA256:" in text


def test_show_of_an_empty_store_lists_what_is_missing(tmp_path: Path) -> None:
    text = run(Store(tmp_path / "empty"), "show", NAME)
    assert "not complete" in text
    assert "missing: 3 files" in text
    assert "beta-2" in text


def test_a_second_fetch_has_nothing_to_do(store: Store) -> None:
    assert f"{NAME} is complete in the store: nothing to do" in run(store, "fetch", NAME)


@pytest.fixture
def unsigned(store: Store, tmp_path: Path) -> Path:
    run(store, "bundle", NAME, "-o", str(tmp_path / "one.tar"))
    return tmp_path / "one.tar"


@pytest.fixture
def there(tmp_path: Path) -> Store:
    return Store(tmp_path / "there")


def fingerprint_of(store: Store) -> str:
    return next(line.split()[-1] for line in run(store, "show", NAME).splitlines() if "SHA256:" in line)


def test_bundle_and_import_move_a_release(store: Store, unsigned: Path, there: Store) -> None:
    text = run(store, "bundle", NAME, "-o", str(unsigned))
    assert f"{unsigned}: " in text
    assert "key:         not signed" in text
    assert f"interpreter: {fingerprint_of(store)}" in text
    done = run(there, "import", str(unsigned), "--unsigned", "--confirm-fingerprint", fingerprint_of(store))
    assert f"{NAME} is complete in the store" in done
    assert f"{NAME}  in the store" in run(there, "list")


def test_an_unsigned_bundle_needs_the_word(store: Store, unsigned: Path, there: Store) -> None:
    with pytest.raises(NotTrusted, match="is not signed"):
        run(there, "import", str(unsigned), "--confirm-fingerprint", fingerprint_of(store))
    assert not there.root.exists()


def test_an_unknown_interpreter_needs_someone_to_confirm_it(store: Store, unsigned: Path, there: Store) -> None:
    with pytest.raises(NotTrusted, match="no one confirmed it") as caught:
        run(there, "import", str(unsigned), "--unsigned")
    assert fingerprint_of(store) in caught.value.message
    assert f"--confirm-fingerprint {fingerprint_of(store)}" in caught.value.remedy
    with pytest.raises(NotTrusted, match="no one confirmed it"):
        run(there, "import", str(unsigned), "--unsigned", "--confirm-fingerprint", STRANGER)
    assert not there.root.exists()


def test_an_interpreter_that_was_accepted_before_or_that_the_catalogue_knows_is_not_asked_about(
    store: Store, unsigned: Path, there: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Acceptance(unsigned=True, confirmed=(fingerprint_of(store),))
    import_files([unsigned], there, lambda _: None, given, TODAY)
    import_files([unsigned], there, lambda _: None, Acceptance(unsigned=True), TODAY)
    release = small_release()
    assert release.pythons["fate"].registry
    known = replace(release.pythons["fate"].registry, fingerprint=fingerprint_of(store))
    known_release = with_python(release, registry=known)
    monkeypatch.setattr("fatecloud.catalogue.load", lambda _: known_release)
    import_files([unsigned], Store(tmp_path / "third"), lambda _: None, Acceptance(unsigned=True), TODAY)
    assert small_set(Store(tmp_path / "third"), release)


def test_the_question_shows_the_fingerprint_and_a_no_stores_nothing(store: Store, unsigned: Path, there: Store) -> None:
    asked: list[str] = []

    def no(question: str) -> bool:
        asked.append(question)
        return False

    with pytest.raises(NotTrusted):
        import_files([unsigned], there, lambda _: None, Acceptance(unsigned=True, ask=no), TODAY)
    assert fingerprint_of(store) in asked[0]
    assert "CPython 3.10.13" in asked[0]
    assert not there.root.exists()
    import_files([unsigned], there, lambda _: None, Acceptance(unsigned=True, ask=lambda _: True), TODAY)
    assert small_set(there)


def cluster(folder: Path, keys: str = "") -> SecretsFiles:
    """An inventory with a vault and a signing key."""
    folder.mkdir(exist_ok=True)
    (folder / "inventory.yml").write_text(INVENTORY.replace("KEYS", keys))
    files = SecretsFiles(folder / "inventory.yml")
    init_secrets(files)
    return files


@pytest.fixture
def sender(tmp_path: Path) -> SecretsFiles:
    return cluster(tmp_path / "sender")


@pytest.fixture
def signed(store: Store, sender: SecretsFiles, tmp_path: Path) -> Path:
    run(store, "bundle", NAME, "-o", str(tmp_path / "two.tar"), "-i", str(sender.inventory))
    return tmp_path / "two.tar"


def test_a_signed_bundle_is_accepted_from_a_named_key(
    store: Store, sender: SecretsFiles, signed: Path, there: Store
) -> None:
    key = show_keys(sender).current.fingerprint
    assert f"key:         {key}" in run(store, "bundle", NAME, "-o", str(signed), "-i", str(sender.inventory.parent))
    words = ("import", str(signed), "--confirm-fingerprint", fingerprint_of(store))
    with pytest.raises(NotTrusted, match=f"signed by .*{key[-8:]}, a key that you do not trust".replace("+", r"\+")):
        run(there, *words)
    with pytest.raises(NotTrusted, match="a key that you do not trust"):
        run(there, *words, "--trust", STRANGER)
    with pytest.raises(NotTrusted, match="a key that you do not trust"):
        run(there, *words, "--unsigned")
    assert not there.root.exists()
    assert f"signed by {key} (--trust)" in run(there, *words, "--trust", key)


def test_a_trusted_signature_does_not_stand_for_the_interpreter(
    sender: SecretsFiles, signed: Path, there: Store
) -> None:
    with pytest.raises(NotTrusted, match="no one confirmed it"):
        run(there, "import", str(signed), "--trust", show_keys(sender).current.fingerprint)
    assert not there.root.exists()


def imported(store: Store, signed: Path, there: Store, files: SecretsFiles | None, today: date = TODAY) -> list[str]:
    said: list[str] = []
    given = Acceptance(files, confirmed=(fingerprint_of(store),))
    import_files([signed], there, said.append, given, today)
    return said


def test_the_key_of_a_peer_counts_up_to_its_last_day(
    store: Store, sender: SecretsFiles, signed: Path, there: Store, tmp_path: Path
) -> None:
    key = show_keys(sender).current.fingerprint
    known = cluster(tmp_path / "receiver", f', key: "{STRANGER}", former_key: "{key} until 2026-11-28"')
    assert "(peer 10000)" in imported(store, signed, there, known)[0]
    with pytest.raises(NotTrusted, match=r"\(peer 10000\), a key that expired on 2026-11-28"):
        imported(store, signed, there, known, date(2026, 11, 29))


def test_a_cluster_trusts_its_own_keys_and_a_former_one_for_some_time(
    store: Store, sender: SecretsFiles, signed: Path, there: Store
) -> None:
    assert "(this cluster)" in imported(store, signed, there, sender)[0]
    former = show_keys(sender).current
    keys = rotate_key(sender, "2027-02-28", TODAY)
    assert keys.current != former
    assert "(this cluster)" in imported(store, signed, there, sender, date(2027, 2, 28))[0]
    with pytest.raises(NotTrusted, match="expired on 2027-02-28"):
        imported(store, signed, there, sender, date(2027, 3, 1))


def test_a_vault_that_cannot_be_opened_gives_no_trust(
    store: Store, sender: SecretsFiles, signed: Path, there: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sender.inventory.parent / "inventory.vault-password").unlink()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    said: list[str] = []
    with pytest.raises(NotTrusted, match="a key that you do not trust"):
        import_files([signed], there, said.append, Acceptance(sender), TODAY)
    assert said == [
        "the keys of this cluster could not be read: there is no vault password, and no terminal to ask for it"
    ]


def test_bundle_signs_with_the_inventory_in_this_directory(store: Store, tmp_path: Path) -> None:
    files = cluster(tmp_path / "here")
    text = run(store, "bundle", NAME, "-o", "out.tar")
    assert f"key:         {show_keys(files).current.fingerprint}" in text
    assert "not signed" in run(store, "bundle", NAME, "-o", "out.tar", "--unsigned")


def test_a_vault_without_a_key_or_without_its_password_signs_nothing(
    store: Store, sender: SecretsFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("bundle", NAME, "-o", str(tmp_path / "out.tar"), "-i", str(sender.inventory))
    password = (sender.inventory.parent / "inventory.vault-password").read_bytes().strip()
    vault = Vault(sender.vault, password)
    vault.write({name: secret for name, secret in vault.read().items() if name != "cluster.signing_key"})
    with pytest.raises(SecretsError, match="has no signing key yet") as caught:
        run(store, *words)
    assert caught.value.remedy == "fatecloud secrets init, or use --unsigned"
    (sender.inventory.parent / "inventory.vault-password").unlink()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(SecretsError, match="no vault password"):
        run(store, *words)
    assert not (tmp_path / "out.tar").exists()


def test_a_changed_bit_of_the_signature_or_of_the_index_is_found(
    store: Store, sender: SecretsFiles, signed: Path, there: Store
) -> None:
    whole = signed.read_bytes()
    start = whole.index(b"BEGIN SSH SIGNATURE")
    at = start + 150
    signed.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(ArtifactError, match=r"signature is (damaged|not one of this content)"):
        imported(store, signed, there, sender)
    signed.write_bytes(whole.replace(b"/somewhere/python3.10", b"/elsewhere/python3.10"))
    with pytest.raises(ArtifactError, match="is not one of this content"):
        imported(store, signed, there, sender)
    assert not there.root.exists()


@pytest.mark.parametrize("option", ["--trust", "--confirm-fingerprint"])
def test_a_fingerprint_is_checked_before_anything_is_read(store: Store, option: str) -> None:
    with pytest.raises(UsageError, match=f"{option}: not a fingerprint: 'SHA256:abc'"):
        run(store, "import", "absent.tar", option, "SHA256:abc")


def a_tarball(folder: Path) -> Path:
    """A tarball whose interpreter writes a file when it is run."""
    script = f"#!/bin/sh\ntouch {folder}/was-run\n".encode()
    with tarfile.open(folder / "python.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("bin/python3.10")
        member.size, member.mode = len(script), 0o755
        archive.addfile(member, io.BytesIO(script))
    return folder / "python.tar.gz"


def test_a_tarball_that_changes_after_it_was_confirmed_is_not_run(
    there: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tarball = a_tarball(tmp_path)
    accepted = acceptance.accept_tarball

    def swap(file: Path, given: Acceptance) -> str:
        found = accepted(file, given)
        file.write_bytes(file.read_bytes() + b"more")
        return found

    monkeypatch.setattr(release, "accept_tarball", swap)
    given = Acceptance(confirmed=(from_hex(sha256_of(tarball)),))
    with pytest.raises(ArtifactError, match="was changed while it was read"):
        import_files([tarball], there, lambda _: None, given, TODAY)
    assert not (tmp_path / "was-run").exists()


def test_nothing_of_a_tarball_is_run_before_someone_confirmed_it(there: Store, tmp_path: Path) -> None:
    tarball = a_tarball(tmp_path)
    sha256 = sha256_of(tarball)
    with pytest.raises(NotTrusted, match=f"sha256:{sha256}") as caught:
        import_files([tarball], there, lambda _: None, Acceptance(), TODAY)
    assert f"--confirm-fingerprint sha256:{sha256}" in caught.value.remedy
    assert not (tmp_path / "was-run").exists()
    with pytest.raises(ArtifactError, match="is not an interpreter for any release"):
        import_files([tarball], there, lambda _: None, Acceptance(confirmed=(from_hex(sha256),)), TODAY)
    assert (tmp_path / "was-run").exists(), "the test's own tarball works"


def test_verify_names_and_removes_what_has_rotted(store: Store) -> None:
    assert verify_store(store, lambda _: None).verified == 4
    sha256, file = next(iter(store.all()))
    file.write_bytes(b"rotten")
    with pytest.raises(HashMismatch, match=f"{file.name}: expected SHA-256 {sha256}") as caught:
        verify_store(store, lambda _: None).require_whole()
    assert "fatecloud release fetch" in caught.value.remedy
    assert not store.has(sha256)


def test_verify_does_not_count_what_no_release_names(store: Store) -> None:
    artifact(store, "stranger==1", "stranger-1-py3-none-any.whl", "wheel")
    said: list[str] = []
    found = verify_store(store, said.append)
    assert (found.verified, found.unknown) == (4, ("stranger-1-py3-none-any.whl",))
    assert "not used: stranger-1-py3-none-any.whl: no release of this version names it" in said


@pytest.mark.parametrize("what", ["absent", "."])
def test_importing_something_other_than_a_file_gives_one_clear_line(store: Store, tmp_path: Path, what: str) -> None:
    with pytest.raises(ArtifactError, match="is not a file"):
        import_files([tmp_path / what], store, lambda _: None, Acceptance(), TODAY)
