"""The key of a cluster: made once, kept in the vault, shown by its public part only."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fatecloud.cli.key import app
from fatecloud.errors import InventoryError, SecretsError, UsageError
from fatecloud.inventory import load
from fatecloud.model.event import Event
from fatecloud.vault.file import FORMER_KEYS, OWN_NAMES, SIGNING_KEY, Secret, Vault
from fatecloud.vault.signing_keys import former_keys, signing_key, with_key
from fatecloud.vault.values import SecretValues
from fatecloud.workflow.key import make_key, rotate_key, show_keys
from fatecloud.workflow.load import load_session
from fatecloud.workflow.options import Options
from fatecloud.workflow.secrets import SecretsFiles, init_secrets, list_secrets, promote, rotate_secrets

TODAY = date(2026, 11, 28)
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
"""


@pytest.fixture
def files(tmp_path: Path) -> SecretsFiles:
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    found = SecretsFiles(tmp_path / "inventory.yml")
    init_secrets(found)
    return found


def vault_of(files: SecretsFiles) -> Vault:
    return Vault(files.vault, (files.inventory.parent / "inventory.vault-password").read_bytes().strip())


def private(files: SecretsFiles) -> str:
    return vault_of(files).read()[SIGNING_KEY].current


def without_key(files: SecretsFiles) -> None:
    vault = vault_of(files)
    vault.write({name: secret for name, secret in vault.read().items() if name not in OWN_NAMES})


def test_init_makes_it_once(files: SecretsFiles) -> None:
    first = show_keys(files)
    init_secrets(files)
    assert show_keys(files) == first
    assert first.former == ()


def test_show_prints_public_things_only(files: SecretsFiles) -> None:
    rotate_key(files, "2027-02-28", TODAY)
    keys = show_keys(files)
    shown = CliRunner().invoke(app, ["show", "-i", str(files.inventory)])
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert lines[0] == f"fingerprint  {keys.current.fingerprint}"
    assert str(keys.current).split()[1] in shown.output
    assert f"former       {keys.former[0].key.fingerprint} until 2027-02-28" in shown.output
    document = CliRunner().invoke(app, ["show", "-i", str(files.inventory), "-o", "json"])
    assert json.loads(document.output)["fingerprint"] == keys.current.fingerprint
    for output in (shown.output, document.output):
        assert private(files) not in output
    assert len(private(files)) == 44


def test_rotation_keeps_the_former_key_for_reading(files: SecretsFiles) -> None:
    first = show_keys(files).current
    second = rotate_key(files, "", TODAY)
    assert [(one.key, one.until) for one in second.former] == [(first, date(2027, 2, 26))]
    third = rotate_key(files, "2026-11-27", TODAY)
    assert [one.key for one in third.former] == [first, second.current]
    assert third.former[1].until < TODAY
    assert len({first, second.current, third.current}) == 3
    done = CliRunner().invoke(app, ["rotate", "-i", str(files.inventory), "--keep-until", "2027-03-01"])
    assert done.exit_code == 0
    assert show_keys(files).current.fingerprint in done.output
    assert private(files) not in done.output


@pytest.mark.parametrize("day", ["30d", "tomorrow", "2027-02-30", "2027-02-28T10:00"])
def test_a_last_day_that_cannot_be_read_changes_nothing(files: SecretsFiles, day: str) -> None:
    before = files.vault.read_bytes()
    with pytest.raises(UsageError, match="invalid --keep-until"):
        rotate_key(files, day, TODAY)
    assert files.vault.read_bytes() == before


def test_a_vault_without_a_key_says_how_to_get_one(files: SecretsFiles) -> None:
    without_key(files)
    with pytest.raises(SecretsError, match="has no signing key yet") as caught:
        show_keys(files)
    assert caught.value.remedy == "fatecloud secrets init"
    files.vault.unlink()
    with pytest.raises(SecretsError, match="no such file"):
        show_keys(files)
    with pytest.raises(SecretsError, match="no such file"):
        rotate_key(files, "", TODAY)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (SIGNING_KEY, "not a key"),
        (FORMER_KEYS, "["),
        (FORMER_KEYS, "7"),
        (FORMER_KEYS, '[{"key": "ssh-rsa AAAA", "until": "2027-01-01"}]'),
        (FORMER_KEYS, '[{"key": 1, "until": 2}]'),
        (FORMER_KEYS, "[[]]"),
    ],
)
def test_a_damaged_key_gives_one_line_without_its_text(name: str, text: str) -> None:
    secrets = with_key({}) | {name: Secret(text, None, "generated")}
    with pytest.raises(SecretsError, match=f"{name} in the vault is damaged") as caught:
        signing_key(secrets), former_keys(secrets)
    assert text not in caught.value.message.replace(name, "") or text in "[7"


def test_the_verbs_for_secrets_leave_it_alone(files: SecretsFiles) -> None:
    rotate_key(files, "", TODAY)
    before = private(files)
    lines = {line.name: line for line in list_secrets(files)}
    assert FORMER_KEYS not in lines
    assert (lines[SIGNING_KEY].origin, lines[SIGNING_KEY].used) == ("generated", True)
    assert SIGNING_KEY not in rotate_secrets(files, (), everything=True)
    promote(files)
    for name in OWN_NAMES:
        with pytest.raises(UsageError, match="has a verb of its own") as caught:
            rotate_secrets(files, (name,))
        assert caught.value.remedy == "fatecloud key rotate"
    assert private(files) == before


def test_no_inventory_can_use_its_name(tmp_path: Path) -> None:
    text = INVENTORY.replace("192.0.2.1}", "192.0.2.1, ssh: {password: {secret: cluster.signing_key}}}")
    (tmp_path / "inventory.yml").write_text(text)
    with pytest.raises(InventoryError, match=r"not beginning with `cluster\.`"):
        load(tmp_path / "inventory.yml")


def test_nothing_that_is_rendered_or_run_gets_it_and_texts_do_not_show_it(files: SecretsFiles) -> None:
    secrets = vault_of(files).read()
    values = SecretValues(secrets)
    assert not set(OWN_NAMES) & {*values.current, *values.next}
    assert secrets[SIGNING_KEY].current not in repr(values)
    assert values.redact(f"a {secrets[SIGNING_KEY].current} b") == "a *** b"


def test_a_deploy_makes_the_key_of_an_older_vault(files: SecretsFiles, tmp_path: Path) -> None:
    without_key(files)
    events: list[Event] = []

    def session() -> None:
        made = load_session(Options(files.inventory, state_dir=tmp_path / "state", store=tmp_path / "store"))
        make_key(made, events.append)

    session()
    key = show_keys(files).current
    assert [event.text for event in events] == [f"made the signing key of this cluster: {key.fingerprint}"]
    session()
    assert show_keys(files).current == key
    assert len(events) == 1


def test_a_deploy_goes_on_where_the_vault_cannot_be_written(
    files: SecretsFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_key(files)
    made = load_session(Options(files.inventory, state_dir=tmp_path / "state", store=tmp_path / "store"))
    assert made.vault.secrets.lacks_key

    def fail(*_: object) -> None:
        raise SecretsError("read-only")

    monkeypatch.setattr(Vault, "write", fail)
    events: list[Event] = []
    make_key(made, events.append)
    assert [event.text for event in events] == ["no signing key was made: read-only"]
