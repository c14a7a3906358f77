"""`secrets`: generate what is missing, list, rotate, promote."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from fatecloud.errors import NoMatch, SecretsError, UsageError
from fatecloud.inventory import load
from fatecloud.model.nearest import nearest
from fatecloud.vault.changes import Needs, completed, needs, promoted, rotated
from fatecloud.vault.file import FORMER_KEYS, OWN_NAMES, SIGNING_KEY, Secret, Vault, path_of
from fatecloud.vault.password import (
    VARIABLE,
    Ask,
    ask_on_terminal,
    beside,
    find_password,
    generate_password,
    named_file,
)
from fatecloud.vault.signing_keys import with_key


@dataclass(frozen=True, slots=True)
class SecretsFiles:
    """Which files hold the secrets of an inventory; None means beside it."""

    inventory: Path
    secrets: Path | None = None
    vault_password_file: Path | None = None

    @property
    def vault(self) -> Path:
        """The secrets file."""
        return self.secrets or path_of(self.inventory)


@dataclass(frozen=True, slots=True)
class Initialised:
    """What `secrets init` did."""

    vault: Path
    generated: tuple[str, ...]
    supplied: tuple[str, ...]
    wanting: tuple[str, ...]
    """Names without a value that fatecloud does not generate, because others own the account."""
    password_file: Path | None
    """The vault password file, when this call generated it."""

    @property
    def text(self) -> str:
        """What the operator has to know. It contains no value of a secret."""
        lines = [f"{self.vault}: {len(self.generated)} secrets generated, {len(self.supplied)} supplied"]
        if self.password_file:
            lines += [
                f"{self.password_file}: new vault password. It opens {self.vault.name}: move it to where you keep",
                f"  passwords, and name it with --vault-password-file or {VARIABLE}.",
            ]
        lines += [
            f"{name}: has no value yet; get it from its owner and enter it with --set {name}" for name in self.wanting
        ]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class SecretLine:
    """One secret in a list, without its value."""

    name: str
    origin: str
    """`generated`, `supplied` or `missing`."""
    length: int
    rotating: bool
    used: bool
    """Whether this inventory needs it."""

    @property
    def notes(self) -> str:
        """Remarks for the last column of the list."""
        return ", ".join(note for note, holds in (("rotating", self.rotating), ("not used", not self.used)) if holds)


AskValue = Callable[[str], str]


def ask_value(name: str) -> str:
    """A value from the terminal (asked twice, without echo), else the next line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    value = getpass.getpass(f"{name}: ")
    if getpass.getpass(f"{name} again: ") != value:
        raise SecretsError(f"{name}: the two values differ", remedy="run it again")
    return value


def init_secrets(files: SecretsFiles, supply: Iterable[str] = (), ask: AskValue = ask_value) -> Initialised:
    """Generate every secret that is missing, and ask for those that the operator supplies.

    If there is neither a secrets file nor a vault password, a password is generated into a file beside the inventory
    (0600).

    Args:
        files: inventory, secrets file, vault password file.
        supply: names to ask for.
        ask: asks for one value.

    Raises:
        InventoryError: the inventory is wrong.
        UsageError: a name that the inventory does not need.
        SecretsError: the vault cannot be opened, or a generated secret would be overwritten.
    """
    needed = needs(load(files.inventory))
    names = tuple(dict.fromkeys(supply))
    _refuse_unknown(names, needed.names)
    made = _ensure_password(files)
    vault = open_vault(files, existing=False)
    before = vault.read()
    for name in names:
        if name in before and before[name].origin == "generated":
            remedy = f"fatecloud secrets rotate {name}"
            raise SecretsError(f"{name} was generated and may be in use already", remedy=remedy)
    given = {name: Secret(_asked(name, ask), None, "supplied") for name in names}
    after = with_key(completed({**before, **given}, needed))
    if after != before or not files.vault.exists():
        vault.write(after)
    return Initialised(
        vault=files.vault,
        generated=tuple(sorted(set(after) - set(before) - set(given) - set(OWN_NAMES))),
        supplied=names,
        wanting=tuple(sorted(needed.supplied - set(after))),
        password_file=made,
    )


