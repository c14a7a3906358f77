"""Every error that fatecloud raises on purpose.

    FatecloudError                  exit 1
    |-- UsageError                  64  a verb was asked for something it cannot do
    |   `-- NoMatch                 64  a word does not match anything in the inventory
    |-- InputError                  78  what the operator wrote is wrong
    |   |-- InventoryError          78  all problems of an inventory at once, each with file:line:column
    |   `-- SecretsError            78  vault file or vault password
    |-- ArtifactError               1   fetching, importing, verifying
    |   |-- ArtifactMissing         1   the store lacks something a deployment needs
    |   |-- ClientMissing           1   a registry's client is not installed; carries its package
    |   |-- HashMismatch            1   bytes that are not what the lock says
    |   |-- ModelRefused            1   an archive of a model that is not taken, with the name of the reason
    |   `-- NotTrusted              6   bytes from a stranger, which need the operator's word
    |-- TransportError              1   a node could not be reached or used; carries a finding code
    |-- RunError                    1   a deployment or verb failed on a node
    |   |-- Unverified              4   deployed, but the smoke test did not succeed
    |   |-- NotDeployed             3   there is nothing to act on: run fatecloud deploy
    |   |-- Locked                  5   another run holds the nodes
    |   |-- Refused                 6   not done unless the operator confirms it or uses an option
    |   |   `-- PlanOutdated        6   the nodes have changed since the plan was made
    |   `-- Interrupted             130 a signal ended the run
    |-- ProofFailed                 4   a toy or LR job failed
    `-- SandboxError                1   Docker is absent or fails

A user sees `message` and `remedy`, never a traceback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fatecloud.model.remedy import Remedy


class FatecloudError(Exception):
    """Root of the tree: a message for people, the next step, and the exit status for scripts.

    Args:
        message: what was being done, to what, and what went wrong.
        remedy: the command or action to continue with; empty when there is none.
    """

    exit_status = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(FatecloudError):
    """A verb was asked for something it cannot do."""

    exit_status = 64


class NoMatch(UsageError):
    """A word of the command line does not match any party, node, service, component or secret."""


class InputError(FatecloudError):
    """What the operator wrote is wrong."""

    exit_status = 78


class InventoryError(InputError):
    """All problems of an inventory at once; `message` has one `file:line:column: ...` line per problem.

    Args:
        problems: those that have a position in the file, as data: (line, column, text) each.
    """

    def __init__(self, message: str, *, remedy: str = "", problems: Sequence[tuple[int, int, str]] = ()) -> None:
        super().__init__(message, remedy=remedy)
        self.problems = tuple(problems)


class SecretsError(InputError):
    """The secrets file or its password cannot be used."""


class ArtifactError(FatecloudError):
    """An artifact could not be fetched, imported or verified."""


class ArtifactMissing(ArtifactError):
    """The store lacks something a deployment needs."""


class ClientMissing(ArtifactError):
    """A registry's client program is not installed.

    Args:
        package: the distribution package that contains it.
    """

    def __init__(self, message: str, *, package: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.package = package


class HashMismatch(ArtifactError):
    """Bytes that are not what the lock says."""


class ModelRefused(ArtifactError):
    """An archive of a trained model that is not taken.

    Args:
        reason: its name, which begins the message.
        what: what was found.
    """

    def __init__(self, reason: str, what: str, *, remedy: str = "") -> None:
        super().__init__(f"refused ({reason}): {what}", remedy=remedy)
        self.reason = reason


class NotTrusted(ArtifactError):
    """Bytes that the operator has to accept: unsigned, signed by an unknown or expired key, or not in a lock."""

    exit_status = 6


class TransportError(FatecloudError):
    """A node could not be reached or used.

    Args:
        node: name of the node in the inventory.
        code: the finding code that `fatecloud explain` knows, for example `NODE_UNREACHABLE`.
        message: the sentence for people.
        remedies: what is to be done, in order.
    """

    def __init__(self, node: str, code: str, message: str, *, remedies: tuple[Remedy, ...] = ()) -> None:
        super().__init__(f"{node}: {message}", remedy="; ".join(map(str, remedies)))
        self.node = node
        self.code = code
        self.remedies = remedies


class RunError(FatecloudError):
    """A deployment or another changing verb failed on a node."""


class Unverified(RunError):
    """Deployed, but the smoke test did not succeed."""

    exit_status = 4


class NotDeployed(RunError):
    """The services that a verb should act on are not on their nodes."""

    exit_status = 3


class Locked(RunError):
    """Another run holds the nodes."""

    exit_status = 5


class Refused(RunError):
    """Something that needs the operator's confirmation or an option."""

    exit_status = 6


class PlanOutdated(Refused):
    """The nodes have changed since the plan was made."""


class Interrupted(RunError):
    """A signal ended the run."""

    exit_status = 130


class ProofFailed(FatecloudError):
    """A toy or LR job failed."""

    exit_status = 4


class SandboxError(FatecloudError):
    """Docker is absent or fails."""
