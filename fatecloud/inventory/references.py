"""References to secrets: an inventory never has a secret itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fatecloud.inventory.document import Scalar, Table, Value
from fatecloud.inventory.kinds import BAD, Reader
from fatecloud.inventory.sections import Field, Section
from fatecloud.inventory.words import SECRET_NAME
from fatecloud.model.passwords import Prompt, SecretRef


@dataclass(frozen=True, slots=True)
class Reference(Section):
    """`{secret: NAME}`, never the secret itself."""

    def read(self, value: Value, reader: Reader, path: str) -> Any:
        """A dict with the name. A wrong value is not repeated in the problem, because it may be the secret."""
        if isinstance(value, Table):
            return Section.read(self, value, reader, path)
        reader.problems.add(value.mark, f"{path.rpartition('.')[2]} is not a reference", f"{self.what}, not the value")
        return BAD


@dataclass(frozen=True, slots=True)
class PasswordKind:
    """`{secret: NAME}`, or `prompt`; never the password itself."""

    what: str = "{secret: NAME} or prompt, never the password itself"

    def read(self, value: Value, reader: Reader, path: str) -> Any:
        """A SecretRef or a Prompt. A wrong value is not repeated in the problem, because it may be a password."""
        if isinstance(value, Scalar) and value.text == "prompt":
            return Prompt()
        if isinstance(value, Table):
            read = SECRET.read(value, reader, path)
            return read if read is BAD or "secret" not in read else SecretRef(read["secret"])
        reader.problems.add(value.mark, f"{path.rpartition('.')[2]} is not a reference", self.what)
        return BAD

    def schema(self) -> dict[str, Any]:
        """Either form."""
        return {"anyOf": [{"const": "prompt"}, SECRET.schema()]}


SECRET = Reference(
    "{secret: NAME}", {"secret": Field(SECRET_NAME, "Name of a secret in the secrets file.", required=True)}
)
PASSWORD = PasswordKind()
