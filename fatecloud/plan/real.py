"""The exact content that a node must have (rendered text with the secrets filled in), only as hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from fatecloud.errors import SecretsError
from fatecloud.model.desired import Desired, DesiredFile, DesiredService
from fatecloud.model.layout import thin_marker_of, tree_marker_of
from fatecloud.render.placeholders import UnknownSecretError, fill


def sha256(text: str) -> str:
    """Hex sha256 of a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def real_hashes(files: tuple[DesiredFile, ...], secrets: Mapping[str, str]) -> dict[str, str]:
    """Path -> sha256 of the file with its secrets filled in.

    Args:
        files: all files of one node.
        secrets: full secret name -> value.

    Raises:
        SecretsError: a file needs a secret that has no value.
    """
    try:
        return {file.path: sha256(fill(file.text, secrets)) for file in files}
    except UnknownSecretError as error:
        raise SecretsError(str(error), remedy="fatecloud secrets init") from None


def markers(desired: Desired, service: DesiredService) -> dict[str, str]:
    """Files that say from what a service's environment and its views of trees were made: path -> sha256.

    Without those of which the store does not hold the Python set or the package.
    """
    found = {tree_marker_of(tree.path): sha256(tree.marker) for tree in service.trees if tree.tree.known}
    if python := desired.python_of(service):
        found[thin_marker_of(service.home)] = sha256(f"{python.digest}\n")
    return found


def started_inputs(
    desired: Desired, service: DesiredService, files: tuple[DesiredFile, ...], real: Mapping[str, str]
) -> dict[str, str]:
    """The files that the service must have read at its last start: path -> sha256."""
    inputs = {file.path: real[file.path] for file in files if file.service == service.id.key and file.restarts}
    return inputs | markers(desired, service)


def applied_hash(service: DesiredService, real: Mapping[str, str]) -> str:
    """sha256 of the record that the objects script leaves after success; empty when there are no objects."""
    if service.objects is None:
        return ""
    return sha256(service.objects.record(real))
