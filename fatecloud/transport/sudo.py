"""Root by sudo: what is run, and when the password and the input may be sent. Pure; both transports share it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from fatecloud.errors import TransportError
from fatecloud.model.node import Node
from fatecloud.model.programs import SEARCH_PATH, SHELL, SUDO
from fatecloud.model.remedy import Edit, administrator, look

_ENTERED = f'PATH={SEARCH_PATH}; export PATH; printf %s "$0" >&2; exec "$@"'
"""Run by the shell that sudo starts: prints that root was reached, before the command prints anything.

Where sudoers has no `secure_path`, sudo leaves the login's PATH in place, and root would run what it finds there.
"""


class Silent(PermissionError):
    """Root was never reached, and sudo did not say why: it always does, so it was never run."""


class Gate:
    """Decides when a command's input may be sent.

    Under sudo, a password that is sent too early would be read by the command itself (where the rule is NOPASSWD), and
    input that is sent too early would be read by sudo as the password. So sudo gets a prompt that cannot be guessed,
    and its shell a word that it prints once it is root.
    """

    def __init__(self, argv: Sequence[str], *, root: bool = False, password: str | None = None) -> None:
        self._password = password
        self._prompt = f"prompt-{secrets.token_hex(12)}".encode()
        self._entered = f"entered-{secrets.token_hex(12)}".encode()
        self._elevates = root
        self._seen = b""
        self._asked = 0
        self.open = not root or password is None
        """Whether the command's input may be sent."""
        self.argv = self._elevated(argv) if root else tuple(argv)

    def _elevated(self, argv: Sequence[str]) -> tuple[str, ...]:
        # Without a password sudo fails at once instead of asking a terminal that is not there.
        how = ("-n",) if self._password is None else ("-S", "-p", self._prompt.decode())
        return (SUDO, *how, "--", SHELL, "-c", _ENTERED, self._entered.decode(), *argv)

    def hear(self, stderr: bytes) -> bytes:
        """Take what arrived on stderr.

        Returns:
            What has to be sent at once: the password and a newline when sudo has just asked for it, else nothing.

        Raises:
            PermissionError: sudo asks a second time, so the password was wrong.
        """
        if self.open or not self._elevates:
            return b""
        self._seen += stderr
        if self._entered in self._seen:
            self.open = True
            return b""
        # The prompt may arrive in two pieces, and must be answered once.
        if self._seen.count(self._prompt) <= self._asked:
            return b""
        self._asked += 1
        if self._asked > 1 or self._password is None:
            raise PermissionError("the password was refused")
        return f"{self._password}\n".encode()

    def stderr(self, stderr: bytes) -> bytes:
        """The command's own error output, without what sudo and our marker printed before it.

        Raises:
            PermissionError: root was never reached; the message has the reason.
            Silent: likewise, and there is none.
        """
        if not self._elevates:
            return stderr
        before, entered, own = stderr.partition(self._entered)
        if not entered:
            said = before.replace(self._prompt, b"").decode(errors="replace").strip().splitlines()
            # sudo prints its lecture before its reason.
            if not said:
                raise Silent("sudo ended without a message")
            raise PermissionError(said[-1])
        return own


def allowed(node: Node) -> None:
    """Check that the inventory lets us become root on a node.

    Raises:
        TransportError: SUDO_NOT_ALLOWED.
    """
    if node.become != "root":
        raise TransportError(
            node.name,
            "SUDO_NOT_ALLOWED",
            f"this needs root, and the inventory says `become: {node.become}`",
            remedies=(
                Edit(f"set `become: root` for node {node.name}"),
                administrator(node.name, "do it instead", instead=True),
            ),
        )


def overdue(node: Node, user: str, gate: Gate, program: str, timeout: float) -> TransportError:
    """The error for a command whose time is over: did it not end, or did sudo never let us in?"""
    if not gate.open:
        return refused(node, user, PermissionError(f"no root and no password prompt within {timeout:g} s"))
    return TransportError(node.name, "NODE_TIMEOUT", f"`{program}` did not end within {timeout:g} s")


def refused(node: Node, user: str, error: PermissionError) -> TransportError:
    """The error for a sudo that did not let us in."""
    return TransportError(
        node.name,
        "SUDO_REFUSED",
        f"sudo did not make {user} root: {error}",
        remedies=(
            look(f"{SUDO} -n true", node.name),
            Edit(f"set `become_password` of node {node.name}"),
            Edit(f"add `{user} ALL=(ALL) NOPASSWD: ALL`", "sudoers", node.name, instead=True),
        ),
    )
