"""`check --export`: writes what this side saw for the partner's operators, with pseudonyms, bounded and signed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fatecloud import __version__
from fatecloud.atomic import write_private
from fatecloud.checks.disguised import disguised
from fatecloud.checks.one_side import one_side
from fatecloud.checks.private_names import private_names, public_places
from fatecloud.errors import NoMatch, SecretsError, UsageError
from fatecloud.model.cluster import Cluster
from fatecloud.model.desired import Desired
from fatecloud.model.export import LARGEST, LEAST_FIRST, Export, without_last
from fatecloud.model.finding import Report
from fatecloud.model.observed import Observed
from fatecloud.report.export import export_document, export_text, signed_part
from fatecloud.signing.keys import SigningKey
from fatecloud.signing.sshsig import EXPORT, signed
from fatecloud.state.pseudonyms import kept_pseudonyms
from fatecloud.vault.signing_keys import signing_key
from fatecloud.workflow.secrets import SecretsFiles, open_vault
from fatecloud.workflow.session import Session


@dataclass(slots=True)
class Exporter:
    """What an export needs besides the check; made before the nodes are read, so that nothing is asked in vain."""

    session: Session
    partner: str
    key: SigningKey
    target: Path
    text: str = ""
    """A line for people, once the file is written."""

    def __call__(self, desired: Desired, observed: Observed, report: Report) -> None:
        """Write the file.

        Args:
            observed: without secrets.
            report: of the whole cluster, without mutes.

        Raises:
            UsageError, InputError: a file cannot be written, or the private map cannot be read.
        """
        seen = one_side(desired, observed, report, self.partner, __version__)
        with kept_pseudonyms(self.session.state) as pseudonyms:
            for pseudonym, name in public_places(desired, self.partner):
                pseudonyms.same(pseudonym, name)
            pseudonyms.know(private_names(desired, observed, self.partner))
            export = disguised(seen, pseudonyms, self.session.redact)
        text, fitting = _signed(export, self.key)
        write_private(self.target, text, replace=True)
        less = "".join(f"; left out: {number} {section}" for section, number in fitting.left_out.items())
        signer = self.key.public.fingerprint
        self.text = f"{self.target}: for party {self.partner}, {len(text):,} bytes, signed by {signer}{less}"


def exporter(session: Session, target: Path, partner: str | None) -> Exporter:
    """Who writes an export for a partner.

    Args:
        target: the file.
        partner: None for the only peer.

    Raises:
        UsageError: it is not said for whom.
        NoMatch: there is no such party, or no party of this inventory besides it.
        SecretsError: there is no key to sign with.
    """
    chosen = _partner(session.cluster, partner)
    options = session.options
    files = SecretsFiles(options.inventory, options.secrets, options.vault_password_file)
    key = signing_key(open_vault(files, prompt=session.vault.ask).read())
    if key is None:
        raise SecretsError(f"{files.vault}: has no signing key yet", remedy="fatecloud secrets init")
    if not target.absolute().parent.is_dir():
        raise UsageError(f"cannot write {target}: there is no such directory")
    return Exporter(session, chosen, key, target)


def _partner(cluster: Cluster, wanted: str | None) -> str:
    known = (*cluster.peers, *cluster.parties)
    if wanted is None:
        if len(cluster.peers) != 1:
            choices = ", ".join(known) or "none"
            raise UsageError("an export is for one partner", remedy=f"name it with --for PARTY, one of: {choices}")
        return next(iter(cluster.peers))
    if wanted not in known:
        raise NoMatch(f"party {wanted} is not known here", remedy=f"--for is one of: {', '.join(known)}")
    if not set(cluster.parties) - {wanted}:
        raise NoMatch(f"this inventory has no party besides {wanted}, so there is nothing to export for it")
    return wanted


def _signed(export: Export, key: SigningKey) -> tuple[bytes, Export]:
    """The file with as much as its size allows, and what is in it."""
    while True:
        document = export_document(export)
        text = export_text(document, signed(signed_part(document), EXPORT, key)).encode()
        section = next((name for name in LEAST_FIRST if getattr(export, name)), None)
        if len(text) <= LARGEST or section is None:
            return text, export
        export = without_last(export, section)
