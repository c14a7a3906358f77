"""Reads an export. A partner may have written it, so its size, version, signature, form and texts are all judged."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from fatecloud.errors import ArtifactError, InputError
from fatecloud.model.api import API_VERSION
from fatecloud.model.export import FORMAT, LARGEST, Export
from fatecloud.plain import harmless, plain_word
from fatecloud.report.export import KIND, signed_part
from fatecloud.signing.sshsig import EXPORT, Signature, signature_of
from fatecloud.workflow.export_shape import export_of


@dataclass(frozen=True, slots=True)
class ReadExport:
    """An export, whose signature is one of its content."""

    file: Path
    document: dict[str, Any]
    signature: Signature

    def export(self, names: Callable[[str], str] = str) -> Export:
        """What it says.

        Args:
            names: replaces pseudonyms in a text.

        Raises:
            InputError: it has another form.
        """
        try:
            return export_of(_mapped(self.document, names))
        except ValueError as error:
            raise InputError(f"{self.file}: not an export that can be used: {error}", remedy=_AGAIN) from None


_AGAIN = "make it again: fatecloud check --export FILE"


def read_export(file: Path) -> ReadExport:
    """Read a file.

    Raises:
        InputError: it cannot be read, is too large, is not an export, or has the form of another version.
        ArtifactError: its signature is not one of its content.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from None
    if len(content) > LARGEST:
        raise InputError(f"{file}: larger than {LARGEST:,} bytes, which no export is", remedy=_AGAIN)
    try:
        document = json.loads(content.decode("utf-8"), parse_constant=_no_number)
        shown = harmless(document)
    except (ValueError, RecursionError):
        raise InputError(f"{file}: not an export: it is not JSON that can be read", remedy=_AGAIN) from None
    if not isinstance(document, dict) or (document.get("apiVersion"), document.get("kind")) != (API_VERSION, KIND):
        kind = plain_word(document.get("kind")) if isinstance(document, dict) else ""
        raise InputError(f"{file}: not an export: its kind is {kind!r}, not {KIND!r}", remedy=_AGAIN)
    if document.get("format") != FORMAT or isinstance(document.get("format"), bool):
        raise InputError(
            f"{file}: has the form {plain_word(document.get('format'), 20)} of fatecloud "
            f"{plain_word(document.get('program'), 40)}; this version reads the form {FORMAT}",
            remedy="let both sides use one version of fatecloud",
        )
    return ReadExport(file, shown, _signature(file, document))


def _signature(file: Path, document: dict[str, Any]) -> Signature:
    try:
        signature = signature_of(str(document.get("signature", "")))
    except ValueError as error:
        raise ArtifactError(f"{file}: the signature is missing or damaged: {error}", remedy=_AGAIN) from None
    if not signature.covers(signed_part(document), EXPORT):
        raise ArtifactError(
            f"{file}: the signature is not one of this content: it was changed, or signed for another purpose",
            remedy="get the file again from its sender",
        )
    return signature


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _mapped(value: Any, names: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return names(value)
    if isinstance(value, dict):
        return {names(name): _mapped(entry, names) for name, entry in value.items()}
    return [_mapped(entry, names) for entry in value] if isinstance(value, list) else value
