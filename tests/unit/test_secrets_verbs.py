"""`init`, `secrets` and `inventory` as an operator types them."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from fatecloud.cli import inventory as inventory_verbs
from fatecloud.cli import secrets as secrets_verbs
from fatecloud.cli.init import init
from fatecloud.errors import FatecloudError, InputError, InventoryError, SecretsError, UsageError
from fatecloud.inventory import load
from fatecloud.inventory.keys import keys
from fatecloud.inventory.starter import templates
from fatecloud.vault.password import VARIABLE
from fatecloud.workflow.secrets import _asked

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
app.command()(init)
app.add_typer(inventory_verbs.app, name="inventory")
app.add_typer(secrets_verbs.app, name="secrets")


def run(*words: str, stdin: str = "") -> str:
    """What the command prints. Raises what it raises."""
    result = CliRunner().invoke(app, words, input=stdin, catch_exceptions=True)
    if isinstance(result.exception, FatecloudError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an inventory of two parties, a sudo password from the vault, and its secrets."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    run("init", "--cluster", "demo", "-t", "two-party", "--node", "a1=10.9.9.1", "--node", "b1=fd00::1")
    file = tmp_path / "inventory.yml"
    file.write_text(file.read_text().replace("become: root", "become: root\n  become_password: {secret: sudo.ops}"))
    return tmp_path


def test_init_writes_an_inventory_that_loads_and_its_secrets(place: Path) -> None:
    cluster = load(place / "inventory.yml")
    assert (cluster.nodes["a1"].address, cluster.nodes["b1"].address) == ("10.9.9.1", "fd00::1")
    for name in ("inventory.secrets.yml", "inventory.vault-password"):
        assert stat.S_IMODE((place / name).stat().st_mode) == 0o600
    assert "*.vault-password" in (place / ".gitignore").read_text()


@pytest.mark.parametrize("template", templates())
def test_init_takes_the_base_directory(tmp_path: Path, template: str) -> None:
    run("init", "-t", template, "-o", str(tmp_path), "--base", "/srv/fate")
    assert {node.paths.base for node in load(tmp_path / "inventory.yml").nodes.values()} == {"/srv/fate"}
    with pytest.raises(InventoryError, match="base is '/etc', expected an absolute path of our own"):
        run("init", "-t", template, "-o", str(tmp_path / "other"), "--base", "/etc")


def test_init_overwrites_nothing(place: Path) -> None:
    before = {file: file.read_bytes() for file in place.iterdir()}
    with pytest.raises(InputError, match=r"inventory\.yml: exists already"):
        run("init", "-t", "two-party")
    (place / "inventory.yml").unlink()
    with pytest.raises(InputError, match=r"inventory\.secrets\.yml: exists already"):
        run("init", "-t", "two-party")
    assert {file: file.read_bytes() for file in place.iterdir()} == {
        file: content for file, content in before.items() if file.name != "inventory.yml"
    }


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["-t", "two-partys"], UsageError, "unknown template 'two-partys', expected .*did you mean 'two-party'"),
        (["--node", "z=10.0.0.1"], UsageError, "template all-in-one has no node 'z', only here"),
        (["--node", "here"], UsageError, "invalid --node 'here': use NAME=ADDRESS"),
        (["--node", "here=a b"], InventoryError, "address is 'a b', expected a host name"),
    ],
)
def test_init_that_cannot_be_leaves_nothing(
    tmp_path: Path, words: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        run("init", "-o", str(tmp_path / "new"), *words)
    assert not list(tmp_path.iterdir())


def rows(shown: str) -> list[list[str]]:
    return [line.split() for line in shown.splitlines()]


def test_secrets_are_listed_without_values_and_revealed_one_by_one(place: Path) -> None:
    shown = run("secrets", "list")
    value = run("secrets", "reveal", "9999.mysql.fate_flow").strip()
    assert len(value) == 32
    assert value not in shown
    assert ["9999.mysql.fate_flow", "generated", "32"] in rows(shown)
    assert ["sudo.ops", "missing", "0"] in rows(shown)


def test_init_again_keeps_values_and_takes_supplied_ones(place: Path) -> None:
    value = run("secrets", "reveal", "9999.mysql.fate_flow")
    assert "sudo.ops: has no value yet" in run("secrets", "init")
    assert "0 secrets generated, 1 supplied" in run("secrets", "init", "--set", "sudo.ops", stdin="pa ss'\n")
    assert run("secrets", "reveal", "sudo.ops") == "pa ss'\n"
    assert run("secrets", "reveal", "9999.mysql.fate_flow") == value
    with pytest.raises(SecretsError, match=r"9999\.mysql\.fate_flow was generated and may be in use") as caught:
        run("secrets", "init", "--set", "9999.mysql.fate_flow", stdin="x\n")
    assert caught.value.remedy == "fatecloud secrets rotate 9999.mysql.fate_flow"
    with pytest.raises(UsageError, match=r"unknown secret 'sudo\.op'; did you mean 'sudo\.ops'"):
        run("secrets", "init", "--set", "sudo.op", stdin="x\n")
    with pytest.raises(SecretsError, match="the value is empty"):
        run("secrets", "init", "--set", "sudo.ops")


def test_a_supplied_value_may_stand_in_for_a_generated_one(place: Path) -> None:
    (place / "inventory.secrets.yml").unlink()
    done = run("secrets", "init", "--set", "9999.mysql.fate_flow", stdin="theirs\n")
    assert "secrets generated, 1 supplied" in done
    assert ["9999.mysql.fate_flow", "supplied", "6"] in rows(run("secrets", "list"))


@pytest.mark.parametrize("typed", ["", "a\tb", "a\ufffdb"], ids=["nothing", "a tab", "invalid bytes"])
def test_a_value_that_was_not_meant_is_refused(typed: str) -> None:
    with pytest.raises(SecretsError, match="empty or contains control characters"):
        _asked("x", lambda _: typed)


def test_a_rotation_is_begun_resumed_and_finished(place: Path) -> None:
    old = run("secrets", "reveal", "9999.mysql.fate_flow")
    begun = run("secrets", "rotate", "9999.mysql.fate_flow")
    assert begun == "in rotation: 9999.mysql.fate_flow\n"
    vault = (place / "inventory.secrets.yml").read_bytes()
    assert run("secrets", "rotate", "9999.mysql.fate_flow") == begun
    assert (place / "inventory.secrets.yml").read_bytes() == vault
    assert run("secrets", "reveal", "9999.mysql.fate_flow") == old
    assert ["9999.mysql.fate_flow", "generated", "32", "rotating"] in rows(run("secrets", "list"))
    assert run("secrets", "rotate", "--finish") == "now current: 9999.mysql.fate_flow\n"
    assert run("secrets", "reveal", "9999.mysql.fate_flow") != old
    assert run("secrets", "rotate", "--finish") == "none was in rotation\n"


def test_all_rotates_what_was_generated_and_a_supplied_one_is_asked_for(place: Path) -> None:
    run("secrets", "init", "--set", "sudo.ops", stdin="old\n")
    assert "sudo.ops" not in run("secrets", "rotate", "--all")
    assert "sudo.ops" in run("secrets", "rotate", "sudo.ops", stdin="new\n")
    run("secrets", "rotate", "--finish")
    assert run("secrets", "reveal", "sudo.ops") == "new\n"
    with pytest.raises(UsageError, match="no secret is named"):
        run("secrets", "rotate")


def test_the_vault_password_may_lie_elsewhere(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = (place / "inventory.vault-password").rename(place / "moved")
    with pytest.raises(SecretsError, match="no vault password"):
        run("secrets", "list")
    assert "9999.mysql.fate_flow" in run("secrets", "list", "--vault-password-file", str(elsewhere))
    monkeypatch.setenv(VARIABLE, str(elsewhere))
    assert "9999.mysql.fate_flow" in run("secrets", "list")


def test_missing_secrets_are_reported_with_the_remedy(place: Path) -> None:
    (place / "inventory.secrets.yml").unlink()
    for words in (["list"], ["rotate", "--all"], ["rotate", "--finish"]):
        with pytest.raises(SecretsError, match=r"inventory\.secrets\.yml: no such file") as caught:
            run("secrets", *words)
        assert caught.value.remedy == "fatecloud secrets init"


def test_inventory_verbs(place: Path) -> None:
    counts = "parties: 2, groups: 0, nodes: 2, services: 8, peers: 0"
    assert run("inventory", "validate") == f"inventory.yml: valid: cluster demo, fate-2.2.0, rabbitmq; {counts}\n"
    assert "service_user" not in run("inventory", "show")
    assert "    # service_user:                               # built in (one for each service)\n" in run(
        "inventory", "show", "--full"
    )
    assert json.loads(run("inventory", "schema"))["title"] == "fatecloud inventory, version 1"
    assert run("inventory", "schema", "--markdown").startswith("# Inventory\n")
    (place / "inventory.yml").write_text("cluster: demo\n")
    with pytest.raises(InventoryError, match="has no nodes"):
        run("inventory", "validate")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, fatecloud.cli.inventory, fatecloud.cli.secrets, fatecloud.cli.init;"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in ('yaml', 'ansible', 'jinja2')"
        " or m.startswith('fatecloud.') and m.split('.')[1] not in ('cli', 'report', 'errors', 'timing')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("key", ["nodes.ssh", "nodes.<name>.ssh", "nodes.a1.ssh"])
def test_a_key_of_the_inventory_is_explained_with_those_below_it(key: str) -> None:
    shown = run("inventory", "schema", key)
    assert shown.startswith("nodes.<name>.ssh\n")
    assert "nodes.<name>.ssh.port" in shown
    assert "default: " in run("inventory", "schema", "nodes.ssh.port")


def test_every_key_can_be_explained_and_an_unknown_one_gets_the_nearest() -> None:
    for key in keys():
        run("inventory", "schema", key)
    assert "cluster" in run("inventory", "schema", "")
    with pytest.raises(UsageError, match=r"no key 'nodes\.shs'; did you mean 'nodes\.ssh'"):
        run("inventory", "schema", "nodes.shs")
    with pytest.raises(UsageError, match=r"no key 'cluster\.x'"):
        run("inventory", "schema", "cluster.x")


def test_the_files_may_be_named_by_the_environment(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FATECLOUD_SECRETS", str((place / "inventory.secrets.yml").rename(place / "vault.yml")))
    monkeypatch.setenv(VARIABLE, str((place / "inventory.vault-password").rename(place / "password")))
    assert "9999.mysql.fate_flow" in run("secrets", "list")
    monkeypatch.setenv("FATECLOUD_STATE_DIR", str(place / "history"))
    with pytest.raises(UsageError):
        run("inventory", "forget", "a1")
