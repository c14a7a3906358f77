"""`fatecloud release`: fills and inspects the artifact store of this controller."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.shown import present
from fatecloud.cli.verb import Group
from fatecloud.errors import UsageError

if TYPE_CHECKING:
    from fatecloud.workflow.secrets import SecretsFiles

app = Group()
_Signers = Annotated[
    Path | None,
    typer.Option(
        "--inventory",
        "-i",
        metavar="PATH",
        help="The inventory whose key signs, and whose peers' keys count; default: inventory.yml, if it is there.",
        envvar="FATECLOUD_INVENTORY",
        callback=o.optional_file,
    ),
]
_Name = Annotated[str, typer.Argument(help="The release, for example fate-2.2.0.")]


@app.command("list")
def list_(*, output: o.Format = o.TABLE, store: o.Store = None) -> None:
    """List the releases that this version knows, and which are complete in the store."""
    from fatecloud.report.release import releases_document, releases_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.release import holdings, open_store  # noqa: PLC0415

    opened = open_store(store)
    rows = [(held.release, held.index is not None, len(held.missing)) for held in holdings(opened)]
    present(
        "ReleaseList",
        output,
        lambda width: releases_text(rows, width),
        lambda: releases_document(str(opened.root), rows),
    )


@app.command()
def show(
    name: _Name,
    *,
    sbom: Annotated[bool, typer.Option("--sbom", help="Print a bill of materials: CycloneDX 1.6, as JSON.")] = False,
    output: o.Format = o.TABLE,
    store: o.Store = None,
) -> None:
    """Show a release: versions, interpreter, known vulnerabilities, artifacts, and what the store has of it."""
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.look import line_width  # noqa: PLC0415
    from fatecloud.report.release import release_document, release_text  # noqa: PLC0415
    from fatecloud.workflow.release import holding, open_store  # noqa: PLC0415

    held = holding(name, open_store(store))
    if sbom:
        from fatecloud.report.sbom import sbom_text  # noqa: PLC0415 - a library of half a second

        if output is not o.TABLE:
            raise UsageError("--sbom has a form of its own: JSON of CycloneDX", remedy="leave --output out")
        typer.echo(sbom_text(held.release, held.artifacts, held.licences, held.known))
        return
    kept, interpreters = (held.index.artifacts, held.index.interpreters) if held.index else (None, {})
    if output is not o.TABLE:
        kept_ones = (interpreters, held.jdks, held.packages)
        document = release_document(held.release, str(held.store), kept, held.missing, held.known, *kept_ones)
        typer.echo(document_text("Release", document, output))
        return
    prints = [f"; interpreter {interpreter.fingerprint}" for interpreter in interpreters.values()]
    state = f"store {held.store}: " + (f"complete{''.join(prints)}" if held.index else "not complete")
    state += "".join(f"; Java {jdk.version} {jdk.fingerprint}" for jdk in held.jdks)
    parts = {"in the store": held.index.artifacts} if held.index else {"missing": held.missing}
    typer.echo(release_text(held.release, parts, state, held.known, line_width(sys.stdout), held.packages))


@app.command()
def fetch(
    name: _Name,
    *,
    interpreter: Annotated[
        str, typer.Option("--interpreter", help="Use this Python (a path), or `maven`, instead of the best one found.")
    ] = "",
    store: o.Store = None,
) -> None:
    """Fetch everything that a release needs into the store. After a failure, run it again to continue."""
    from fatecloud.report.fetching import FetchProgress  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.release import fetch_release, open_store  # noqa: PLC0415

    with FetchProgress() as progress:
        changed = fetch_release(name, open_store(store), progress, interpreter)
    typer.echo(f"{name} is complete in the store" if changed else f"{name} is complete in the store: nothing to do")


@app.command("import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(help="Upstream's packages, bundles, locked files, archives with a Python or JDK.")
    ],
    *,
    trust: Annotated[
        list[str] | None,
        typer.Option("--trust", metavar="FINGERPRINT", help="A key whose signature on a bundle counts; repeatable."),
    ] = None,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="Accept bundles without a signature.")] = False,
    confirm_fingerprint: Annotated[
        list[str] | None,
        typer.Option(
            "--confirm-fingerprint",
            metavar="FINGERPRINT",
            help="An interpreter, a JVM or a tarball that you have compared with its maker's; repeatable.",
        ),
    ] = None,
    signers: _Signers = None,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    store: o.Store = None,
) -> None:
    """Recognise files that were copied by hand, compare them with the releases, and put them into the store."""
    from datetime import UTC, datetime  # noqa: PLC0415 - keeps --help fast

    from fatecloud.workflow.acceptance import Acceptance, given_fingerprints  # noqa: PLC0415
    from fatecloud.workflow.release import import_files, open_store  # noqa: PLC0415

    given = Acceptance(
        _files(signers, secrets, vault_password_file),
        given_fingerprints(trust, "--trust"),
        unsigned,
        given_fingerprints(confirm_fingerprint, "--confirm-fingerprint"),
        (lambda question: typer.confirm(question, err=True)) if sys.stdin.isatty() else None,
    )
    import_files(files, open_store(store), typer.echo, given, datetime.now(UTC).date())


@app.command()
def verify(*, output: o.Format = o.TABLE, store: o.Store = None) -> None:
    """Hash every file in the store again, and remove damaged ones."""
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.release import verification_document  # noqa: PLC0415
    from fatecloud.workflow.release import open_store, verify_store  # noqa: PLC0415

    opened = open_store(store)
    found = verify_store(opened, typer.echo if output is o.TABLE else lambda _: None)
    if output is not o.TABLE:
        document = verification_document(str(opened.root), found.verified, found.removed, found.unknown)
        typer.echo(document_text("StoreVerification", document, output))
    found.require_whole()
    if output is o.TABLE:
        count = found.verified
        typer.echo(f"{count} files match their hashes" if count != 1 else "1 file matches its hash")


@app.command()
def bundle(
    name: _Name,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; default: NAME.fatecloud.tar.")
    ] = None,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="Do not sign it.")] = False,
    signers: _Signers = None,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    store: o.Store = None,
) -> None:
    """Write a release into one file, signed with the key of the cluster, for a controller that reaches no registry."""
    from fatecloud.model.sizes import size_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.release import bundle_release, open_store  # noqa: PLC0415

    target = output or Path(f"{name}.fatecloud.tar")
    files = None if unsigned else _files(signers, secrets, vault_password_file)
    written = bundle_release(name, open_store(store), target, files)
    typer.echo(f"{target}: {size_text(written.size)}")
    typer.echo(f"key:         {written.signer or 'not signed'}")
    for interpreter in written.brought.interpreters.values():
        typer.echo(f"interpreter: {interpreter.fingerprint}")
    for jdk in written.brought.jdks:
        typer.echo(f"Java {jdk.version}: {jdk.fingerprint}")
    typer.echo("Tell the receiver these lines by another way than the file.")


def _files(inventory: Path | None, secrets: Path | None, password: Path | None) -> SecretsFiles | None:
    """The inventory that was named, else the one in this directory, if there is one."""
    from fatecloud.workflow.secrets import SecretsFiles  # noqa: PLC0415 - keeps --help fast

    found = inventory or (o.DEFAULT_INVENTORY if o.DEFAULT_INVENTORY.exists() else None)
    return SecretsFiles(found, secrets, password) if found else None
