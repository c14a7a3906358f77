"""Files of services before they are on their nodes: preflight asks external services with the logins in them."""

from __future__ import annotations

from fatecloud.errors import SecretsError
from fatecloud.model.desired import DesiredService
from fatecloud.render.files import render_specs
from fatecloud.render.placeholders import UnknownSecretError, fill
from fatecloud.shipped import folder
from fatecloud.workflow.needed_secrets import values_on_nodes
from fatecloud.workflow.preflight import TextOf
from fatecloud.workflow.session import Session


def texts(session: Session) -> TextOf:
    """The text that a file of a service will have, secrets included.

    It raises SecretsError where the vault cannot be opened or lacks one of them.
    """

    def text_of(service: DesiredService, path: str) -> str:
        specs = [spec for spec in service.specs if spec.path == path]
        (file,) = render_specs(specs, service.id.key, folder("templates"))
        try:
            return fill(file.text, values_on_nodes(session.resolved, session.vault.secrets))
        except UnknownSecretError as error:
            name = error.args[0]
            raise SecretsError(f"secret {name} has no value", remedy=f"fatecloud secrets init --set {name}") from None

    return text_of