def list_secrets(files: SecretsFiles) -> tuple[SecretLine, ...]:
    """Every secret that has a value or is needed, by name. Raises InventoryError, SecretsError."""
    needed = {*needs(load(files.inventory)).names, SIGNING_KEY}
    present = open_vault(files).read()
    present.pop(FORMER_KEYS, None)
    lines = []
    for name in sorted({*needed, *present}):
        secret = present.get(name)
        if secret is None:
            lines.append(SecretLine(name, "missing", 0, rotating=False, used=True))
        else:
            rotating = secret.next is not None
            lines.append(SecretLine(name, secret.origin, len(secret.current), rotating, used=name in needed))
    return tuple(lines)


def reveal_secret(files: SecretsFiles, name: str) -> str:
    """The current value of one secret. Raises SecretsError, UsageError."""
    present = open_vault(files).read()
    _refuse_unknown((name,), present)
    return present[name].current


def rotate_secrets(
    files: SecretsFiles, names: Iterable[str], *, everything: bool = False, ask: AskValue = ask_value
) -> tuple[str, ...]:
    """Give secrets a next value, which the next deploy puts into use; a rotation that has begun keeps its value.

    Args:
        files: inventory, secrets file, vault password file.
        names: what to rotate; supplied ones are asked for.
        everything: every generated secret instead.
        ask: asks for one value.

    Returns:
        The names that are in rotation now.

    Raises:
        InventoryError, SecretsError, UsageError: as for `init_secrets`.
    """
    needed = needs(load(files.inventory))
    vault = open_vault(files)
    present = vault.read()
    chosen = _chosen(present, needed, names, everything=everything)
    asked = [name for name in chosen if present[name].origin == "supplied" and present[name].next is None]
    after = rotated(present, chosen, needed, {name: _asked(name, ask) for name in asked})
    if after != present:
        vault.write(after)
    return tuple(sorted(name for name, secret in after.items() if secret.next is not None))


def promote(files: SecretsFiles, names: Iterable[str] | None = None, prompt: Ask = ask_on_terminal) -> tuple[str, ...]:
    """End rotations: the next value of each named secret (of all in rotation when None) becomes the current one.

    Args:
        files: inventory, secrets file, vault password file.
        names: what to promote.
        prompt: asks for the vault password.

    Returns:
        The names that were promoted; a secret that is not in rotation stays as it is.

    Raises:
        SecretsError: the vault cannot be opened.
        UsageError: an unknown name.
    """
    vault = open_vault(files, prompt=prompt)
    present = vault.read()
    wanted = tuple(present) if names is None else tuple(names)
    _refuse_unknown(wanted, present)
    rotating = tuple(sorted(name for name in wanted if present[name].next is not None))
    if rotating:
        vault.write(promoted(present, rotating))
    return rotating


def _chosen(present: dict[str, Secret], needed: Needs, names: Iterable[str], *, everything: bool) -> tuple[str, ...]:
    if everything:
        return tuple(
            sorted(name for name in needed.generated if name in present and present[name].origin == "generated")
        )
    chosen = tuple(dict.fromkeys(names))
    if set(chosen) & set(OWN_NAMES):
        raise UsageError("the signing key has a verb of its own", remedy="fatecloud key rotate")
    if not chosen:
        raise UsageError("no secret is named", remedy="name secrets, or use --all for every generated one")
    _refuse_unknown(chosen, present)
    return chosen


def _asked(name: str, ask: AskValue) -> str:
    value = ask(name)
    # U+FFFD replaces bytes that are not valid text in this locale.
    if not value or any(ord(character) < 32 or character == "\ufffd" for character in value):  # noqa: PLR2004
        raise SecretsError(f"{name}: the value is empty or contains control characters", remedy="run it again")
    return value


def _refuse_unknown(names: Iterable[str], known: Iterable[str]) -> None:
    words = sorted(known)
    for name in names:
        if name not in words:
            close = nearest(name, words)
            raise NoMatch(
                f"unknown secret {name!r}" + (f"; did you mean {close!r}?" if close else ""),
                remedy=f"for a value of your own, first refer to it in the inventory: {{secret: {name}}}",
            )


def _ensure_password(files: SecretsFiles) -> Path | None:
    has_source = named_file(files.vault_password_file) or beside(files.inventory).exists()
    return None if has_source or files.vault.exists() else generate_password(files.inventory)


def open_vault(files: SecretsFiles, *, existing: bool = True, prompt: Ask = ask_on_terminal) -> Vault:
    """The vault of an inventory with its password. Raises SecretsError, also if it has to exist and does not."""
    if existing and not files.vault.exists():
        raise SecretsError(f"{files.vault}: no such file", remedy="fatecloud secrets init")
    return Vault(files.vault, find_password(files.inventory, files.vault_password_file, prompt))
