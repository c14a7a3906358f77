"""`fatecloud release`: fills and inspects the artifact store of this controller."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.verb import Group
from fatecloud.errors import UsageError

app = Group()
_Name = Annotated[str, typer.Argument(help="The release, for example fate-2.2.0.")]


@app.command("list")
def list_(*, output: o.Format = o.TABLE, store: o.Store = None) -> None:
    """List the releases that this version knows, and which are complete in the store."""
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.look import line_width  # noqa: PLC0415
    from fatecloud.report.release import releases_document, releases_text  # noqa: PLC0415
    from fatecloud.workflow.release import holdings, open_store  # noqa: PLC0415

    opened = open_store(store)
    rows = [(held.release, held.index is not None, len(held.missing)) for held in holdings(opened)]
    if output is o.TABLE:
        typer.echo(releases_text(rows, line_width(sys.stdout)))
    else:
        typer.echo(document_text("ReleaseList", releases_document(str(opened.root), rows), output))


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
    if output is not o.TABLE:
        kept = held.index.artifacts if held.index else None
        document = release_document(held.release, str(held.store), kept, held.missing, held.known)
        typer.echo(document_text("Release", document, output))
        return
    state = f"store {held.store}: " + ("complete" if held.index else "not complete")
    parts = {"in the store": held.index.artifacts} if held.index else {"missing": held.missing}
    typer.echo(release_text(held.release, parts, state, held.known, line_width(sys.stdout)))


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
    files: Annotated[list[Path], typer.Argument(help="Bundles, locked files, or a tarball with an interpreter.")],
    *,
    store: o.Store = None,
) -> None:
    """Verify files that were copied by hand, and put them into the store."""
    from fatecloud.workflow.release import import_files, open_store  # noqa: PLC0415 - keeps --help fast

    import_files(files, open_store(store), typer.echo)


@app.command()
def verify(*, output: o.Format = o.TABLE, store: o.Store = None) -> None:
    """Hash every file in the store again, and remove damaged ones."""
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.release import verification_document  # noqa: PLC0415
    from fatecloud.workflow.release import open_store, verify_store  # noqa: PLC0415

    opened = open_store(store)
    found = verify_store(opened, typer.echo if output is o.TABLE else lambda _: None)
    if output is not o.TABLE:
        document = verification_document(str(opened.root), found.verified, found.removed)
        typer.echo(document_text("StoreVerification", document, output))
    found.require_whole()
    if output is o.TABLE:
        typer.echo(f"{found.verified} files match their hashes")


@app.command()
def bundle(
    name: _Name,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; default: NAME.fatecloud.tar.")
    ] = None,
    store: o.Store = None,
) -> None:
    """Write a release into one file, for a controller that cannot reach a registry."""
    from fatecloud.report.fetching import megabytes  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.release import bundle_release, open_store  # noqa: PLC0415

    target = output or Path(f"{name}.fatecloud.tar")
    typer.echo(f"{target}: {megabytes(bundle_release(name, open_store(store), target))}")
