"""`fatecloud version`: which version this is, and what it runs on."""

from __future__ import annotations

import typer

from fatecloud.cli import options as o


def version(*, output: o.Format = o.TABLE) -> None:
    """Show the version, and those of Python and Ansible."""
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.version import version_document, version_text  # noqa: PLC0415

    typer.echo(version_text() if output is o.TABLE else document_text("Version", version_document(), output))
